"""Each page declares the one action that it is; who sits there is asked for it before the page runs (D10, TM2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar, cast

from flask import Flask, Response, g, redirect, request, session, url_for
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from hometrial.db import Database
from hometrial.services.staffing import access, acting, factors, sessions, tokens
from hometrial.services.staffing.access import Looked
from hometrial.services.staffing.acting import NotPermittedError
from hometrial.services.staffing.permissions import ACTIONS
from hometrial.staff import navigation
from hometrial.staff.study import study

Logs = Literal["viewed", "identity", "exported", "signed"]
View = TypeVar("View", bound=Callable[..., object])

COOKIE = "token"
_DECLARED = "hometrial_permits"
OPEN: frozenset[str] = frozenset({"assets.health", "assets.vega", "static", "bootstrap.static"})
"""Endpoints that need no session, beside those that `opens` marks: they tell nothing of the study."""
_GONE = 404
_REFUSED = (403, 429)
"""What was refused is noted where it was."""


@dataclass(frozen=True)
class Permit:
    """What a page is: an action, whether it asks for a fresh proof, and how its use is logged."""

    action: str
    fresh: bool = False
    logs: Logs | None = None
    by_itself: bool = False
    """A page's script asks for it: that nobody sits there any more must not go unnoticed."""
    by_token: bool = False
    """A program asks for it: its token says whose it is, and no cookie does."""
    leads_on: bool = False
    """The site's first address: whoever may not see it is led to the first area that they may see."""


def permits(
    action: str,
    *,
    fresh: bool = False,
    logs: Logs | None = None,
    by_itself: bool = False,
    leads_on: bool = False,
) -> Callable[[View], View]:
    """Declare the action of a page; below the route. Raises KeyError for one that is not in the table."""
    return _declares(Permit(action, fresh, logs, by_itself, leads_on=leads_on))


def permits_tokens(action: str, logs: Logs | None = None) -> Callable[[View], View]:
    """Declare the action of an address of the read interface. Raises KeyError for one that is not in the table."""
    return _declares(Permit(action, logs=logs, by_token=True))


def _declares(known: Permit) -> Callable[[View], View]:
    ACTIONS[known.action]

    def declare(view: View) -> View:
        setattr(view, _DECLARED, known)
        return view

    return declare


def opens(view: View) -> View:
    """Declare that a page needs no session: it tells nothing of the study."""
    setattr(view, _DECLARED, None)
    return view


def permit_of(app: Flask, endpoint: str) -> Permit | None:
    """Return what an endpoint declares, None: it is open. Raises LookupError if it declares nothing."""
    if endpoint in OPEN:
        return None
    view = app.view_functions[endpoint]
    if not hasattr(view, _DECLARED):
        raise LookupError(f"{endpoint} declares no action: put @permits below its route")
    return cast(Permit | None, getattr(view, _DECLARED))


def guard(app: Flask) -> None:
    """Ask every request who sits there and whether they may; refuse to start with an undeclared page."""
    for rule in app.url_map.iter_rules():
        permit_of(app, rule.endpoint)
    app.before_request(lambda: _require(app))
    app.after_request(lambda answer: _log(app, answer))


def _require(app: Flask) -> AnyResponse | None:
    permit = permit_of(app, request.endpoint) if request.endpoint else Permit("account.own")
    if permit is None:
        return None
    database = study().database
    if permit.by_token:
        _by_token(database, permit)
    else:
        _by_session(database, permit)
    if permit.leads_on and not g.actor.may(permit.action) and (areas := navigation.menu()):
        return redirect(url_for(areas[0][0].endpoint), 303)
    try:
        if permit.by_token:
            acting.authorise(g.actor, "token.own")
        g.sites = acting.authorise(g.actor, permit.action)
    except NotPermittedError:
        _note(database, "refused", permit.action)
        raise
    if permit.fresh and not sessions.is_fresh(g.session):
        return redirect(url_for("entering.confirm", next=request.full_path.rstrip("?")), 303)
    return None


def _by_session(database: Database, permit: Permit) -> None:
    with database.reading() as reading:
        found = sessions.live(reading, str(session.get(COOKIE, "")))
        if found is None:
            raise Unauthorized
        g.session, account = found
        g.actor, g.sites = acting.actor_of(reading, account), frozenset()
    if not permit.by_itself and sessions.is_due(g.session):
        with database.transaction(g.actor.actor, "a session is used") as writing:
            sessions.note_use(writing, g.session.id)


def _by_token(database: Database, permit: Permit) -> None:
    told = request.authorization
    token = told.token if told is not None and told.type == "bearer" else None
    with database.reading() as reading:
        holder = tokens.holder(reading, token) if token else None
    if holder is None or token is None:
        raise Unauthorized
    g.actor, g.sites = holder, frozenset()
    settings = database.settings
    with database.transaction(holder.actor, "a token is used") as writing:
        key = factors.keys_of(settings).hash
        refusal = tokens.spend(writing, key, token, settings.api_limit)
    if refusal is not None:
        if refusal.is_news:
            _note(database, "refused", permit.action)
        raise refusal


def _log(app: Flask, answer: Response) -> Response:
    if "actor" not in g or request.endpoint is None or answer.status_code in _REFUSED:
        return answer
    permit = permit_of(app, request.endpoint)
    about = (request.view_args or {}).get("code")
    if permit is None or permit.by_itself:
        return answer
    what = request.full_path.rstrip("?") if permit.by_token else request.path
    if about and answer.status_code == _GONE:
        _note(study().database, "refused", permit.action, what)
    elif permit.logs or about:
        _note(study().database, permit.logs or "viewed", permit.action, what)
    return answer


def _note(database: Database, kind: str, action: str, path: str | None = None) -> None:
    about = (request.view_args or {}).get("code")
    looked = Looked(
        who=g.actor.actor,
        kind=kind,
        what=f"{request.method} {path or request.path}",
        action=action,
        subject=about if isinstance(about, str) else None,
        address=request.remote_addr or "",
    )
    with database.transaction(g.actor.actor, "access log") as writing:
        access.note(writing, looked)
