"""Where a cell of a lock comes from: asked for by lock, data set, row and variable, or by a record's name."""

from flask import Blueprint, render_template, request
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.services.lineage import cells, locked
from hometrial.services.lineage.cells import Cell, Traced
from hometrial.services.locking import keeping
from hometrial.services.viewing import snippets
from hometrial.staff import asking
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study

pages = Blueprint("lineage", __name__, url_prefix="/exports/lineage")

MOST = 12
"""Records of one row whose chains are drawn at once; the others are links."""
_LAST_ROW = 2**31


@pages.get("")
@permits("data.see", logs="viewed")
def page() -> str | tuple[str, int]:
    """Show the form, and the chain of what is asked for."""
    asked = {name: request.args.get(name, "").strip() for name in ("lock", "data_set", "variable")}
    record = request.args.get("record", "").strip()
    found, refusal = None, None
    with reading() as session:
        names = [each.name for each in keeping.locks(session)] if me().may("lock.see") else []
        try:
            if record:
                found = cells.traced(session, Cell("", 0, "", None, (), (record,)), None)
            elif all(asked.values()) and me().may("lock.see"):
                found = _of_cell(session, asked)
        except TrialError as error:
            refusal = str(error)
    shown = render_template(
        "exports/lineage.html", found=found, refusal=refusal, locks=names, asked=asked, record=record,
        row=request.args.get("row", ""), most_characters=snippets.LONGEST,
    )  # fmt: skip
    return shown if refusal is None else (shown, 422)


def _of_cell(session: Session, asked: dict[str, str]) -> Traced:
    row = asking.whole("row", 1, 1, _LAST_ROW)
    lock = keeping.find(session, asked["lock"])
    wanted = locked.Asked(asked["data_set"], row, asked["variable"])
    cell, taken = locked.in_lock(session, study().database, lock, wanted)
    return cells.traced(session, cell, taken, MOST)
