"""What laboratories found in a person's samples; a high liver value calls for a clinician at once."""

from uuid import UUID

from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hometrial import clock
from hometrial.models import LaboratoryResult, Participant
from hometrial.services import enrolling
from hometrial.services.trial import laboratory as service
from hometrial.services.trial.laboratory import Recorded
from hometrial.services.trial.sampling import Result
from hometrial.services.viewing.person import laboratory as viewing
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import (
    ActForm,
    amount,
    amount_of,
    choice,
    line,
    moment,
    moment_of,
    needed_amount,
    options,
    reason,
    said,
    said_or_none,
)
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading

SIGNS = [("value", "is"), ("below", "is below what can be measured"), ("above", "is above it")]


class ResultForm(ActForm):
    """One analyte of one sample."""

    has_moments = True
    form = choice("Form", ())
    analyte = choice("What was measured", ())
    sign = choice("The result", SIGNS)
    number = amount("Number")
    unit = line("Unit", needed="Give the unit.", hint="As the protocol has it, such as U/L.")
    upper_limit = amount(
        "Upper limit of normal", needed=False, hint="In the same unit; liver values need it."
    )
    sampled_at = moment("When the sample was taken", needed=True)
    laboratory = line("Which laboratory found it", needed="Name the laboratory.")
    visit = choice("Of which visit", (), needed=False)
    visit_number = amount("Its number", needed=False, hint="Only of a visit that comes again.")


class CorrectedResultForm(ResultForm):
    """What a result ought to have said."""

    reason = reason("Why is it corrected", hint="What was entered first stays in the trail.")


@pages.get("/<code>/laboratory")
@permits("people.see")
def laboratory(code: str) -> str:
    """Show every result of a person."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = viewing.results(session, person)
        return shown(session, person, "person/laboratory.html", found=found, told=service.told)


@pages.route("/<code>/laboratory/new", methods=["GET", "POST"])
@permits("laboratory.record")
def add_result(code: str) -> Answer:
    """Record a result in the protocol's unit."""
    form = ResultForm()
    deed = Deed(code, "A laboratory result", "Record it", "people.laboratory")

    def prepare(session: Session, person: Participant) -> dict[str, object]:
        _offer(session, person, form)
        return {}

    def act(session: Session, person: Participant) -> str:
        made = service.record(session, person, _result(form), by=me().actor)
        return _told(made)

    return perform(deed, form, act, prepare)


@pages.route("/<code>/laboratory/<uuid:result>/correct", methods=["GET", "POST"])
@permits("laboratory.record")
def correct_result(code: str, result: UUID) -> Answer:
    """Record what a result ought to have said; the wrong one stays."""
    form = CorrectedResultForm()
    deed = Deed(code, "Correct a laboratory result", "Correct it", "people.laboratory")

    def prepare(session: Session, person: Participant) -> dict[str, object]:
        _offer(session, person, form)
        row = _known(session, person, result)
        if not form.is_submitted():
            _fill(form, row)
        return {}

    def act(session: Session, person: Participant) -> str:
        made = service.correct(
            session, person, result, _result(form), because=form.why, by=me().actor
        )
        return _told(made)

    return perform(deed, form, act, prepare)


def _offer(session: Session, person: Participant, form: ResultForm) -> None:
    asked = viewing.asked(session, person)
    form.form.choices = options([("", "choose"), *((each, each) for each in asked.forms)])
    named = [(name, f"{name}, {unit}" if unit else name) for name, unit in asked.analytes]
    form.analyte.choices = options([("", "choose"), *named])
    form.visit.choices = options([("", "of none"), *((each, each) for each in asked.visits)])


def _fill(form: ResultForm, row: LaboratoryResult) -> None:
    for name in ("form", "analyte", "unit", "upper_limit", "laboratory", "visit", "visit_number"):
        form[name].data = getattr(row, name)
    form.sign.data = next(each for each, _ in SIGNS if getattr(row, each) is not None)
    form.number.data = row.found
    form.sampled_at.data = f"{row.sampled_at.astimezone(form.zone):%Y-%m-%d %H:%M}"


def _result(form: ResultForm) -> Result:
    number = amount_of(form.visit_number)
    return Result(
        form=said(form.form),
        analyte=said(form.analyte),
        unit=said(form.unit),
        sampled_at=moment_of(form, "sampled_at") or clock.now(),
        laboratory=said(form.laboratory),
        upper_limit=amount_of(form.upper_limit),
        visit=said_or_none(form.visit),
        number=None if number is None else int(number),
        **{said(form.sign): needed_amount(form.number)},
    )


def _told(made: Recorded) -> str:
    done = f"{made.row.analyte}: {service.told(made.row)}, is recorded."
    if not made.alerts:
        return done
    return f"{done} It raised {', '.join(made.alerts)}: a clinician answers it at once."


def _known(session: Session, person: Participant, result: UUID) -> LaboratoryResult:
    for each in viewing.results(session, person):
        if each.row.id == result and not each.is_corrected:
            return each.row
    raise NotFound(f"{person.code} has no result {result} that stands.")
