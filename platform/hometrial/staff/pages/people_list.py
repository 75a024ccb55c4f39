"""The list of people: sorted, narrowed, kept as a view, taken away as a file; an exact pseudonym leads to the person."""

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from hometrial.services.trial import bulk
from hometrial.services.viewing import choosing, roster, saved_views, written
from hometrial.services.viewing.choosing import COLUMNS, MARKS, Wanted
from hometrial.services.viewing.roster import Person
from hometrial.services.viewing.saved_views import ViewRefusedError
from hometrial.staff import asking, words
from hometrial.staff.pages.person import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

PER_PAGE = 100
FILTERS = ("q", "status", "mark", "dose", "consent", "site")


def _moment(value: datetime | None) -> str:
    return "" if value is None else value.isoformat(timespec="seconds")


FILE: Mapping[str, Callable[[Person], str | int | float | None]] = {
    "person": lambda each: each.code,
    "status": lambda each: each.status,
    "rest": lambda each: each.rest,
    "link": lambda each: each.link,
    "last_sync": lambda each: _moment(roster.last_sync(each)),
    "wear_7_days": lambda each: None if each.wear is None else round(each.wear, 4),
    "last_diary": lambda each: each.diary.isoformat() if each.diary else None,
    "dose_mg": lambda each: f"{each.dose.mg.normalize():f}" if each.dose else None,
    "dose_step": lambda each: each.dose.step if each.dose else None,
    "dose_state": lambda each: each.dose.state if each.dose else None,
    "consent_version": lambda each: each.consent,
    "must_sign_anew": lambda each: "yes" if each.signs_anew else "no",
    "tasks": lambda each: each.tasks,
    "open_rows": lambda each: each.open_rows,
    "site": lambda each: each.site,
}
"""Every column of the table, as it stands in the file."""


@pages.get("")
@permits("people.see")
def listing() -> str | AnyResponse:
    """Show everyone, or those asked for, in the order asked for."""
    return listed()


def listed(refusal: str = "") -> str | AnyResponse:
    """Return the list as the address asks for it, with what was refused on top."""
    asked, start = wanted(), asking.start()
    with reading() as session:
        everybody = roster.everybody(session)
        views = saved_views.of_account(session, me().account_id)
    found = choosing.chosen(everybody, asked)
    if asked.q and (exact := _exact(everybody, asked.q)):
        return redirect(url_for("people.person", code=exact), 303)
    return render_template(
        "roster/listing.html",
        people=found[start : start + PER_PAGE],
        page={"start": start, "total": len(found)},
        per_page=PER_PAGE,
        total=len(everybody),
        wanted=asked,
        choices=choosing.choices(everybody),
        columns=COLUMNS,
        downwards=choosing.DOWNWARDS,
        mark_choices=[(name, words) for name, (words, _) in MARKS.items()],
        pairs=lambda values: [(value, value) for value in values],
        query_parts=[(name, value) for name, value in _kept().items()],
        sorted_by=_sorted_by,
        views=views,
        query=kept_query(),
        most=bulk.MOST,
        last_sync=roster.last_sync,
        refusal=refusal,
    )


def _exact(people: list[Person], text: str) -> str | None:
    return next((each.code for each in people if each.code == text.upper()), None)


def wanted() -> Wanted:
    """Return which people the address asks for. Raises BadRequest for what there is not."""
    values = request.args
    sort, mark = values.get("sort", "code"), values.get("mark", "")
    if sort not in COLUMNS or (mark and mark not in MARKS):
        raise BadRequest(
            f"People are sorted by {', '.join(COLUMNS)}, and marked {', '.join(MARKS)}."
        )
    said = {name: values.get(name, "").strip() for name in FILTERS}
    return Wanted(**said, sort=sort, down=values.get("down") == "1")


def kept_query() -> str:
    """Return the part of this address that says which people, in which order."""
    return words.query({name: [value] for name, value in _kept().items()})


def _kept() -> dict[str, str]:
    return {
        name: value
        for name in (*FILTERS, "sort", "down")
        if (value := request.args.get(name)) and (name, value) != ("sort", "code")
    }


def _sorted_by(name: str, down: bool) -> str:  # noqa: FBT001 - a template says it
    kept = {key: value for key, value in _kept().items() if key not in ("sort", "down")}
    found = kept | {"sort": name} | ({"down": "1"} if down else {})
    return words.query({key: [value] for key, value in found.items()})


@pages.get("/list.csv")
@permits("people.see", logs="exported")
def listing_csv() -> Response:
    """Give the people asked for, or those that are ticked, with every column."""
    with reading() as session:
        found = choosing.chosen(roster.everybody(session), wanted())
    ticked = set(request.args.getlist("who"))
    rows = [each for each in found if not ticked or each.code in ticked]
    lines = [{name: value(each) for name, value in FILE.items()} for each in rows]
    return Response(
        written.csv_of(lines, FILE),
        mimetype="text/csv",
        headers={"Content-Disposition": "attachment; filename=people.csv"},
    )


@pages.post("/views")
@permits("people.see")
def save_view() -> str | AnyResponse | tuple[str | AnyResponse, int]:
    """Keep how the list is seen now under a name."""
    name = request.form.get("name", "")
    try:
        with writing("keep a view of the list of people") as session:
            saved_views.save(session, me().account_id, name, kept_query())
    except ViewRefusedError as error:
        return listed(f"The view is not kept: {error}"), 422
    flash(f"The view “{name.strip()}” is kept.")
    return redirect(url_for("people.listing") + "?" + kept_query(), 303)


@pages.post("/views/<uuid:view>/forget")
@permits("people.see")
def forget_view(view: UUID) -> AnyResponse:
    """Forget a view."""
    with writing("forget a view of the list of people") as session:
        saved_views.forget(session, me().account_id, view)
    flash("The view is forgotten.")
    return redirect(url_for("people.listing"), 303)
