"""Forms about safety: what is told and judged of an event, alerts, deviations; what was typed stays when it is refused."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Field,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError
from wtforms.widgets import CheckboxInput, HiddenInput, ListWidget

from hometrial.errors import TrialError
from hometrial.protocol.safety import causality, clocks, details, vocabulary

LONGEST = 2_000
_LONG, _SHORT = Length(max=LONGEST), Length(max=200)
_NEXT = re.compile(r"; (?=[a-z_]+: )")
"""Between two sentences of a refusal, each of which begins with its field."""
_ANSWERS = {"yes": True, "no": False}


def pairs(*options: tuple[str, str]) -> list[SelectChoice]:
    """Return the options of a choice, each with its words."""
    return [SelectChoice(value, words) for value, words in options]


def _spaces_off(text: str | None) -> str | None:
    return (text or "").strip() or None


def says_something(_form: FlaskForm, field: Field) -> None:
    """Refuse a field of nothing but spaces."""
    if not (field.data or "").strip():
        raise ValidationError("Say why: it is kept beside the record and in the audit trail.")


def reason(label: str) -> TextAreaField:
    """Return the field that every decision has."""
    return TextAreaField(
        label,
        validators=[
            InputRequired("Say why: it is kept beside the record and in the audit trail."),
            Length(max=LONGEST, message=f"Say it in {LONGEST} characters at most."),
            says_something,
        ],
    )


def choices(words: Iterable[str], none: str | None = "not said") -> list[SelectChoice]:
    """Return the options of a choice in plain words; `none`: what it says if it is left open, None: it may not be."""
    open_ = [] if none is None else [("", none)]
    return pairs(*open_, *((each, each.replace("_", " ")) for each in words))


def _yes_no(label: str, none: str = "not said") -> SelectField:
    return SelectField(label, choices=choices(("yes", "no"), none))


def _terms() -> list[SelectChoice]:
    terms = sorted(vocabulary.shipped().terms, key=lambda each: each.label["en"])
    return pairs(("", "none of ours fits"), *((each.id, each.label["en"]) for each in terms))


class Criteria(SelectMultipleField):  # type: ignore[misc]
    """The criteria of seriousness, a box each."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _criteria(label: str) -> Criteria:
    return Criteria(
        label,
        choices=choices(details.CRITERIA, None),
        validate_choice=True,
    )


class SafetyForm(FlaskForm):  # type: ignore[misc]
    """A form whose refusals stand beside the field that they name."""

    def refuse(self, error: TrialError) -> None:
        """Show what a service said: each sentence beside the field that it begins with, else above the form."""
        for said in _NEXT.split(str(error)):
            name, _, rest = said.partition(": ")
            field = self._fields.get(name)
            if field is None:
                self.form_errors.append(said)
            else:
                field.errors = [*field.errors, rest]

    def fill(self, known: Mapping[str, Any]) -> None:
        """Put into the fields what is known, where nothing was typed yet."""
        if self.is_submitted():
            return
        for name, value in known.items():
            field = self._fields.get(name)
            if field is not None:
                field.data = value if isinstance(field, BooleanField) else _shown(value)


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return ""
    return list(value) if isinstance(value, tuple) else value


class EventForm(SafetyForm):
    """What is told of an event, and what makes it serious; judged is it elsewhere."""

    verbatim = TextAreaField("What happened, in the person's own words", validators=[_LONG])
    term = SelectField("Which of our terms it is", choices=_terms)
    severity = SelectField("How bad, in the person's word", choices=choices(details.SEVERITIES))
    start = StringField("Since when", validators=[_SHORT])
    start_time = StringField("At what time", validators=[_SHORT])
    stop = StringField("Until when", validators=[_SHORT])
    ongoing = _yes_no("Does it go on")
    done = StringField("What the person did about it", validators=[_LONG])
    serious = _criteria("What makes it serious")
    pregnancy = _yes_no("Is it about a pregnancy", none="no")
    action = SelectField("What was done with the drug", choices=choices(details.ACTIONS))
    treatment = StringField("What it was treated with", validators=[_LONG])
    outcome = SelectField("How it ended", choices=choices(details.OUTCOMES))
    pem_related = _yes_no("Is it post-exertional malaise")
    source = SelectField(
        "How it came to us",
        choices=choices(("contact", "visit", "checklist", "laboratory", "other"), None),
    )
    learned = DateTimeLocalField(
        "When anybody of the study first learned of it", validators=[Optional()]
    )

    def said(self) -> dict[str, Any]:
        """Return the fields of the event by their names."""
        told: dict[str, Any] = {
            name: _spaces_off(getattr(self, name).data)
            for name in ("term", "severity", "start", "start_time", "stop", "done", "action", "treatment", "outcome")
        }  # fmt: skip
        for name in ("ongoing", "pem_related"):
            told[name] = _ANSWERS.get(getattr(self, name).data)
        told["verbatim"] = (self.verbatim.data or "").strip()
        told["pregnancy"] = self.pregnancy.data == "yes"
        told["serious"] = tuple(self.serious.data or ()) or None
        return told


class AmendForm(EventForm):
    """A newer version of what is told; `seen` is the version that was on the screen."""

    seen = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    because = reason("Why it is changed")


def _naranjo(each: causality.Question) -> SelectField:
    return SelectField(each.text, choices=choices(("yes", "no"), "unknown"))


class JudgeForm(SafetyForm):
    """What an investigator judges: grade, seriousness, cause, expectedness."""

    grade = SelectField(
        "Grade, relative to what is usual for this person",
        choices=choices(map(str, vocabulary.GRADES), "not judged"),
    )
    serious = _criteria("Criteria of seriousness that are met")
    not_serious = BooleanField("None of them: it is not serious")
    related = _yes_no("Is there a reasonable possibility that the drug did it", none="not judged")
    who_umc = SelectField("WHO-UMC class", choices=choices(causality.WHO_UMC, "not judged"))
    expected = SelectField(
        "Is it expected of the drug",
        choices=pairs(
            ("", "as the list says"), ("yes", "yes, in my judgement"), ("no", "no, in my judgement")
        ),
    )
    dechallenge = SelectField("Better off the drug", choices=choices(details.CHALLENGES))
    rechallenge = SelectField("Back with the drug", choices=choices(details.CHALLENGES))
    hys_law = _yes_no("Liver injury by Hy's law", none="not judged")
    learned = DateTimeLocalField(
        "When anybody of the study first learned what makes it serious", validators=[Optional()]
    )
    seen = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    because = reason("On what this judgement rests")

    @property
    def naranjo(self) -> list[Field]:
        """The questions of the scale."""
        return [self._fields[f"naranjo_{each.id}"] for each in causality.scale().questions]

    def validate_not_serious(self, field: BooleanField) -> None:
        """Refuse a criterion beside the word that there is none."""
        if field.data and self.serious.data:
            raise ValidationError("A criterion is ticked as well; leave one of them out.")

    def said(self) -> dict[str, Any]:
        """Return the fields of the event by their names."""
        told: dict[str, Any] = {
            name: _spaces_off(getattr(self, name).data)
            for name in ("who_umc", "dechallenge", "rechallenge")
        }
        told["grade"] = int(self.grade.data) if self.grade.data else None
        for name in ("related", "expected", "hys_law"):
            told[name] = _ANSWERS.get(getattr(self, name).data)
        told["serious"] = () if self.not_serious.data else tuple(self.serious.data or ()) or None
        told["naranjo"] = {
            field.name.removeprefix("naranjo_"): field.data for field in self.naranjo if field.data
        } or None
        return told


for _each in causality.scale().questions:
    setattr(JudgeForm, f"naranjo_{_each.id}", _naranjo(_each))


class BaselineForm(SafetyForm):
    """How bad a symptom was in the run-in."""

    term = SelectField("Symptom", choices=_terms, validators=[InputRequired("Choose a symptom.")])
    grade = SelectField(
        "Grade in the run-in",
        choices=pairs(("0", "0, not there"), *((n, n) for n in "1234")),
    )
    because = reason("Where it is known from, or why it is corrected")


class SentForm(SafetyForm):
    """A report was sent."""

    clock = SelectField(
        "Which report",
        choices=lambda: pairs(*((each.id, each.text) for each in clocks.shipped().clocks)),
    )
    sent = DateTimeLocalField("When it was sent", validators=[Optional()])
    reference = StringField(
        "Where it is found",
        validators=[
            InputRequired("Say where the report is found, as the number of a letter."),
            _SHORT,
        ],
    )


class HandleForm(SafetyForm):
    """Something was done about an alert."""

    action = TextAreaField(
        "What was done", validators=[InputRequired("Say what was done."), _LONG, says_something]
    )


class CloseForm(SafetyForm):
    """An alert needs nobody any more."""

    action = TextAreaField("What was done, if anything was", validators=[_LONG])
    because = reason("What was decided, and why nobody is needed any more")


class AcknowledgeForm(SafetyForm):
    """Somebody has seen an alert and answers for it."""


class CodingForm(SafetyForm):
    """A licensed coder's coding of one event."""

    llt_code = StringField("LLT code", validators=[InputRequired("Give the LLT code."), _SHORT])
    pt_code = StringField("PT code", validators=[InputRequired("Give the PT code."), _SHORT])
    pt_name = StringField(
        "Preferred term", validators=[InputRequired("Give the preferred term."), _SHORT]
    )
    soc_name = StringField(
        "System organ class", validators=[InputRequired("Give the class."), _SHORT]
    )
    meddra_version = StringField(
        "MedDRA version", validators=[InputRequired("Give the version."), _SHORT]
    )


class CodingFileForm(SafetyForm):
    """A coder's file."""

    file = FileField("CSV file", validators=[FileRequired("Choose the coder's file.")])
