"""What differs between two locks: a page of it, by table, and all of it as CSV; a worker works it out once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Response, abort, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from hometrial.exports.deidentifying import PROFILES, Profile
from hometrial.exports.differing import SCHEMA
from hometrial.models import DataLock
from hometrial.services.locking import differing, keeping, worked_out
from hometrial.services.locking.worked_out import CHANGES, DIFFERENCES, Order, Standing
from hometrial.services.viewing import written
from hometrial.staff import asking
from hometrial.staff.pages.exports import locks, making
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study

PER_PAGE = 100
_NOT_FOUND = 404


@dataclass(frozen=True)
class Compared:
    """Two locks, under which profile they are compared, and how many differences each table has."""

    before: DataLock
    after: DataLock
    profile: Profile
    tables: Mapping[str, int]


@dataclass(frozen=True)
class Shown:
    """Which lines of how many a page shows."""

    start: int
    total: int


@pages.get("/locks/<int:number>/changes")
@permits("export.take", logs="viewed")
def changes_page(number: int) -> AnyResponse | str:
    """Show what is other in a lock than in an earlier one."""
    start, table = asking.start(), request.args.get("table", "")
    order = _order(number)
    found = making.asked(order)
    if found.state != "ready":
        return making.page(order, found)
    path = _path(found)
    lines = differing.read(path, table)
    with reading() as session:
        before, after = (locks.found(session, each) for each in (order.before, order.lock))
        earlier = [each for each in keeping.locks(session) if each.number < number]
    return render_template(
        "exports/changes.html",
        it=Compared(before, after, PROFILES[order.profile], differing.counted(path)),
        earlier=earlier,
        table=table,
        lines=lines.slice(start, PER_PAGE).to_pylist(),
        shown=Shown(start, lines.num_rows),
        per_page=PER_PAGE,
    )


@pages.get("/locks/<int:number>/changes.csv")
@permits("export.take", logs="exported")
def changes_csv(number: int) -> AnyResponse:
    """Hand out what is other, as CSV."""
    order = _order(number)
    found = making.asked(order)
    if found.state != "ready":
        return redirect(making.address(order, "html"), 303)
    rows = differing.read(_path(found), request.args.get("table", "")).to_pylist()
    with reading() as session:
        before, after = (locks.found(session, each).name for each in (order.before, order.lock))
    return Response(
        written.csv_of(rows, SCHEMA.names),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="changes-{before}-{after}.csv"'},
    )


def _order(number: int) -> Order:
    with reading() as session:
        after = locks.found(session, number)
    if number == 1:
        abort(_NOT_FOUND, f"{after.name} is the first lock; there is none that it differs from.")
    since = asking.whole("since", max(number - 1, 0), 0, 10**8)
    return making.order_of(DIFFERENCES, number, since)


def _path(found: Standing) -> Path:
    return worked_out.file(study().database.settings.home, found.name, CHANGES)
