"""The line listing of adverse events: filtered, printed, or taken away as CSV."""

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request
from werkzeug.exceptions import BadRequest

from hometrial.services.viewing import written
from hometrial.services.viewing.safety import listing
from hometrial.services.viewing.safety.listing import DOSES, Line, Wanted
from hometrial.staff import asking
from hometrial.staff.pages.safety.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

_YES_NO = {"yes": True, "no": False}
_RELATED = ("yes", "no", "not_judged")


@pages.get("/events")
@permits("event.see")
def events() -> str:
    """Show the events asked for, with the dose on the day on which each began."""
    wanted = _wanted()
    with reading() as session:
        found = listing.listing(session, wanted, asking.start())
        sites = listing.sites(session)
    return render_template(
        "safety/events.html", page=found, wanted=wanted, sites=sites, doses=DOSES,
        per_page=listing.PER_PAGE,
    )  # fmt: skip


@pages.get("/events.csv")
@permits("event.see", logs="exported")
def events_csv() -> Response:
    """Give every event asked for as a CSV that no spreadsheet runs."""
    with reading() as session:
        found = listing.listing(session, _wanted(), 0, None)
    text = written.csv_of([_row(each) for each in found.lines])
    return Response(
        text,
        mimetype="text/csv",
        headers={"Content-Disposition": "attachment; filename=adverse-events.csv"},
    )


def _wanted() -> Wanted:
    grade = request.args.get("grade") or None
    if grade is not None and grade not in "12345":
        raise BadRequest(f"The grade {grade!r} is none of 1 to 5.")
    return Wanted(
        serious=_YES_NO.get(_one_of("serious", tuple(_YES_NO)) or ""),
        grade=None if grade is None else int(grade),
        related=_one_of("related", _RELATED),
        ongoing=_YES_NO.get(_one_of("ongoing", tuple(_YES_NO)) or ""),
        site=request.args.get("site") or None,
        dose=_one_of("dose", DOSES),
        participant=request.args.get("participant") or None,
    )


def _one_of(name: str, options: tuple[str, ...]) -> str | None:
    found = request.args.get(name) or None
    if found is not None and found not in options:
        raise BadRequest(f"{name}={found!r} is none of {', '.join(options)}.")
    return found


def _row(line: Line) -> Mapping[str, Any]:
    known, state = line.event.details, line.event
    return {
        "site": line.site,
        "participant": state.code,
        "event": state.event.number,
        "version": state.current.version,
        "words": known.verbatim,
        "term": known.term,
        "preferred_term": state.coding and state.coding.pt_name,
        "organ_class": state.coding and state.coding.soc_name,
        "start": known.start,
        "stop": known.stop,
        "ongoing": known.ongoing,
        "severity": known.severity,
        "grade": known.grade,
        "serious": None if known.serious is None else "; ".join(known.serious) or "no",
        "related": known.related,
        "expected": known.expected,
        "action": known.action,
        "outcome": known.outcome,
        "dose_at_onset_mg": line.onset.planned_mg,
        "days_on_dose_at_onset": line.onset.days_since_step,
        "first_learned": state.versions[0].learned_at.isoformat(),
        "judged_by": state.current.recorded_by,
    }
