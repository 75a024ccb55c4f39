"""The way in: a passkey, or a name with password and code; the proof anew before a signature; the way out."""

import time
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField

from hometrial.services.entering import budgets
from hometrial.services.entering.budgets import Wait
from hometrial.services.staffing import access, factors, passkeys, sessions
from hometrial.services.staffing.passkeys import Answered
from hometrial.staff import opening
from hometrial.staff.permitting import COOKIE, opens, permits
from hometrial.staff.study import me, study
from hometrial.staff.ways import inside

EVEN = 0.4
"""An answer to a name takes at least so many seconds: whether somebody has it cannot be measured."""
ASKED, CONFIRM = "enter_passkey", "confirm_passkey"
BY_LINK = "link of a rehearsal"
_NO_PASSKEY = "The passkey did not work here. Try it once more, or take password and code."

pages = Blueprint("entering", __name__)


class EnterForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Name, password and code, as they were typed."""

    name = StringField("Name")
    password = PasswordField("Password")
    code = StringField("Code of the app, or one on paper")


class ConfirmForm(FlaskForm):  # type: ignore[misc]
    """Password and code, as they were typed."""

    password = PasswordField("Password")
    code = StringField("Code of the app, or one on paper")


def form_page(to: str, form: EnterForm | None = None, refused: str = "") -> str:
    """Return the page that asks who is there."""
    return render_template(
        "entering/enter.html",
        form=form or EnterForm(formdata=None),
        to=to,
        refused=refused,
        has_passkeys=opening.has_passkeys(),
        bare=True,
    )


def _to() -> str:
    return inside(request.values.get("next", "/"))


@pages.get("/login")
@opens
def login() -> ResponseReturnValue:
    """Ask who is there; whoever is in already is led on."""
    with study().database.reading() as reading:
        found = sessions.live(reading, str(session.get(COOKIE, "")))
    return form_page(_to()) if found is None else redirect(_to(), 303)


@pages.post("/login")
@opens
def enter() -> ResponseReturnValue:
    """Open a session for whose name, password and code these are."""
    began, form = time.monotonic(), EnterForm()
    typed = opening.tried(form.password.data, form.code.data)
    name = str(form.name.data or "")
    with study().database.transaction(opening.SITE, "log in") as writing:
        found = factors.enter(writing, opening.keys(), name, typed)
        begun = None
        if isinstance(found, tuple):
            begun = _begin(writing, *found)
        else:
            opening.refused(writing, name)
    time.sleep(max(0.0, EVEN - (time.monotonic() - began)))
    form.code.data = ""
    if isinstance(found, Wait):
        return opening.too_often(found, "entering/enter.html", **_shown(form))
    if begun is None:
        return form_page(_to(), form, opening.WRONG), 422
    return _lead_on(*begun)


def _shown(form: EnterForm) -> dict[str, object]:
    return {"form": form, "to": _to(), "has_passkeys": opening.has_passkeys(), "bare": True}


def _begin(writing: Session, account_id: UUID, means: str) -> tuple[str, int]:
    """Open a session; return its token, and how many log-ins were refused since the last one."""
    account = opening.account(writing, account_id)
    tries = access.refusals_since_log_in(writing, f"staff:{account.name}")
    return opening.begin(writing, account, means), tries


def _lead_on(token: str, tries: int) -> AnyResponse:
    opening.enter(token)
    if tries:
        flash(
            f"{tries} log-in{'s' if tries > 1 else ''} in your name refused since your last one. "
            "If that was not you, tell whoever keeps the accounts."
        )
    return redirect(_to(), 303)


@pages.post("/login/passkey/ask")
@opens
def ask_passkey() -> ResponseReturnValue:
    """Tell the browser what a passkey has to sign."""
    party = opening.party()
    with study().database.transaction(opening.SITE, "ask for a passkey") as writing:
        due = (factors.ASKED_FROM, opening.place())
        wait = budgets.spend(writing, opening.keys().hash, due)
        asked = passkeys.ask_to_use(writing, party) if wait is None else None
    if asked is None:
        return {}, 429, {"Retry-After": str(wait.seconds if wait else 1)}
    session[ASKED] = asked.browser
    return asked.options, 200, {"Content-Type": "application/json"}


@pages.post("/login/passkey")
@opens
def enter_by_passkey() -> ResponseReturnValue:
    """Open a session for whose passkey answered."""
    given = Answered(str(session.pop(ASKED, "")), request.form.get("answer", ""))
    with study().database.transaction(opening.SITE, "log in") as writing:
        found = passkeys.use(writing, opening.party(), given)
        begun = None if found is None else _begin(writing, found, "passkey")
        if begun is None:
            opening.note(writing, "nobody", "refused_log_in", "a passkey that is none of ours")
    if begun is None:
        return form_page(_to(), refused=_NO_PASSKEY), 422
    return _lead_on(*begun)


@pages.get("/confirm")
@permits("account.own")
def confirm() -> str:
    """Ask who sits there for a fresh proof that it is still them."""
    return render_template("entering/confirm.html", **_confirming(ConfirmForm(formdata=None)))


def _confirming(form: ConfirmForm, refused: str = "") -> dict[str, object]:
    with study().database.reading() as reading:
        ways = factors.ways(reading, me().account_id)
    return {
        "form": form,
        "to": _to(),
        "refused": refused,
        "by_passkey": bool(ways.passkeys) and opening.has_passkeys(),
        "by_password": ways.password_set_at is not None,
        "by_link": _by_link(),
    }


def _by_link() -> bool:
    return opening.is_rehearsal() and opening.here().means == BY_LINK


@pages.post("/confirm")
@permits("account.own")
def confirm_by_password() -> ResponseReturnValue:
    """Note that it is still them, by password and code."""
    form = ConfirmForm()
    typed = opening.tried(form.password.data, form.code.data)
    with study().database.transaction(me().actor, "confirm who it is") as writing:
        account = opening.account(writing, me().account_id)
        found = factors.confirm(writing, opening.keys(), account, typed)
        token = opening.go_on(writing, found) if isinstance(found, str) else None
        if token is None:
            opening.refused(writing, account.name)
    form.code.data = ""
    if isinstance(found, Wait):
        shown = _confirming(form)
        shown.pop("refused")
        return opening.too_often(found, "entering/confirm.html", **shown)
    if token is None:
        return render_template("entering/confirm.html", **_confirming(form, opening.WRONG)), 422
    session[COOKIE] = token
    return redirect(_to(), 303)


@pages.post("/confirm/passkey/ask")
@permits("account.own")
def ask_to_confirm() -> ResponseReturnValue:
    """Tell the browser what one of the account's passkeys has to sign."""
    with study().database.transaction(me().actor, "ask for a passkey") as writing:
        asked = passkeys.ask_to_use(writing, opening.party(), me().account_id, opening.bound())
    session[CONFIRM] = asked.browser
    return asked.options, 200, {"Content-Type": "application/json"}


@pages.post("/confirm/passkey")
@permits("account.own")
def confirm_by_passkey() -> ResponseReturnValue:
    """Note that it is still them, by a passkey."""
    answer = request.form.get("answer", "")
    given = Answered(str(session.pop(CONFIRM, "")), answer, opening.bound())
    with study().database.transaction(me().actor, "confirm who it is") as writing:
        found = passkeys.use(writing, opening.party(), given, me().account_id)
        token = None if found is None else opening.go_on(writing, "passkey")
        if token is None:
            opening.refused(writing, me().name)
    if token is None:
        shown = _confirming(ConfirmForm(formdata=None), _NO_PASSKEY)
        return render_template("entering/confirm.html", **shown), 422
    session[COOKIE] = token
    return redirect(_to(), 303)


@pages.post("/confirm/rehearsal")
@permits("account.own")
def confirm_in_rehearsal() -> AnyResponse:
    """In a rehearsal, whoever came by its link says so once more."""
    if not _by_link():
        raise NotFound
    with study().database.transaction(me().actor, "confirm in a rehearsal") as writing:
        token = opening.go_on(writing, BY_LINK)
    session[COOKIE] = token
    return redirect(_to(), 303)


@pages.post("/logout")
@permits("account.own")
def leave() -> AnyResponse:
    """End the session, here and on the server."""
    with study().database.transaction(me().actor, "log out") as writing:
        sessions.end_token(writing, str(session.get(COOKIE, "")), "logged out")
        opening.note(writing, me().actor, "log_out", "by hand")
    session.clear()
    return redirect(url_for("entering.login"), 303)
