"""One link logs its account in: the token is compared in constant time and then replaced by a session."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Flask, Response, current_app, redirect, request, session
from sqlalchemy import select
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from hometrial.models import StaffAccount
from hometrial.services.staffing import sessions
from hometrial.staff.permitting import COOKIE, opens, permits
from hometrial.staff.study import study

pages = Blueprint("entering", __name__)


@dataclass(frozen=True)
class Link:
    """The token of this run, and the account that it logs in."""

    token: str
    account: str

    def opens(self, token: str) -> bool:
        """Compare a token with this run's, in constant time."""
        theirs, ours = (hashlib.sha256(each.encode()).digest() for each in (token, self.token))
        return hmac.compare_digest(theirs, ours)


def teach(app: Flask, link: Link | None) -> None:
    """Let the site know the link of this run."""
    app.extensions["hometrial_link"] = link


@pages.get("/login")
@opens
def enter() -> AnyResponse:
    """Exchange the token for a session; the address that holds it is left at once."""
    link = cast(Link | None, current_app.extensions["hometrial_link"])
    if link is None or not link.opens(request.args.get("token", "")):
        raise Unauthorized
    with study().database.transaction(f"staff:{link.account}", "log in") as writing:
        account = writing.scalars(
            select(StaffAccount).where(StaffAccount.name == link.account)
        ).one()
        sessions.end_token(writing, str(session.get(COOKIE, "")), "logged in anew")
        token = sessions.begin(writing, account.id, "link", request.remote_addr or "")
    session.clear()
    session[COOKIE] = token
    return redirect("/", 303)


@pages.post("/logout")
@permits("account.own")
def leave() -> AnyResponse:
    """End the session."""
    with study().database.transaction("staff", "log out") as writing:
        sessions.end_token(writing, str(session.get(COOKIE, "")), "logged out")
    session.clear()
    return Response(status=303, headers={"Location": "/"})
