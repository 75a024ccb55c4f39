"""People: the list. What is about one of them stands in `person`, a module a page."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import render_template, request
from werkzeug.exceptions import BadRequest

from hometrial.services.viewing import people
from hometrial.services.viewing.people import PersonLine
from hometrial.staff.pages.person import (
    contacts,
    days,
    doses,
    identity,
    messages,
    ordering,
    overview,
    pages,
    supply,
    tasks,
    trail,
)
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

PARTS = (overview, days, identity, messages, contacts, doses, ordering, supply, tasks, trail)
"""The pages about one person; each adds its routes to the blueprint of people."""
TROUBLE = frozenset({"reconnect_needed", "not_linked", "retired"})
LINKED = TROUBLE | {"active"}
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
ORDERS: Mapping[str, Callable[[PersonLine], Any]] = {
    "code": lambda line: (len(line.person.code), line.person.code),
    "status": lambda line: (line.person.status, line.person.code),
    "data": lambda line: (line.latest.data_until or LONG_AGO, line.person.code),
    "sync": lambda line: (line.latest.handed_over_at or LONG_AGO, line.person.code),
    "rows": lambda line: (-line.open_rows, line.person.code),
}
"""What people can be sorted by; whoever is longest without data or hand-over comes first."""
SHOWN: Mapping[str, Callable[[PersonLine], bool]] = {
    "all": lambda line: True,  # noqa: ARG005
    "linked": lambda line: "active" in line.latest.statuses,
    "in trouble": lambda line: bool(TROUBLE.intersection(line.latest.statuses)),
    "not linked": lambda line: not LINKED.intersection(line.latest.statuses),
}


@pages.get("")
@permits("people.see")
def listing() -> str:
    """Show everyone, or those of a status or link, in the order asked for."""
    sort, only = request.args.get("sort", "code"), request.args.get("show", "all")
    if sort not in ORDERS or only not in SHOWN:
        raise BadRequest(
            f"People are sorted by {', '.join(ORDERS)}, and shown are {', '.join(SHOWN)}."
        )
    with reading() as session:
        everyone = people.everyone(session)
    lines = sorted(filter(SHOWN[only], everyone), key=ORDERS[sort])
    return render_template(
        "people.html", lines=lines, total=len(everyone), sort=sort, only=only, shown=SHOWN
    )
