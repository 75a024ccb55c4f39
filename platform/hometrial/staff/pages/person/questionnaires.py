"""A person's questionnaires: what became of each, every answer with how it came about, corrected or entered by staff."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session
from wtforms import Field, SelectField, StringField

from hometrial.models import Participant
from hometrial.questionnaires import loading
from hometrial.questionnaires.instrument import Instrument, ScaleItem
from hometrial.questionnaires.rendering import Form, Question
from hometrial.services import enrolling
from hometrial.services.asking import definitions, entering, opening
from hometrial.services.asking.entering import SKIPPED, Told
from hometrial.services.asking.opening import Manner, Mode, Respondent
from hometrial.services.asking.submitting import HandedIn
from hometrial.services.viewing.person import questionnaires as viewing
from hometrial.staff import asking
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import ActForm, choice, options, reason, said
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading

_PREFIX = "item_"
_WHO = [
    ("self", "the person, told by telephone"),
    ("proxy", "somebody for the person"),
]


class AnswersForm(ActForm):
    """Answers that staff enter; the items are added to it. A refusal stands beside its item."""

    def refuse(self, text: str) -> None:
        """Show a refusal beside each item that it names first, or over the form."""
        named = [f"{_PREFIX}{each.strip()}" for each in text.split(":", 1)[0].split(",")]
        known = [each for each in named if each in self]
        for each in known:
            self[each].errors = [*self[each].errors, text.split(":", 1)[-1].strip()]
        self.form_errors.append(text if not known else "Some answers are not right yet; see below.")

    @property
    def told(self) -> Told:
        """The answers as they were typed."""
        typed = {name: said(self[name]) for name in self._fields if name.startswith(_PREFIX)}
        return Told({name.removeprefix(_PREFIX): value for name, value in typed.items()})


@pages.get("/<code>/questionnaires")
@permits("answers.see")
def questionnaires(code: str) -> str:
    """Show every form that has opened for a person, the newest first."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        return shown(
            session,
            person,
            "person/questionnaires.html",
            page=viewing.page(session, person, asking.start()),
            per_page=viewing.PER_PAGE,
        )


@pages.get("/<code>/questionnaires/<uuid:response>")
@permits("answers.see")
def answers(code: str, response: UUID) -> str:
    """Show one form: each answer with how it came about, corrections, submissions and scores."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = viewing.response(session, person, response)
        return shown(session, person, "person/answers.html", found=found)


@pages.route("/<code>/questionnaires/<uuid:response>/correct", methods=["GET", "POST"])
@permits("answers.correct")
def correct_answers(code: str, response: UUID) -> Answer:
    """Correct answers with a reason; what was said first stays visible."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = viewing.response(session, person, response)
        instrument = definitions.kept(session, found.response.definition_sha256)
        form = _form_of(instrument, viewing.shown(session, found.response.definition_sha256))
    if not form.is_submitted():
        for item in found.items:
            row = item.words[-1].row
            form[f"{_PREFIX}{item.item}"].data = (
                f"{SKIPPED}{row.skipped}" if row.value is None else str(row.value)
            )
    lead = "Change what is wrong and say why. What was said first stays, beside the correction."
    deed = Deed(
        code, f"Correct answers: {found.title}", "Correct them", "people.questionnaires", lead
    )

    def act(session: Session, person: Participant) -> str:
        respondent = found.sittings[-1].respondent if found.sittings else "self"
        asked = found.response.form, found.response.occasion
        made = _enter(session, person, asked, form, ("web", respondent))
        return f"Corrected as version {made.submission.revision}; the scores are computed anew."

    return perform(deed, form, act)


@pages.route("/<code>/questionnaires/enter/<name>/<path:occasion>", methods=["GET", "POST"])
@permits("answers.enter")
def enter_answers(code: str, name: str, occasion: str) -> Answer:
    """Enter a form of the staff, or what a person told by telephone, as such."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        asked = opening.find(session, person, name, occasion)
        instrument = loading.named(asked.instrument)
        words = definitions.form_of(session, instrument, viewing.LANGUAGE)
        form = _form_of(instrument, words, by_telephone=asked.is_of_person)
    deed = Deed(code, f"{asked.form.label}, {occasion}", "Hand it in", "people.questionnaires")

    def act(session: Session, person: Participant) -> str:
        manner: tuple[Mode, str] = ("web", "self")
        if asked.is_of_person:
            manner = ("interview", said(form["respondent"]))
        made = _enter(session, person, (name, occasion), form, manner)
        late = ", late" if made.submission.late else ""
        return f"{asked.form.label} is handed in{late}, entered by {me().actor}."

    return perform(deed, form, act)


def _enter(
    session: Session,
    person: Participant,
    asked: tuple[str, str],
    form: AnswersForm,
    manner: tuple[Mode, str],
) -> HandedIn:
    respondents: Mapping[str, Respondent] = {
        "self": "self",
        "self_with_scribe": "self_with_scribe",
        "proxy": "proxy",
    }
    told = Manner(
        by=me().actor,
        language=viewing.LANGUAGE,
        device={"entered": "staff site"},
        is_staff=True,
        mode=manner[0],
        respondent=respondents[manner[1]],
        because=form.why,
    )
    return entering.enter(session, person, asked, told, form.told)


def _form_of(
    instrument: Instrument, words: Form | None, *, by_telephone: bool = False
) -> AnswersForm:
    """Return the form of a questionnaire, with a field for each item in the words that are here."""
    questions = {} if words is None else {each.item.id: each for each in words.questions}
    fields: dict[str, Field] = {}
    if by_telephone:
        fields["respondent"] = choice("Whose words are they", _WHO)
    for item in instrument.items:
        question = questions.get(item.id)
        label = item.id if question is None else question.text
        fields[f"{_PREFIX}{item.id}"] = _field(instrument, item.id, label, question)
    fields["reason"] = reason(
        "Why is it entered here", hint="Such as: told by telephone, too ill to type."
    )
    made: AnswersForm = type("AnswersFormOfOne", (AnswersForm,), fields)()
    return made


def _field(instrument: Instrument, name: str, label: str, question: Question | None) -> Field:
    item = instrument.item(name)
    skips = [
        (f"{SKIPPED}{each}", f"left out: {each.replace('_', ' ')}")
        for each in instrument.presentation.skip_reasons
    ]
    if instrument.presentation.allow_skip:
        skips.append((f"{SKIPPED}unstated", "left out, without a reason"))
    help_ = "" if question is None else " ".join(filter(None, (question.stem, question.help)))
    if isinstance(item, ScaleItem):
        ends = (question.low_text, question.high_text) if question else (None, None)
        scale = [(str(each), _end(each, item, ends)) for each in range(item.low, item.high + 1)]
        said_how = options([("", "not said"), *scale, *skips])
        return SelectField(label, choices=said_how, description=help_)
    if question is not None and question.choices:
        chosen = [(str(each.value), each.text) for each in question.choices]
        said_how = options([("", "not said"), *chosen, *skips])
        return SelectField(label, choices=said_how, description=help_)
    hint = " ".join(
        filter(None, (help_, f"To leave it out write {SKIPPED}prefer_not." if skips else ""))
    )
    return StringField(label, description=hint, render_kw={"autocomplete": "off"})


def _end(value: int, item: ScaleItem, ends: tuple[str | None, str | None]) -> str:
    named = {item.low: ends[0], item.high: ends[1]}.get(value)
    return f"{value}, {named}" if named else str(value)
