"""Today: what waits for somebody, in the order of risk, each with one thing to do."""

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response

from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.services import working
from hometrial.services.messaging import asking_again, channels
from hometrial.services.viewing import health, today, written
from hometrial.services.viewing import week as digest
from hometrial.services.viewing.today import Today
from hometrial.staff import asking, todo
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study, writing
from hometrial.tasks import engine

pages = Blueprint("today", __name__)

Answer = str | Response | tuple[str, int]


@pages.get("/")
@permits("today.see", leads_on=True)
def page() -> str:
    """Show what waits, or what waits of one kind."""
    with reading() as session:
        return _page(_look(session))


def _look(session: Session) -> Today:
    return today.look(session, health.read(session, study().database.settings))


def _page(found: Today, refusal: str = "") -> str:
    kind = request.args.get("kind", "")
    if kind and kind not in today.RISK:
        raise BadRequest(f"There is no work of the kind {kind!r}.")
    start = asking.start() if request.method == "GET" else 0
    chosen = [each for each in found.lines if not kind or each.kind == kind]
    return render_template(
        "today/page.html",
        found=found,
        lines=chosen[start : start + today.PER_PAGE],
        page={"start": start, "total": len(chosen)},
        per_page=today.PER_PAGE,
        kind=kind,
        button=todo.button,
        title=todo.title,
        refusal=refusal,
    )


@pages.post("/people/<code>/work/<uuid:task>/send")
@permits("people.contact")
def send(code: str, task: UUID) -> Answer:
    """Send the person of an item the line about their watch; the item sleeps until it is answered."""
    try:
        with writing("send a note about the watch") as session:
            line = working.find(session, task)
            if line.code != code or line.item.participant_id is None:
                raise working.WorkRefusedError(f"this work is not about {code}; look at Today anew")
            person = session.get_one(Participant, line.item.participant_id)
            ways = channels.channels_of(study().database.settings)
            made = asking_again.about_watch(session, ways, person, line.item, by=me().actor)
            engine.send_job(session)
    except TrialError as error:
        with reading() as session:
            return _page(_look(session), f"Nothing was sent to {code}. {error}"), 409
    flash(
        f"A note to {code} is on its way by {made.channel}. The work sleeps for two days, or until it is answered."
    )
    return redirect(url_for("today.page"), 303)


@pages.get("/today/week")
@permits("today.see")
def week() -> str:
    """Show the last seven days."""
    with reading() as session:
        return render_template("today/week.html", week=digest.look(session))


@pages.get("/today/contacts.csv")
@permits("people.contact", logs="exported")
def contacts_csv() -> Response:
    """Give the log of contacts of everybody."""
    with reading() as session:
        rows = list(digest.contact_log(session))
    return Response(
        written.csv_of(rows, digest.CONTACT_COLUMNS),
        mimetype="text/csv",
        headers={"Content-Disposition": "attachment; filename=contacts.csv"},
    )
