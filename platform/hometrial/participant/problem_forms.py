"""Forms with which people report a problem, and say later how it goes."""

from datetime import date
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from hometrial.participant import dates_told
from hometrial.participant.dose_forms import TOO_LONG, DayField, SentOnceForm
from hometrial.participant.looks import current
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.model import Protocol
from hometrial.protocol.safety import vocabulary
from hometrial.protocol.safety.details import Details
from hometrial.questionnaires import loading

OTHER = "other"
PREGNANT = "pregnant"
_CHECKLIST = "side_effects"
AT_ONCE = {
    "allergic_reaction": lazy_gettext(
        "Swollen face or tongue, trouble breathing, or hives all over"
    ),
    "suicidal_thoughts": lazy_gettext("Thoughts of ending my life"),
    "liver_tests_up": lazy_gettext("Yellow eyes or skin, or dark urine"),
    PREGNANT: lazy_gettext("I am pregnant, or may be"),
}
"""What must be known at once, by the term of the vocabulary that alerts."""
HOW_BAD = (
    SelectChoice("mild", lazy_gettext("I notice it, and do all that I usually do")),
    SelectChoice("moderate", lazy_gettext("I do less than I usually do")),
    SelectChoice(
        "severe", lazy_gettext("I can hardly do anything; I need help to wash, dress or eat")
    ),
    SelectChoice("danger", lazy_gettext("My life is in danger")),
)
CARE = (
    SelectChoice("none", lazy_gettext("No")),
    SelectChoice("doctor", lazy_gettext("I spoke with a doctor, or saw one")),
    SelectChoice("emergency", lazy_gettext("I was at a hospital, but not overnight")),
    SelectChoice("overnight", lazy_gettext("I was in hospital overnight, or still am")),
)
_CARE_SAID = {"none": "", "doctor": "saw a doctor", "emergency": "at a hospital, not overnight", "overnight": "in hospital overnight"}  # fmt: skip
_ONE = [InputRequired(lazy_gettext("Please choose one."))]
_SERIOUS = {"danger": "life_threatening", "overnight": "hospitalisation"}


class ProblemForm(SentOnceForm):
    """A problem as it is told; of what must be known at once nothing else need be there."""

    words = StringField(
        lazy_gettext("In your own words (if you like)"),
        validators=[Length(max=500, message=TOO_LONG)],
    )
    severity = RadioField(
        lazy_gettext("How bad is it at its worst?"), choices=list(HOW_BAD), validators=_ONE
    )
    since = RadioField(lazy_gettext("Since when?"), validators=_ONE)
    since_day = DayField(lazy_gettext("The day"), validators=[Optional()])
    since_month = SelectField(lazy_gettext("The month"), validators=[Optional()])
    still = RadioField(
        lazy_gettext("Is it still there?"),
        choices=[
            SelectChoice("yes", lazy_gettext("Yes")),
            SelectChoice("no", lazy_gettext("No, it is over")),
        ],
        validators=_ONE,
    )
    care = RadioField(
        lazy_gettext("Did you go to a doctor or a hospital because of it?"),
        choices=list(CARE),
        validators=_ONE,
    )
    took = StringField(
        lazy_gettext("Did you take a medicine for it? Which?"),
        validators=[Length(max=200, message=TOO_LONG)],
    )
    call = BooleanField(lazy_gettext("Please call me about it"))

    def about(self, what: str, today: date) -> None:
        """Ask about one problem on a day."""
        self.what = what
        dates_told.offer(self, "since", today, long_ago=False)
        if what in AT_ONCE:
            for name in ("severity", "since", "still", "care"):
                self[name].validators = [Optional()]

    def details(self, today: date, named: str) -> Details | None:
        """Return what is told; None if something is missing, with the reason at its field."""
        start = dates_told.told(self, "since", today)
        words = (self.words.data or "").strip()
        if self.what == OTHER and not words:
            self.words.errors = [gettext("Please say in a few words what it is.")]
        if self.errors_there():
            return None
        return Details(
            verbatim=words or named,
            term=None if self.what in (OTHER, PREGNANT) else self.what,
            start=start,
            ongoing={"yes": True, "no": False}.get(self.still.data or ""),
            severity="severe" if self.severity.data == "danger" else self.severity.data or None,
            serious=serious(self.severity.data, self.care.data),
            treatment=treatment(self.care.data, self.took.data or ""),
            pregnancy=self.what == PREGNANT,
        )

    def errors_there(self) -> bool:
        """Say whether a field has a reason beside it."""
        return any(field.errors for field in self)


def serious(severity: str | None, care: str | None) -> tuple[str, ...] | None:
    """Return the criteria of seriousness that are told; None if none is: then nobody has judged."""
    found = tuple(_SERIOUS[each] for each in (severity, care) if each in _SERIOUS)
    return found or None


def treatment(care: str | None, took: str) -> str | None:
    """Return what was done, as the record keeps it."""
    parts = [_CARE_SAID.get(care or "", ""), f"took: {took.strip()}" if took.strip() else ""]
    return "; ".join(each for each in parts if each) or None


def checklist(protocol: Protocol | None) -> list[tuple[str, str]]:
    """Return the symptoms that the protocol asks for, in its own words; ours, if it has no checklist."""
    language = current().language
    terms = {each.id: each for each in vocabulary.shipped().terms}
    asked = protocol is not None and any(each.instrument == _CHECKLIST for each in protocol.forms)
    if not asked:
        return [
            (each.id, each.label.get(language, each.label["en"]))
            for each in terms.values()
            if each.alert is None
        ]
    items = loading.named(_CHECKLIST).items
    return [
        (item.id, item.text.get(language, item.text["en"]))
        for item in items
        if item.text is not None and item.id in terms and item.id not in AT_ONCE
    ]


class NewsForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """How a problem that was told of goes on; `seen` is the version that the page showed."""

    seen = HiddenField(validators=[InputRequired()])
    now = RadioField(
        lazy_gettext("How is it now?"),
        choices=[
            SelectChoice("over", lazy_gettext("It is over")),
            *HOW_BAD,
        ],
        validators=_ONE,
    )
    since = RadioField(lazy_gettext("If it is over: since when?"), validators=[Optional()])
    since_day = DayField(lazy_gettext("The day"), validators=[Optional()])
    since_month = SelectField(lazy_gettext("The month"), validators=[Optional()])
    care = RadioField(
        lazy_gettext("Did you go to a doctor or a hospital because of it?"),
        choices=list(CARE),
        validators=[Optional()],
    )
    call = BooleanField(lazy_gettext("Please call me about it"))

    def changes(self, known: Details, today: date) -> dict[str, Any] | None:
        """Return the fields that change; None if something is missing, with the reason at its field."""
        changes: dict[str, Any] = {}
        if self.now.data == "over":
            if not self.since.data:
                self.since.errors = [gettext("Please choose one.")]
            stop = dates_told.told(self, "since", today)
            if stop and known.start and CoarseDate.of(stop).last < CoarseDate.of(known.start).first:
                self.since.errors = [gettext("That is before it began.")]
            changes = {"ongoing": False, "stop": stop}
        else:
            is_danger = self.now.data == "danger"
            changes = {"ongoing": True, "stop": None}
            changes["severity"] = "severe" if is_danger else self.now.data
        graver = serious(self.now.data, self.care.data)
        if graver is not None:
            changes["serious"] = tuple(dict.fromkeys((*(known.serious or ()), *graver)))
        said = treatment(self.care.data, "")
        if said is not None and said not in (known.treatment or ""):
            changes["treatment"] = "; ".join(each for each in (known.treatment, said) if each)
        return None if any(field.errors for field in self) else changes
