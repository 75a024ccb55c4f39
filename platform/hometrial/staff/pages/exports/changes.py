"""What differs between two locks: a page of it, by table, and all of it as CSV."""

from collections import Counter
from dataclasses import dataclass

from flask import Response, abort, render_template, request
from sqlalchemy.orm import Session

from hometrial.errors import ExportRefusedError
from hometrial.exports.deidentifying import Profile
from hometrial.exports.differing import SCHEMA, Difference
from hometrial.models import DataLock
from hometrial.services.locking import keeping
from hometrial.services.viewing import changes, written
from hometrial.staff import asking
from hometrial.staff.pages.exports import locks
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites

PER_PAGE = 100
_NOT_FOUND = 404


@dataclass(frozen=True)
class Compared:
    """Two locks, and what differs between them under a profile."""

    before: DataLock
    after: DataLock
    profile: Profile
    found: tuple[Difference, ...]

    def of(self, table: str) -> tuple[Difference, ...]:
        """Return what differs in one table, or (without one) in all."""
        return tuple(each for each in self.found if table in ("", each.table))


@dataclass(frozen=True)
class Shown:
    """Which lines of how many a page shows."""

    start: int
    total: int


@pages.get("/locks/<int:number>/changes")
@permits("export.take", logs="viewed")
def changes_page(number: int) -> str:
    """Show what is other in a lock than in an earlier one."""
    start, table = asking.start(), request.args.get("table", "")
    with reading() as session:
        compared = _compared(session, number)
        earlier = [each for each in keeping.locks(session) if each.number < number]
    lines = compared.of(table)
    return render_template(
        "exports/changes.html",
        it=compared,
        earlier=earlier,
        table=table,
        tables=Counter(each.table for each in compared.found),
        lines=lines[start : start + PER_PAGE],
        shown=Shown(start, len(lines)),
        per_page=PER_PAGE,
    )


@pages.get("/locks/<int:number>/changes.csv")
@permits("export.take", logs="exported")
def changes_csv(number: int) -> Response:
    """Hand out what is other, as CSV."""
    with reading() as session:
        compared = _compared(session, number)
    rows = [each.row() for each in compared.of(request.args.get("table", ""))]
    name = f"changes-{compared.before.name}-{compared.after.name}.csv"
    return Response(
        written.csv_of(rows, SCHEMA.names),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _compared(session: Session, number: int) -> Compared:
    if len(sites()) != len(me().all_sites):
        raise ExportRefusedError("a lock tells of everybody; who sees all sites compares locks")
    after = locks.found(session, number)
    since = asking.whole("since", max(number - 1, 0), 0, 10**8)
    if number == 1:
        abort(_NOT_FOUND, f"{after.name} is the first lock; there is none that it differs from.")
    before = locks.found(session, since)
    profile = changes.profile_of(before, after, me())
    return Compared(before, after, profile, changes.between(session, before, after, profile))
