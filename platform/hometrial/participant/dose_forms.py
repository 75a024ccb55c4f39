"""Forms with which people tell of their doses; each carries the key that makes it one however often it is sent."""

from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import uuid4

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import DateField, DecimalField, HiddenField, RadioField, StringField, TimeField
from wtforms.fields import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, Regexp

from hometrial.participant import doses
from hometrial.protocol.dosing.events import Intake, Reason

TOO_LONG = lazy_gettext("Please write less here.")
_KEY = [DataRequired(), Regexp(r"^[0-9a-f-]{36}$")]


class ClockField(TimeField):  # type: ignore[misc]  # the library has no types
    """A time of day, refused in the reader's language."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed. Raises ValueError of what is no time."""
        if not "".join(valuelist).strip():
            return
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("Please choose a time, such as 21:30.")) from error


class DayField(DateField):  # type: ignore[misc]  # the library has no types
    """A day, refused in the reader's language."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed. Raises ValueError of what is no day."""
        if not "".join(valuelist).strip():
            return
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(gettext("Please give the day.")) from error


class SentOnceForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A form that is recorded once, however often it is sent."""

    key = HiddenField(validators=_KEY)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        if not self.is_submitted():
            self.key.data = str(uuid4())


class TapForm(SentOnceForm):
    """One tap: taken as the page showed it."""

    mg = DecimalField(validators=[InputRequired()])


class TimeForm(SentOnceForm):
    """Taken as ordered, at a time that is over."""

    at = ClockField(
        lazy_gettext("At what time?"),
        validators=[InputRequired(lazy_gettext("Please choose a time, such as 21:30."))],
    )


class _Amount:
    """What forms with an amount share."""

    mg: Any

    @property
    def mg_told(self) -> Decimal | None:
        """The milligrams as they were typed, with a comma or a point."""
        try:
            found = Decimal((self.mg.data or "").strip().replace(",", "."))
        except InvalidOperation:
            return None
        return found if found.is_finite() and found > 0 else None

    def is_within(self, most: Decimal) -> bool:
        """Say whether the amount can be noted here, and if not, why at its field."""
        told = self.mg_told
        if told is None:
            self.mg.errors = [gettext("Please write how many milligrams, such as 1.5.")]
        elif told > most:
            self.mg.errors = [
                gettext(
                    "That is more than this page can note. If it is right, call the team now: they help you, "
                    "and note it."
                )
            ]
        return told is not None and told <= most


class AmountForm(_Amount, SentOnceForm):
    """Another amount than ordered, at a time if that is known."""

    mg = StringField(
        lazy_gettext("How many milligrams (mg)?"), validators=[Length(max=10, message=TOO_LONG)]
    )
    at = ClockField(lazy_gettext("At what time? (if you know)"), validators=[Optional()])


class MissedForm(SentOnceForm):
    """Not taken, and why."""

    reason = RadioField(
        lazy_gettext("What was the reason?"),
        validators=[InputRequired(lazy_gettext("Please choose one; the last is fine, too."))],
    )

    def offer(self, known: Collection[str]) -> None:
        """Offer the reasons that the protocol knows; what it does not know is another reason, in words."""
        offered = (
            (Reason.SIDE_EFFECT, gettext("A side effect")),
            (Reason.FORGOT, gettext("I forgot")),
            (Reason.CRASH, gettext("I was too ill")),
            (Reason.RAN_OUT, gettext("Nothing is left")),
            (Reason.SURGERY_OR_OPIOID, gettext("An operation, or another medicine")),
            (Reason.CHOICE, gettext("I decided so")),
        )
        self.reason.choices = [
            (each.value, label)
            for each, label in offered
            if each.value in known or each is Reason.CRASH
        ]
        self.reason.choices += [
            (Reason.OTHER.value, gettext("Another reason")),
            ("untold", gettext("I prefer not to say")),
        ]
        self._known = frozenset(known)

    @property
    def said(self) -> tuple[Reason, str]:
        """The reason that is recorded, and words beside it if it does not say all."""
        if self.reason.data == "untold":
            return Reason.OTHER, "prefers not to say"
        reason = Reason(self.reason.data)
        if reason.value not in self._known:
            return Reason.OTHER, "too ill"
        return reason, ""


class ChangeForm(_Amount, FlaskForm):  # type: ignore[misc]  # the library has no types
    """What a dose that was told of really was."""

    what = RadioField(
        lazy_gettext("What is right?"),
        choices=[
            SelectChoice("taken", lazy_gettext("I took it, as I write below")),
            SelectChoice("missed", lazy_gettext("I did not take it")),
            SelectChoice("never", lazy_gettext("I have not taken it yet; take the note away")),
        ],
        validators=[InputRequired(lazy_gettext("Please choose one."))],
    )
    mg = StringField(
        lazy_gettext("How many milligrams (mg)?"), validators=[Length(max=10, message=TOO_LONG)]
    )
    at = ClockField(lazy_gettext("At what time? (if you know)"), validators=[Optional()])
    why = StringField(
        lazy_gettext("Why is it changed? (if you like)"),
        validators=[Length(max=200, message=TOO_LONG)],
    )

    def show(self, intake: Intake) -> None:
        """Show the dose as it was told, but not what is right: that is chosen."""
        self.mg.data = "" if intake.mg is None else doses.amount(intake.mg)
        self.at.data = None if intake.taken_at is None else intake.taken_at.time()
