"""Coming and going: a link opens a visit, a cookie carries it, everything else asks for it."""

from flask import (
    Blueprint,
    Flask,
    Response,
    g,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from hometrial.participant.site import transaction
from hometrial.services.syncing import invitations
from hometrial.services.syncing.invitations import InvitationRefusedError

MACHINES = frozenset({"webhooks", "push"})
"""Blueprints that talk to programs: they prove who they are by a signature or token of their own."""
OPEN = frozenset(
    {
        "visit.door",
        "visit.enter",
        "visit.health",
        "entering.page",
        "entering.ask",
        "entering.code",
        "entering.answer",
        "entering.ask_passkey",
        "entering.passkey",
        "asking.worker",
        "asking.shell",
        "static",
    }
)
"""Endpoints that need no visit: they tell nothing of anybody."""
EITHER = frozenset({"team.page", "look.page"})
"""Endpoints that show somebody who is there more than anybody else: how to get help must stand open."""
COOKIE = "visit"

pages = Blueprint("visit", __name__)


def guard(app: Flask) -> None:
    """Ask every request for a visit, except those of `OPEN` and of `MACHINES`."""
    app.before_request(_require)


def _require() -> None:
    nowhere = request.url_rule is None
    if nowhere or request.endpoint in OPEN or request.blueprint in MACHINES:
        return
    with transaction("a visit goes on") as database:
        found = invitations.visit(database, cookie())
    if found is None and request.endpoint in EITHER:
        return
    if found is None:
        raise Unauthorized
    g.visit = found


def cookie() -> str:
    """Return what the browser holds of a visit; nothing where there is none."""
    return str(session.get(COOKIE, ""))


def begin(opened: str) -> None:
    """Give the browser the cookie of a visit that has just been opened, and nothing of before."""
    session.clear()
    session[COOKIE] = opened


def go_on(confirmed: str) -> None:
    """Give the browser another cookie for the visit that it has; other things of the visit stay."""
    session[COOKIE] = confirmed


@pages.get("/join/<token>")
def door(token: str) -> str:
    """Show a link's button. Looking changes nothing: programs that check mail look, too."""
    with transaction("look at an invitation") as database:
        state = invitations.look(database, token)
    if state != "open":
        raise InvitationRefusedError(state)
    return render_template("join.html", token=token)


@pages.post("/join/<token>")
def enter(token: str) -> AnyResponse:
    """Use a link up and open a visit, with a new cookie in place of whatever was there."""
    with transaction("open a visit by invitation") as database:
        invitations.leave(database, cookie())
        _, opened = invitations.enter(database, token)
    begin(opened)
    return redirect(url_for("home.page"), 303)


@pages.post("/leave")
def leave() -> str:
    """End the visit."""
    with transaction("end a visit") as database:
        invitations.leave(database, cookie())
    session.clear()
    g.pop("visit")
    return render_template(
        "message.html",
        title=gettext("Your page is closed"),
        text=gettext("You can close this window."),
    )


@pages.get("/health")
def health() -> Response:
    """Say that the process answers; nothing of the study."""
    return jsonify(status="ok")
