"""The forms of somebody's way into the trial."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import Number, Variable, YesNo
from hometrial.rules import Answer

PREFIX = "answer-"
SOURCES = [
    SelectChoice("staff", "this site's staff"),
    SelectChoice("participant", "the person"),
    SelectChoice("laboratory", "a laboratory"),
    SelectChoice("document", "a document"),
]


def _is_zone(_form: FlaskForm, field: Field) -> None:
    if field.data not in available_timezones():
        raise ValidationError(
            f"{field.data!r} is no time zone; choose one of the list, such as Europe/Berlin."
        )


class StartForm(FlaskForm):  # type: ignore[misc]
    """Whom a screening is opened for: under which trial, at which site, in which zone."""

    trial = SelectField("Trial", validators=[InputRequired("Choose the trial.")])
    site = SelectField("Site", validators=[InputRequired("Choose who looks after the person.")])
    zone = StringField(
        "Time zone that the person lives in",
        validators=[InputRequired("Their days cannot be told without a time zone."), _is_zone],
    )


class AnswersForm(FlaskForm):  # type: ignore[misc]
    """Answers of a screening; the answers themselves are named by their variables."""

    source = RadioField(
        "Who or what these answers come from",
        choices=SOURCES,
        validators=[InputRequired("Say who or what these answers come from.")],
    )
    because = TextAreaField(
        "Why an earlier answer is corrected", validators=[Optional(), Length(max=2000)]
    )


class DecideForm(FlaskForm):  # type: ignore[misc]
    """A decision by the protocol's rules: nothing is typed."""


class DeclineForm(FlaskForm):  # type: ignore[misc]
    """That the person does not want to take part."""

    reason = TextAreaField(
        "Why, as the person told it",
        validators=[InputRequired("Say why; 'no reason given' is one."), Length(max=2000)],
    )


class ContactForm(FlaskForm):  # type: ignore[misc]
    """How a person is reached; kept encrypted. What is left empty stays as it is on record."""

    name = StringField("Name", validators=[Optional(), Length(max=200)])
    email = EmailField("E-mail address", validators=[Optional(), Length(max=254)])
    phone = TelField("Phone number", validators=[Optional(), Length(max=40)])

    @property
    def given(self) -> dict[str, str]:
        """What was typed."""
        typed = {field: str(self[field].data or "").strip() for field in ("name", "email", "phone")}
        return {field: value for field, value in typed.items() if value}


class InviteForm(FlaskForm):  # type: ignore[misc]
    """A link that opens the person's page once."""

    days = IntegerField(
        "Days that it opens the page",
        validators=[InputRequired("Say for how many days."), NumberRange(1, 30, "1 to 30 days.")],
        default=7,
    )


class AllocateForm(FlaskForm):  # type: ignore[misc]
    """That an arm is drawn now."""

    sure = BooleanField(
        "The arm is drawn now; there is no preview and no undo",
        validators=[InputRequired("Tick it: an arm that was drawn stays.")],
    )


@dataclass(frozen=True)
class Typed:
    """What was typed into a screening: the answers that can be kept, and what cannot, by variable."""

    answers: dict[str, Answer | None]
    faults: dict[str, str]
    raw: dict[str, str]


def typed(
    protocol: Protocol, form: MultiDict[str, str], known: Mapping[str, Answer | None]
) -> Typed:
    """Read the answers of a screening; empty: unknown, kept only where something was known before."""
    answers: dict[str, Answer | None] = {}
    faults, raw = {}, {}
    for variable in protocol.variables:
        said = form.get(PREFIX + variable.id)
        if said is None:
            continue
        raw[variable.id] = said
        value = _value(variable, said.strip())
        problem = None if value is None else variable.refusal(value)
        if problem is not None:
            faults[variable.id] = (
                f"{said} {problem}; correct it, or leave it empty while it is unknown."
            )
        elif value is not None or known.get(variable.id) is not None:
            answers[variable.id] = value
    return Typed(answers, faults, raw)


def _value(variable: Variable, said: str) -> Answer | None:
    """Return an answer; what is no number stays a word, which its variable refuses."""
    if said == "":
        return None
    if isinstance(variable, YesNo):
        return {"yes": True, "no": False}.get(said, said)
    if isinstance(variable, Number):
        try:
            return int(said) if said.lstrip("+-").isdecimal() else float(said)
        except ValueError:
            return said
    return said
