"""The audit trail: who changed what and why, by filter; its weekly review by filters of risk, signed; the trail as data."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.models import TrailReview
from hometrial.services import auditing
from hometrial.services.monitoring import filters, reviewing
from hometrial.services.monitoring.reviewing import ReviewRefusedError, Signer
from hometrial.services.viewing import trail, written
from hometrial.services.viewing.trail import Entry, Wanted
from hometrial.staff import asking
from hometrial.staff.pages.monitoring.forms import ReviewForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

pages = Blueprint("trail", __name__)

Answer = str | AnyResponse | tuple[str, int]
WEEK = timedelta(days=7)
COLUMNS = (
    "number",
    "at",
    "actor",
    "reason",
    "table",
    "row",
    "operation",
    "column",
    "old",
    "new",
    "link",
)
MOST = 20_000
"""Entries that one file takes at most: a longer stretch is taken in parts."""


@pages.get("/audit")
@permits("audit.see", logs="viewed")
def newest() -> str:
    """Show entries of the trail, the newest first."""
    wanted, before = _wanted(), asking.whole("before", 0, 0, 2**62) or None
    with reading() as session:
        head = auditing.head(session)
        found = trail.entries(session, wanted, before)
        tables = trail.tables(session)
    return render_template(
        "audit.html", head=head, entries=found, wanted=wanted, tables=tables,
        operations=trail.OPERATIONS, per_page=trail.PER_PAGE,
    )  # fmt: skip


@pages.get("/audit.<any(csv, ndjson):form>")
@permits("export.take", logs="exported")
def audit_data(form: str) -> Response:
    """Give the entries asked for as data: a line for each column that changed, or a line for each entry."""
    wanted = _wanted()
    with reading() as session:
        found = trail.entries(session, wanted, None, MOST + 1)
    if len(found) > MOST:
        raise BadRequest(f"These are more than {MOST:,} entries; ask for fewer days, or one table.")
    if form == "csv":
        body = written.csv_of([row for each in found for row in _rows(each)], COLUMNS)
    else:
        body = "".join(f"{json.dumps(_whole(each), default=str)}\n" for each in found)
    return Response(
        body,
        mimetype="text/csv" if form == "csv" else "application/x-ndjson",
        headers={"Content-Disposition": f"attachment; filename=audit-trail.{form}"},
    )


@pages.get("/audit/reviews")
@permits("audit.see", logs="viewed")
def reviews() -> str:
    """Show the reviews that were signed."""
    with reading() as session:
        found = reviewing.reviews(session)
    return render_template("audit_reviews.html", found=found, now=clock.now(), week=WEEK)


@pages.get("/audit/review")
@permits("audit.see", logs="viewed")
def review() -> str:
    """Show what the filters of risk find in a stretch of the trail, by default since the last review."""
    return _review_page(ReviewForm(formdata=None))


@pages.get("/audit/review/sign")
@permits("review.sign", fresh=True)
def read_before_signing() -> str:
    """Show what is signed for."""
    return _review_page(ReviewForm(formdata=None), signs=True)


@pages.post("/audit/review/sign")
@permits("review.sign", fresh=True, logs="signed")
def sign_review() -> Answer:
    """Sign a review."""
    form = ReviewForm()
    if form.validate_on_submit():
        since, until = _stretch(None)
        note = str(form.note.data).replace("\r\n", "\n").strip()
        try:
            with writing(reviewing.MEANING) as session:
                row = reviewing.sign(
                    session, since, until, Signer(me().actor, me().full_name), note=note
                )
                review_id = row.id
        except ReviewRefusedError as error:
            form.refuse(error)
        else:
            flash("The review is signed.")
            return redirect(url_for("trail.signed_review", review_id=review_id), 303)
    return _review_page(form, signs=True), 422


@pages.get("/audit/reviews/<uuid:review_id>")
@permits("audit.see", logs="viewed")
def signed_review(review_id: UUID) -> str:
    """Show a signed review."""
    return render_template("audit_signed.html", found=_find(review_id), filters=filters.FILTERS)


@pages.get("/audit/reviews/<uuid:review_id>.pdf")
@permits("audit.see", logs="exported")
def review_pdf(review_id: UUID) -> Response:
    """Give a signed review: the bytes that were signed."""
    found = _find(review_id)
    return Response(
        found.pdf,
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f"attachment; filename=trail-review-{found.until:%Y-%m-%d}.pdf",
            "X-Content-SHA256": found.sha256,
        },
    )


@pages.get("/audit/reviews/<uuid:review_id>.csv")
@permits("audit.see", logs="exported")
def review_csv(review_id: UUID) -> Response:
    """Give what the filters found, with who signed, when and in which meaning."""
    found = _find(review_id)
    signed = {
        "signed_by": found.signed_name,
        "signed_at": found.signed_at,
        "meaning": found.meaning,
    }
    columns = ("filter", "participant", "at", "actor", "says", *signed)
    return Response(
        written.csv_of([{**each, **signed} for each in found.findings], columns),
        mimetype="text/csv",
        headers={
            "Content-Disposition": f"attachment; filename=trail-review-{found.until:%Y-%m-%d}.csv"
        },
    )


def _wanted() -> Wanted:
    today = clock.now().date()
    first, last = _day("from", today - WEEK), _day("to", today)
    if not first <= last or (last - first).days >= trail.LONGEST:
        raise BadRequest(f"From {first} to {last} is not between 1 and {trail.LONGEST} days.")
    operation = request.args.get("kind") or None
    if operation is not None and operation not in trail.OPERATIONS:
        raise BadRequest(f"kind={operation!r} is none of {', '.join(trail.OPERATIONS)}.")
    said = {
        name: request.args.get(name, "").strip() or None for name in ("person", "table", "actor")
    }
    return Wanted(first, last, said["person"], said["table"], said["actor"], operation)


def _day(name: str, otherwise: date) -> date:
    text = request.args.get(name, "")
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError as error:
        raise BadRequest(f"{text!r} is not a day; write it like 2026-10-12.") from error


def _rows(entry: Entry) -> Iterator[Mapping[str, Any]]:
    whole = _whole(entry)
    for column, (old, new) in entry.changed.items():
        said = {"column": column, "old": _plain(old), "new": _plain(new)}
        yield {**{name: whole[name] for name in COLUMNS if name in whole}, **said}


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _whole(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.id,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "reason": entry.reason,
        "table": entry.table,
        "row": entry.key,
        "operation": entry.operation,
        "link": entry.link,
        "changed": {name: {"old": old, "new": new} for name, (old, new) in entry.changed.items()},
    }


def _stretch(last: datetime | None) -> tuple[datetime, datetime]:
    """Return the stretch asked for; by default from the last review, or from a week ago, until now."""
    now = clock.now()
    since = _instant("since", last or now - WEEK)
    until = _instant("until", now)
    if not since < until or until - since > reviewing.LONGEST:
        raise BadRequest(
            f"From {since:%Y-%m-%d} to {until:%Y-%m-%d} is not up to {reviewing.LONGEST.days} days."
        )
    return since, until


def _instant(name: str, otherwise: datetime) -> datetime:
    text = request.args.get(name, "")
    if not text:
        return otherwise
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadRequest(
            f"{text!r} is no moment; write 2026-10-12 or 2026-10-12T08:00:00Z."
        ) from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _review_page(form: ReviewForm, *, signs: bool = False) -> str:
    with reading() as session:
        signed = reviewing.reviews(session)
        last = signed[0].until if signed else None
        if last is not None and clock.now() - last > reviewing.LONGEST:
            last = None
        since, until = _stretch(last)
        found = reviewing.findings(session, since, until)
    by_filter = {
        each.name: [one for one in found if one.filter == each.name] for each in filters.FILTERS
    }
    return render_template(
        "audit_review.html", since=since, until=until, filters=filters.FILTERS, found=by_filter,
        last=last, form=form, signs=signs, at_most=filters.AT_MOST, meaning=reviewing.MEANING,
        name=me().full_name,
    )  # fmt: skip


def _find(review_id: UUID) -> TrailReview:
    with reading() as session:
        found = reviewing.find(session, review_id)
    if found is None:
        raise NotFound("There is no such review.")
    return found
