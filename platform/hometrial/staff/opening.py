"""What the pages of the way in share: keys, where a request comes from, whom passkeys are for, and a new session."""

import math
from uuid import UUID

from flask import g, make_response, render_template, request, session
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hometrial.models import StaffAccount, StaffSession
from hometrial.services.entering import parties
from hometrial.services.entering.budgets import Wait
from hometrial.services.entering.parties import Party
from hometrial.services.staffing import access, factors, sessions
from hometrial.services.staffing.access import Looked
from hometrial.services.staffing.factors import Keys, Tried
from hometrial.staff.permitting import COOKIE
from hometrial.staff.study import study

SITE = "staff site"
"""Who acts while nobody is logged in."""
WRONG = "Name, password or code is not right. A code works once: wait for the next one."
"""Whatever is wrong: which part, and whether there is such an account, is nobody's business."""


def keys() -> Keys:
    """Return the keys of this study that the way in needs."""
    return factors.keys_of(study().database.settings)


def place() -> str:
    """Return where in the network the request comes from; headers that anybody can write say nothing here."""
    return request.remote_addr or "nowhere"


def tried(password: str | None, code: str | None) -> Tried:
    """Return what was typed."""
    return Tried(password or "", code or "", place())


def is_rehearsal() -> bool:
    """Say whether all of this is a rehearsal, with simulated watches and nobody's data."""
    return study().database.settings.simulators is not None


def has_passkeys() -> bool:
    """Say whether browsers make passkeys for this site's address."""
    return parties.party(study().database.settings.staff_url) is not None


def party() -> Party:
    """Return whom passkeys are made for. Raises NotFound (404) where none can be made."""
    found = parties.party(study().database.settings.staff_url)
    if found is None:
        raise NotFound
    return found


def begin(database: Session, account: StaffAccount, means: str) -> str:
    """Open a session for who proved who they are, end the browser's former one; return its token."""
    sessions.end_token(database, str(session.get(COOKIE, "")), "logged in anew")
    token = sessions.begin(database, account.id, means, place())
    note(database, f"staff:{account.name}", "log_in", f"by {means}")
    return token


def enter(token: str) -> None:
    """Have this browser be the one of the session, with nothing left of what it was before."""
    session.clear()
    session[COOKIE] = token


def go_on(database: Session, means: str) -> str:
    """Give the browser's session a fresh proof; return its new token."""
    return sessions.renew(database, here(), means, place())


def here() -> StaffSession:
    """Return this browser's session."""
    found = g.session
    assert isinstance(found, StaffSession)  # noqa: S101  # the guard put it there
    return found


def note(database: Session, who: str, kind: str, what: str) -> None:
    """Keep a log-in, or one that was refused, in the access log."""
    looked = Looked(who=who, kind=kind, what=what, action=request.endpoint or "", address=place())
    access.note(database, looked)


def refused(database: Session, name: str) -> None:
    """Note that somebody was refused. A name that nobody has is not kept: passwords are typed there by mistake."""
    known = access.known(database, name)
    note(database, f"staff:{known}" if known else "nobody", "refused_log_in", "wrong")


def too_often(wait: Wait, template: str, **given: object) -> AnyResponse:
    """Ask for some patience on the same page, and tell programs how much."""
    minutes = math.ceil(wait.seconds / 60)
    text = f"Too many tries. Try again in {minutes} minute{'s' if minutes > 1 else ''}."
    answer = make_response(render_template(template, refused=text, **given), 429)
    answer.headers["Retry-After"] = str(wait.seconds)
    return answer


def bound() -> bytes:
    """Return what a passkey's challenge is bound to: this browser's session."""
    return bytes(here().token_sha256)


def account(database: Session, account_id: UUID) -> StaffAccount:
    """Return an account that is known to be there."""
    return database.get_one(StaffAccount, account_id)
