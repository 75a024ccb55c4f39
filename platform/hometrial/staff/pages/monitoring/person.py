"""One person before a monitor: consents first, then the values of the sample, each marked or not, back to its source."""

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from werkzeug.exceptions import BadRequest, NotFound
from werkzeug.wrappers import Response

from hometrial.models import VERIFIABLE
from hometrial.services import enrolling
from hometrial.services.monitoring import values, verifying
from hometrial.services.monitoring.verifying import MarkRefusedError, Seen
from hometrial.services.viewing.monitoring import lineage, marks, progress
from hometrial.staff import asking
from hometrial.staff.pages.monitoring.blueprint import kind_of, pages
from hometrial.staff.pages.monitoring.forms import MarkForm, MarksForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | Response | tuple[str, int]
_SEPARATOR = "|"
_ASKED = {
    "consent": "consent",
    "dose": "dose",
    "adverse_event": "adverse event",
    "questionnaire": "answer",
    "visit": "visit",
    "wearable_day": "measure of a day",
}
"""What a query about each kind is about; about another kind it is about something else."""


@pages.get("/people/<code>")
@permits("monitoring.see", logs="viewed")
def person(code: str) -> str:
    """Show a person's values of one kind."""
    return _page(code, MarksForm(formdata=None))


@pages.post("/people/<code>")
@permits("sdv.mark")
def mark_many(code: str) -> Answer:
    """Mark every value whose box is ticked."""
    form = MarksForm()
    chosen = [each.split(_SEPARATOR, 1) for each in request.form.getlist("value")]
    kind = kind_of(request.args.get("kind", "consent"))
    if not form.validate_on_submit() or not chosen:
        form.form_errors.append("Tick what you held against its source.")
        return _page(code, form), 422
    try:
        with writing("held against the source") as session:
            who = enrolling.find_participant(session, code)
            for digest, key in chosen:
                seen = Seen(me().actor, note=(form.note.data or "").strip(), digest=digest)
                verifying.mark(session, who, kind, key, seen)
    except MarkRefusedError as error:
        form.form_errors.append(str(error))
        return _page(code, form), 422
    flash(f"{len(chosen)} {'value is' if len(chosen) == 1 else 'values are'} marked as verified.")
    there = url_for("monitoring.person", code=code, kind=kind, show=request.args.get("show"))
    return redirect(there, 303)


@pages.get("/people/<code>/value")
@permits("monitoring.see", logs="viewed")
def value(code: str) -> str:
    """Show one value with its parts, its marks and its trail."""
    kind, key = kind_of(request.args.get("kind")), request.args.get("key", "")
    return _value_page(code, kind, key, MarkForm(formdata=None))


@pages.post("/people/<code>/value")
@permits("sdv.mark")
def mark_parts(code: str) -> Answer:
    """Mark the parts of a value whose boxes are ticked."""
    form = MarkForm()
    kind, key = kind_of(form.kind.data), str(form.key.data)
    fields = tuple(request.form.getlist("field"))
    if form.validate_on_submit():
        seen = Seen(me().actor, fields, (form.note.data or "").strip(), form.digest.data)
        try:
            with writing("held against the source") as session:
                verifying.mark(session, enrolling.find_participant(session, code), kind, key, seen)
        except MarkRefusedError as error:
            form.form_errors.append(str(error))
        else:
            flash("It is marked as verified.")
            return redirect(url_for("monitoring.value", code=code, kind=kind, key=key), 303)
    return _value_page(code, kind, key, form), 422


@pages.get("/people/<code>/days/<day:when>")
@permits("monitoring.see", logs="viewed")
def day(code: str, when: date) -> str:
    """Show where a wearable day comes from: chunk, batch, verdict, payload, account."""
    with reading() as session:
        who = enrolling.find_participant(session, code)
        found = lineage.of_day(session, who.id, when)
    if not found.steps:
        raise NotFound(f"There are no samples of {code} on {when}.")
    return render_template("monitoring/day.html", code=code, when=when, found=found)


def _page(code: str, form: MarksForm) -> str:
    kind = kind_of(request.args.get("kind", "consent"))
    shown = request.args.get("show", "drawn")
    if shown not in ("drawn", "all"):
        raise BadRequest(f"show={shown!r} is neither drawn nor all.")
    with reading() as session:
        who = enrolling.find_participant(session, code)
        found = progress.of_person(session, who, kind, asking.start(), all_of_them=shown == "all")
        consents = lineage.consents(session, who.id) if kind == "consent" else []
    return render_template(
        "monitoring/person.html", code=code, page=found, kind=kind, kinds=VERIFIABLE, shown=shown,
        consents={str(each.signature.id): each for each in consents}, form=form,
        per_page=progress.PER_VALUE_PAGE, separator=_SEPARATOR,
    )  # fmt: skip


def _value_page(code: str, kind: str, key: str, form: MarkForm) -> str:
    with reading() as session:
        who = enrolling.find_participant(session, code)
        found = values.of_keys(session, who.id, kind, [key]).get(key)
        history = marks.history(session, who.id, kind, key)
        trail = lineage.trail_of(session, who.id, kind, key)
    if found is None and not history:
        raise NotFound(f"{code} has no such value.")
    if found is not None and not form.is_submitted():
        form.fill({"kind": kind, "key": key, "digest": found.digest()})
    return render_template(
        "monitoring/value.html", code=code, kind=kind, key=key, found=found, history=history,
        trail=trail, form=form, asked=_ASKED.get(kind, "something else"),
    )  # fmt: skip
