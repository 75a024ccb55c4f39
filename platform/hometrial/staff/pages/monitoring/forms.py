"""Forms of monitors and of investigators who endorse."""

from wtforms import DateField, Field, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from hometrial.models import VERIFIABLE
from hometrial.staff.pages.safety.forms import LONGEST, SafetyForm, reason

_LONG = Length(max=20_000, message="Say it in 20,000 characters at most.")


class MarksForm(SafetyForm):
    """Values that were held against their source; which, stands in the boxes of the page."""

    note = StringField("Against which source", validators=[Length(max=LONGEST)])


class MarkForm(SafetyForm):
    """Parts of one value that were held against their source."""

    kind = HiddenField(validators=[InputRequired()])
    key = HiddenField(validators=[InputRequired()])
    digest = HiddenField(validators=[InputRequired()])
    note = StringField("Against which source", validators=[Length(max=LONGEST)])


class PlanForm(SafetyForm):
    """Which share of each kind is verified."""

    because = reason("Why these shares")

    @property
    def shares(self) -> list[Field]:
        """The field of each kind."""
        return [self._fields[each] for each in VERIFIABLE]


for _kind in VERIFIABLE:
    _share = IntegerField(
        _kind.replace("_", " "),
        validators=[InputRequired("Give a percentage."), NumberRange(0, 100, "Give 0 to 100.")],
    )
    setattr(PlanForm, _kind, _share)


class VisitForm(SafetyForm):
    """A monitor's report."""

    visited_on = DateField("Day of the visit", validators=[InputRequired("Give the day.")])
    since = DateField("What happened since", validators=[InputRequired("Give the day.")])
    summary = TextAreaField("What was seen, and what you make of it", validators=[_LONG])
    follow_ups = TextAreaField(
        "What is to be done until the next visit, by whom", validators=[_LONG]
    )


class SignForm(SafetyForm):
    """A signature; the fresh proof was given before."""

    meaning = HiddenField(validators=[InputRequired()])


class EndorseForm(SafetyForm):
    """What an investigator's signature says."""

    meaning = StringField(
        "What your signature says",
        validators=[InputRequired("Say what the signature means."), Length(max=LONGEST)],
    )


class ReviewForm(SafetyForm):
    """What is made of what the filters of risk found."""

    note = reason("What you looked at, and what you make of it")


__all__ = [
    "EndorseForm",
    "MarkForm",
    "MarksForm",
    "PlanForm",
    "ReviewForm",
    "SignForm",
    "VisitForm",
]
