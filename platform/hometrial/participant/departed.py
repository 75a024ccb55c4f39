"""Who has left the study writes nothing more into it; receipts, copies and their own data stay open to them."""

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue

from hometrial.participant.oneself import oneself
from hometrial.participant.site import transaction, visit_if_any
from hometrial.services.agreeing import standing

STAYS = frozenset({"leaving", "mine", "look", "confirming", "passkeys"})
"""Parts of the site that who has left may still use, whole."""
STILL_SHOWN = frozenset({"home.page", "team.page", "consenting.copies", "consenting.copy"})
"""What they may look at beside that."""
STILL_DONE = frozenset({"visit.leave", "visit.health", "visit.door", "visit.enter", "static"})
"""What has nothing to do with the study's data."""


def guard(app: Flask) -> None:
    """Show everybody who has left a calm page in place of whatever else they ask for."""
    app.before_request(_turn_away)


def _turn_away() -> ResponseReturnValue | None:
    if visit_if_any() is None or _is_open():
        return None
    with transaction("whether somebody has left") as session:
        left_at = standing.withdrawn_at(session, oneself(session))
    if left_at is None:
        return None
    return render_template("leaving/left.html"), 200 if request.method == "GET" else 409


def _is_open() -> bool:
    if request.endpoint is None or request.endpoint in STILL_DONE or request.blueprint in STAYS:
        return True
    return request.method in ("GET", "HEAD") and request.endpoint in STILL_SHOWN
