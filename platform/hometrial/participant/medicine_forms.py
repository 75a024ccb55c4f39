"""Forms with which people tell of the medicines that they take besides the study's."""

from datetime import date

from flask_babel import gettext, lazy_gettext
from wtforms import RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from hometrial.models import Medication
from hometrial.participant import dates_told
from hometrial.participant.dose_forms import TOO_LONG, DayField, SentOnceForm
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.services.dosing.medicating import Told

_ONE = [InputRequired(lazy_gettext("Please choose one."))]
AS_IT_WAS = "as it was"


class MedicineForm(SentOnceForm):
    """A medicine as it is told."""

    name = StringField(
        lazy_gettext("What is it called?"),
        validators=[
            DataRequired(lazy_gettext("Please write its name, as it stands on the package.")),
            Length(max=200, message=TOO_LONG),
        ],
    )
    indication = StringField(
        lazy_gettext("What is it for? (if you like)"),
        validators=[Length(max=200, message=TOO_LONG)],
    )
    began = RadioField(lazy_gettext("Since when do you take it?"), validators=_ONE)
    began_day = DayField(lazy_gettext("The day"), validators=[Optional()])
    began_month = SelectField(lazy_gettext("The month"), validators=[Optional()])
    still = RadioField(
        lazy_gettext("Do you still take it?"),
        choices=[
            SelectChoice("yes", lazy_gettext("Yes, or now and then")),
            SelectChoice("no", lazy_gettext("No")),
        ],
        validators=_ONE,
    )
    ended = RadioField(lazy_gettext("If not: when did you take it last?"), validators=[Optional()])
    ended_day = DayField(lazy_gettext("The day"), validators=[Optional()])
    ended_month = SelectField(lazy_gettext("The month"), validators=[Optional()])

    def offer(self, today: date, kept: Medication | None = None) -> None:
        """Offer the ways of telling dates; of what is corrected also as it was told."""
        for name in ("began", "ended"):
            dates_told.offer(self, name, today, long_ago=True)
        if kept is not None and kept.began is not None:
            self.began.choices = [(AS_IT_WAS, gettext("As I told it before")), *self.began.choices]
        if kept is not None and kept.ended is not None:
            self.ended.choices = [(AS_IT_WAS, gettext("As I told it before")), *self.ended.choices]

    def show(self, kept: Medication) -> None:
        """Show a medicine as it was told."""
        self.name.data, self.indication.data = kept.name, kept.indication
        self.began.data = AS_IT_WAS if kept.began is not None else None
        self.still.data = "yes" if kept.ended is None else "no"
        self.ended.data = AS_IT_WAS if kept.ended is not None else None

    def told(self, today: date, kept: Medication | None = None) -> Told | None:
        """Return what is told; None if something is missing, with the reason at its field."""
        began = self._date("began", today, None if kept is None else kept.began)
        ended = None
        if self.still.data == "no":
            if not self.ended.data:
                self.ended.errors = [gettext("Please choose one.")]
            ended = self._date("ended", today, None if kept is None else kept.ended)
            if began and ended and CoarseDate.of(ended).last < CoarseDate.of(began).first:
                self.ended.errors = [gettext("That is before you began to take it.")]
        if any(field.errors for field in self):
            return None
        same = {} if kept is None else {"dose": kept.dose, "route": kept.route}
        return Told(
            self.name.data.strip(),
            indication=(self.indication.data or "").strip(),
            began=began,
            ended=ended,
            **same,
        )

    def _date(self, name: str, today: date, kept: str | None) -> str | None:
        return kept if self[name].data == AS_IT_WAS else dates_told.told(self, name, today)


class CorrectionForm(MedicineForm):
    """A medicine as it really was, and why that is told anew."""

    why = StringField(
        lazy_gettext("Why is it changed? (if you like)"),
        validators=[Length(max=200, message=TOO_LONG)],
    )


class StopForm(SentOnceForm):
    """When a medicine was taken last."""

    ended = RadioField(lazy_gettext("When did you take it last?"), validators=_ONE)
    ended_day = DayField(lazy_gettext("The day"), validators=[Optional()])
    ended_month = SelectField(lazy_gettext("The month"), validators=[Optional()])

    def offer(self, today: date) -> None:
        """Offer the ways of telling the date."""
        dates_told.offer(self, "ended", today, long_ago=True)

    def told(self, today: date, kept: Medication) -> Told | None:
        """Return the medicine with its end; None if something is missing, with the reason at its field."""
        ended = dates_told.told(self, "ended", today)
        if ended and kept.began and CoarseDate.of(ended).last < CoarseDate.of(kept.began).first:
            self.ended.errors = [gettext("That is before you began to take it.")]
        if any(field.errors for field in self):
            return None
        return Told(kept.name, kept.dose, kept.route, kept.indication, kept.began, ended)
