"""Unlinking: what it stops is said first, and it stops at once."""

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hometrial.models import Connection
from hometrial.participant.site import site, transaction, visit
from hometrial.services.standing import LIVE
from hometrial.services.syncing import accounts, unlinking

pages = Blueprint("unlink", __name__, url_prefix="/unlink")


@pages.get("/<provider>")
def ask(provider: str) -> str:
    """Say what unlinking stops, and ask."""
    with transaction("look at what unlinking stops") as session:
        mine = _mine(session, provider)
    return render_template("watch/unlink.html", provider=provider, streams=mine.streams)


@pages.post("/<provider>")
def unlink(provider: str) -> AnyResponse:
    """Stop reading the account from this moment on."""
    with transaction("unlink one's own watch") as session:
        mine = _mine(session, provider)
        if unlinking.unlink(session, mine.account_id, "unlinked by the person"):
            site().on_unlinked(session, mine.account_id)
    return redirect(url_for("watch.page"), 303)


def _mine(session: Session, provider: str) -> Connection:
    found = accounts.at(session, visit().participant_id, provider, *LIVE)
    if not found:
        raise NotFound
    return found[0]
