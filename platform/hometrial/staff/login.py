"""One link logs in: its token is compared in constant time and then replaced by a session."""

import hashlib
import hmac
import secrets
import threading
from datetime import datetime, timedelta
from typing import cast

from flask import Blueprint, Flask, Response, current_app, redirect, request, session, url_for
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock

IDLE = timedelta(minutes=15)
"""A session unused for so long ends (trust.md TM9)."""
LONGEST = timedelta(hours=12)
"""A session ends so long after the log-in, used or not (trust.md TM9)."""
OPEN = frozenset({"login.enter", "assets.health", "assets.vega", "static", "bootstrap.static"})
"""Endpoints that need no session: they tell nothing of the study."""
BY_ITSELF = frozenset({"sync.live", "sync.live_of_person"})
"""What a page asks for by itself: that nobody sits there any more must not go unnoticed."""

pages = Blueprint("login", __name__)


class Login:
    """The token of this run and the sessions that it opened; both end with the process."""

    def __init__(self, token: str) -> None:
        self._token = hashlib.sha256(token.encode()).digest()
        self._sessions: dict[str, tuple[datetime, datetime]] = {}
        self._lock = threading.Lock()

    @property
    def cookie_name(self) -> str:
        """A name of this run's own: cookies of two studies on one host's ports must not mix."""
        return f"hometrial_{hashlib.sha256(self._token).hexdigest()[:8]}"

    def guard(self, app: Flask) -> None:
        """Ask every request for a session, except those of `OPEN`."""
        app.extensions["hometrial_login"] = self
        app.before_request(self._require)

    def _require(self) -> None:
        if request.endpoint in OPEN:
            return
        used = request.endpoint not in BY_ITSELF
        if not self._is_live(session.get("id", ""), used=used):
            raise Unauthorized

    def opens(self, token: str) -> bool:
        """Compare a token with this run's, in constant time."""
        return hmac.compare_digest(hashlib.sha256(token.encode()).digest(), self._token)

    def begin(self) -> str:
        """Open a session and return its id."""
        now, made = clock.now(), secrets.token_urlsafe(32)
        with self._lock:
            self._sessions = {
                id_: times for id_, times in self._sessions.items() if _lasts(*times, now)
            }
            self._sessions[made] = (now, now)
        return made

    def end(self, session_id: str) -> None:
        """End a session; its cookie is worth nothing from now on."""
        with self._lock:
            self._sessions.pop(session_id, None)

    def _is_live(self, session_id: str, *, used: bool) -> bool:
        now = clock.now()
        with self._lock:
            times = self._sessions.get(session_id)
            if times is None or not _lasts(*times, now):
                return False
            if used:
                self._sessions[session_id] = (times[0], now)
        return True


def _lasts(opened: datetime, used: datetime, now: datetime) -> bool:
    return now - used <= IDLE and now - opened <= LONGEST


def _login() -> Login:
    return cast(Login, current_app.extensions["hometrial_login"])


@pages.get("/login")
def enter() -> AnyResponse:
    """Exchange the token for a session; the address that holds it is left at once."""
    login = _login()
    if not login.opens(request.args.get("token", "")):
        raise Unauthorized
    login.end(session.get("id", ""))
    session.clear()
    session["id"] = login.begin()
    return redirect(url_for("completeness.grid"), 303)


@pages.post("/logout")
def leave() -> AnyResponse:
    """End the session."""
    _login().end(session.get("id", ""))
    session.clear()
    return Response(status=303, headers={"Location": url_for("completeness.grid")})
