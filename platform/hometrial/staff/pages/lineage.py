"""Where a cell of a lock comes from: asked for by lock, data set, row and variable, or by a record's name.

The first who asks of a lock waits until a worker has laid its data sets out; everybody after that does not.
"""

from urllib.parse import urlencode

from flask import Blueprint, abort, render_template, request, url_for
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import DataLock
from hometrial.services.lineage import cells, locked
from hometrial.services.lineage.cells import Cell, Traced
from hometrial.services.lineage.shelved import shelved
from hometrial.services.locking import keeping, worked_out
from hometrial.services.locking.worked_out import LINEAGE, Order, Standing
from hometrial.services.viewing import snippets, syncs
from hometrial.staff import asking
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study, writing
from hometrial.tasks import delivering as tasks

pages = Blueprint("lineage", __name__, url_prefix="/exports/lineage")

MOST = 12
"""Records of one row whose chains are drawn at once; the others are links."""
_LAST_ROW = 2**31
_NAMES = ("lock", "data_set", "row", "variable")


@pages.get("")
@permits("data.see", logs="viewed")
def page() -> str | tuple[str, int]:
    """Show the form, and the chain of what is asked for."""
    asked, record = _asked(), request.args.get("record", "").strip()
    found, refusal, waits = None, None, None
    with reading() as session:
        locks = keeping.locks(session) if me().may("lock.see") else []
        is_served = syncs.workers_alive(session) > 0
        try:
            if record:
                found = cells.traced(session, Cell("", 0, "", None, (), (record,)), None)
            elif all(asked.values()) and me().may("lock.see"):
                lock = keeping.find(session, asked["lock"])
                waits = _laid_out(session, lock)
                found = None if waits else _of_cell(session, lock, asked)
        except TrialError as error:
            refusal = str(error)
    shown = render_template(
        "exports/lineage.html", found=found, refusal=refusal, locks=locks, sets=_sets(locks, asked["lock"]), asked=asked, record=record, it=waits,
        to=_address("page", asked), follows=_address("making", asked),
        most_characters=snippets.LONGEST, is_served=is_served,
    )  # fmt: skip
    return shown if refusal is None else (shown, 422)


@pages.get("/making")
@permits("data.see", by_itself=True)
def making() -> str:
    """Say whether the data sets of a lock are laid out, for the page that waits for them."""
    if not me().may("lock.see"):
        abort(404)
    asked = _asked()
    with reading() as session:
        lock = keeping.find(session, asked["lock"])
        shelved(session, lock)
        standing = worked_out.standing(session, study().database.settings.home, Order(LINEAGE, lock.number))  # fmt: skip
        is_served = syncs.workers_alive(session) > 0
    to = _address("page", asked)
    return render_template("exports/made.html", it=standing, to=to, is_served=is_served)


def _address(page: str, asked: dict[str, str]) -> str:
    """Return where a cell is shown, or what follows how far that is."""
    return f"{url_for(f'lineage.{page}')}?{urlencode(asked)}"


def _asked() -> dict[str, str]:
    return {name: request.args.get(name, "").strip() for name in _NAMES}


def _sets(locks: list[DataLock], name: str) -> list[str]:
    """Return the data sets of a lock, or of the newest, to choose from."""
    chosen = [each for each in locks if each.name == name] or locks[:1]
    return [each.rpartition(".")[2] for lock in chosen for each in sorted(lock.data_sets or ())]


def _laid_out(session: Session, lock: DataLock) -> Standing | None:
    """Return how far a lock's data sets are, None: they are there. A worker is asked for them if nobody has been."""
    shelved(session, lock)
    order = Order(LINEAGE, lock.number)
    found = worked_out.standing(session, study().database.settings.home, order)
    if found.state == "ready":
        return None
    if found.state == "unasked" or (found.state == "failed" and "again" in request.args):
        with writing(f"ask for the data sets of lock {lock.name}, to trace a cell") as other:
            tasks.defer_working_out(other, order, found.name)
        return Standing(found.name, "waiting")
    return found


def _of_cell(session: Session, lock: DataLock, asked: dict[str, str]) -> Traced:
    row = asking.whole("row", 1, 1, _LAST_ROW)
    wanted = locked.Asked(asked["data_set"], row, asked["variable"])
    cell, taken = locked.in_lock(session, study().database, lock, wanted)
    return cells.traced(session, cell, taken, MOST)
