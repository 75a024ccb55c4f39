"""The drug in a person's hands: given, given back, lost, counted."""

from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.protocol.dosing.amounts import written
from hometrial.protocol.dosing.supply import Move
from hometrial.services import reaching
from hometrial.services.dosing import counting, supplying
from hometrial.services.dosing.counting import Counted
from hometrial.services.dosing.supplying import Moved
from hometrial.services.viewing.person import dose_course
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, Prepare, perform
from hometrial.staff.pages.person.fields import (
    ActForm,
    amount,
    choice,
    line,
    needed_amount,
    options,
    said,
)
from hometrial.staff.permitting import permits
from hometrial.staff.study import me


class UnitsForm(ActForm):
    """Units of a lot between a place and the person."""

    lot = choice("Lot", ())
    units = amount("Units", hint="Capsules, or millilitres of a liquid.")
    place = line("At which place", needed="Name the place, such as S-01.")
    note = line("Note", hint="Such as the words of the label, or the condition of the blister.")


class LostForm(UnitsForm):
    """Units that were lost."""

    note = line("How they were lost", needed="Say how they were lost.")


class CountForm(ActForm):
    """Units that somebody counted with the person."""

    lot = choice("Lot", ())
    units = amount("Units that are left", hint="As they counted them.")
    note = line("What is known of a difference", hint="Needed if it is not what ought to be there.")


@pages.route("/<code>/supply/dispense", methods=["GET", "POST"])
@permits("supply.handle")
def dispense(code: str) -> Answer:
    """Give units to the person."""
    deed = Deed(code, "Give the drug out", "Record it", "people.doses")
    return _move(deed, UnitsForm(), Move.DISPENSED)


@pages.route("/<code>/supply/return", methods=["GET", "POST"])
@permits("supply.handle")
def returned(code: str) -> Answer:
    """Take units back; they are kept apart and never given out again."""
    lead = "What is given back is kept apart, and never given out again."
    deed = Deed(code, "The drug was given back", "Record it", "people.doses", lead)
    return _move(deed, UnitsForm(), Move.RETURNED)


@pages.route("/<code>/supply/lost", methods=["GET", "POST"])
@permits("supply.handle")
def supply_lost(code: str) -> Answer:
    """Record units that the person lost."""
    deed = Deed(code, "The drug was lost", "Record it", "people.doses")
    return _move(deed, LostForm(), Move.LOST)


@pages.route("/<code>/supply/count", methods=["GET", "POST"])
@permits("supply.handle")
def count(code: str) -> Answer:
    """Record what the person has left, held against what ought to be there."""
    form = CountForm()
    deed = Deed(code, "Count what is left", "Record the count", "people.doses")

    def act(session: Session, person: Participant) -> str:
        lot = supplying.find_lot(session, said(form.lot))
        counted = Counted(needed_amount(form.units), said(form.note))
        row = counting.with_person(session, lot, person, counted, by=me().actor)
        return f"{written(row.counted)} were counted, {written(row.expected)} ought to be there."

    return perform(deed, form, act, _lots(form))


def _move(deed: Deed, form: UnitsForm, move: Move) -> Answer:
    def act(session: Session, person: Participant) -> str:
        lot = supplying.find_lot(session, said(form.lot))
        units = needed_amount(form.units)
        what = Moved(move, units, said(form.place), person, said(form.note))
        supplying.move(session, lot, what, by=me().actor)
        return f"{said(form.units)} units of {lot.code}: {move}."

    return perform(deed, form, act, _lots(form))


def _lots(form: ActForm) -> Prepare:
    def prepare(session: Session, person: Participant) -> dict[str, object]:
        form["lot"].choices = options([("", "choose"), *dose_course.lots(session)])
        if "place" in form and not form.is_submitted():
            form["place"].data = reaching.site_of(session, person).code
        return {}

    return prepare
