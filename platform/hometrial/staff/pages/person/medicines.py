"""What a person takes besides the drug; an opioid calls for a clinician at once."""

from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hometrial.models import Medication, Participant
from hometrial.services import enrolling
from hometrial.services.dosing import medicating
from hometrial.services.dosing.medicating import Told
from hometrial.services.dosing.recording import Role, Word
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import ActForm, line, reason, said, said_or_none
from hometrial.staff.pages.person.framing import shown
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading

_COARSE = "As far as it is known: 2010, 2010-07 or 2010-07-03."


class MedicineForm(ActForm):
    """A medicine as the person tells of it."""

    name = line("Name", needed="Give its name.", hint="As it stands on the package.")
    dose = line("Dose", hint="As it stands on the package: 50 mg twice a day.")
    route = line("How it is taken", hint="Such as oral.")
    indication = line("What for")
    began = line("Began", hint=_COARSE)
    ended = line("Ended", hint="Left empty: it is still taken.")


class CorrectedMedicineForm(MedicineForm):
    """What a medicine really is or was."""

    reason = reason("Why is it corrected", hint="What was told first stays in the trail.")


class NeverForm(ActForm):
    """Why a medicine was never taken."""

    reason = reason("Why it was never taken")


@pages.get("/<code>/medicines")
@permits("medication.see")
def medicines(code: str) -> str:
    """Show what a person takes and took besides the drug."""
    with reading() as session:
        person = enrolling.find_participant(session, code)
        found = medicating.medications(session, person)
        return shown(session, person, "person/medicines.html", found=found)


@pages.route("/<code>/medicines/new", methods=["GET", "POST"])
@permits("medication.record")
def add_medicine(code: str) -> Answer:
    """Record a medicine; an opioid raises a red alert at once."""
    form = MedicineForm()
    lead = "An opioid raises a red alert at once, and says what to tell the person."
    deed = Deed(code, "Record a medicine", "Record it", "people.medicines", lead)
    return perform(deed, form, lambda session, person: _add(session, person, form, _word()))


@pages.route("/<code>/medicines/<int:number>/correct", methods=["GET", "POST"])
@permits("medication.record")
def correct_medicine(code: str, number: int) -> Answer:
    """Record what a medicine really is or was; the first word on it stays."""
    form = CorrectedMedicineForm()
    deed = Deed(code, f"Correct medicine {number}", "Correct it", "people.medicines")

    def prepare(session: Session, person: Participant) -> dict[str, object]:
        row = _known(session, person, number)
        if not form.is_submitted():
            for name in ("name", "dose", "route", "indication", "began", "ended"):
                form[name].data = getattr(row, name)
        return {}

    def act(session: Session, person: Participant) -> str:
        return _add(session, person, form, _word(form.why, number))

    return perform(deed, form, act, prepare)


@pages.route("/<code>/medicines/<int:number>/void", methods=["GET", "POST"])
@permits("medication.record")
def void_medicine(code: str, number: int) -> Answer:
    """Record that a medicine was never taken; an alert that it raised stays open."""
    form = NeverForm()
    lead = "An alert that it raised stays open until somebody closes it."
    deed = Deed(code, f"Medicine {number} was never taken", "Record it", "people.medicines", lead)

    def act(session: Session, person: Participant) -> str:
        medicating.void(session, person, _word(form.why, number))
        return "It is recorded that it was never taken."

    def prepare(session: Session, person: Participant) -> dict[str, object]:
        return {"row": _known(session, person, number)}

    return perform(deed, form, act, prepare)


def _add(session: Session, person: Participant, form: MedicineForm, word: Word) -> str:
    told = Told(
        said(form.name),
        said(form.dose),
        said(form.route),
        said(form.indication),
        said_or_none(form.began),
        said_or_none(form.ended),
    )
    added = medicating.add(session, person, word, told)
    done = f"Medicine {added.medication.number}, {added.medication.name}, is recorded."
    if added.advice is None:
        return done
    return f"{done} It is an opioid. Tell the person at once: {added.advice}."


def _known(session: Session, person: Participant, number: int) -> Medication:
    for each in medicating.medications(session, person):
        if each.number == number:
            return each
    raise NotFound(f"{person.code} has no medicine {number} that stands.")


def _word(why: str = "", corrects: int | None = None) -> Word:
    return Word(me().actor, Role.SITE, why, corrects)
