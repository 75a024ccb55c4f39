"""One's own account: how one logs in, codes on paper, open sessions, tokens of programs."""

from datetime import timedelta
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse
from wtforms import IntegerField, StringField

from hometrial.errors import TrialError
from hometrial.models import StaffSession
from hometrial.services.staffing import access, factors, passkeys, recovery, sessions, tokens, totp
from hometrial.services.staffing.passkeys import Answered
from hometrial.staff import opening
from hometrial.staff.pages.setting_up import (
    MADE,
    BothForm,
    CodeForm,
    PasswordForm,
    beside,
    drawn,
    same_twice,
    secret,
)
from hometrial.staff.permitting import COOKIE, permits
from hometrial.staff.study import me, reading, writing

LOG_INS = 10
_USUAL_DAYS = 90

pages = Blueprint("account", __name__, url_prefix="/account")


class TokenForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """What a token is for, and how long it lasts."""

    name = StringField("What it is for")
    days = IntegerField("Days that it lasts", default=_USUAL_DAYS)


class AppForm(CodeForm):
    """The code that the app shows."""

    code = StringField("The code that the app shows now")


@pages.get("")
@permits("account.own")
def page() -> str:
    """Show one's own account."""
    with reading() as database:
        return render_template(
            "account/account.html",
            ways=factors.ways(database, me().account_id),
            open_ones=sessions.open_ones(database, me().account_id),
            here=opening.here(),
            log_ins=access.log_ins(database, me().actor, LOG_INS),
            tokens=tokens.mine(database, me().account_id) if me().may("token.own") else [],
            held=me().held,
            has_passkeys=opening.has_passkeys(),
        )


def _changed(database: Session) -> str:
    """End every session but this one, which goes on under another cookie."""
    factors.changed(database, me().account_id)
    return opening.go_on(database, opening.here().means)


def _back(token: str, told: str) -> AnyResponse:
    session[COOKIE] = token
    flash(told)
    return redirect(url_for("account.page"), 303)


@pages.get("/passkeys/new")
@permits("account.own", fresh=True)
def new_passkey() -> str:
    """Offer to make a passkey."""
    opening.party()
    return render_template("account/passkey.html", refused="")


@pages.post("/passkeys/ask")
@permits("account.own", fresh=True)
def ask_passkey() -> ResponseReturnValue:
    """Tell the browser what to make a passkey for."""
    with writing("ask for a new passkey") as database:
        account = opening.account(database, me().account_id)
        asked = passkeys.ask_to_register(database, opening.party(), account, opening.bound())
    session[MADE] = asked.browser
    return asked.options, 200, {"Content-Type": "application/json"}


@pages.post("/passkeys")
@permits("account.own", fresh=True)
def add_passkey() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    browser, answer = str(session.pop(MADE, "")), request.form.get("answer", "")
    with writing("add a passkey") as database:
        given = Answered(browser, answer, opening.bound())
        made = passkeys.register(database, opening.party(), me().account_id, given)
        token = _changed(database) if made else None
    if token is None:
        told = "No passkey was made. Try once more."
        return render_template("account/passkey.html", refused=told), 422
    return _back(token, "The passkey opens this site from now on.")


@pages.route("/passkeys/<uuid:passkey_id>/remove", methods=["GET", "POST"])
@permits("account.own", fresh=True)
def remove_passkey(passkey_id: UUID) -> ResponseReturnValue:
    """Have a passkey open nothing more."""
    with reading() as database:
        own = {each.id for each in passkeys.mine(database, me().account_id)}
    if passkey_id not in own:
        raise NotFound
    text = "It opens nothing from then on, and every other open session of yours ends."
    if request.method == "GET":
        return _sure("Remove this passkey?", text, "Remove the passkey")
    try:
        with writing("remove a passkey") as database:
            factors.remove_passkey(database, me().account_id, passkey_id)
            token = _changed(database)
    except factors.FactorRefusedError as error:
        return _sure("Remove this passkey?", text, "Remove the passkey", str(error)), 422
    return _back(token, "The passkey opens nothing any more.")


def _sure(title: str, text: str, button: str, refused: str = "") -> str:
    return render_template(
        "account/sure.html", title=title, text=text, button=button, refused=refused
    )


@pages.route("/password", methods=["GET", "POST"])
@permits("account.own", fresh=True)
def password() -> ResponseReturnValue:
    """Change one's password; where there is none yet, set one up with an app."""
    with reading() as database:
        has_one = factors.ways(database, me().account_id).password_set_at is not None
    form = PasswordForm() if has_one else BothForm()
    if request.method == "GET":
        return _password_page(form, has_one=has_one)
    if not same_twice(form):
        return _password_page(form, has_one=has_one), 422
    chosen = str(form.password.data or "")
    try:
        with writing("change one's password") as database:
            account = opening.account(database, me().account_id)
            if isinstance(form, BothForm):
                code = str(form.code.data or "")
                factors.set_password(database, opening.keys(), account, (chosen, secret(), code))
            else:
                factors.change_password(database, account, chosen)
            token = _changed(database)
    except TrialError as error:
        beside(form, error)
        return _password_page(form, has_one=has_one), 422
    return _back(token, "The new password counts from now on.")


def _password_page(form: PasswordForm, *, has_one: bool) -> str:
    offered = secret()
    square = None if has_one else drawn(totp.address(offered, me().name))
    return render_template("account/password.html", form=form, offered=offered, square=square)


@pages.route("/password/remove", methods=["GET", "POST"])
@permits("account.own", fresh=True)
def remove_password() -> ResponseReturnValue:
    """Have password and app open nothing more."""
    shown = ("Remove password and app?", "You log in with a passkey alone from then on.", "Remove")
    if request.method == "GET":
        return _sure(*shown)
    try:
        with writing("remove one's password") as database:
            factors.remove_password(database, me().account_id)
            token = _changed(database)
    except factors.FactorRefusedError as error:
        return _sure(*shown, str(error)), 422
    return _back(token, "Password and app open nothing any more.")


@pages.route("/app", methods=["GET", "POST"])
@permits("account.own", fresh=True)
def app() -> ResponseReturnValue:
    """Take another app beside the same password."""
    form, offered = AppForm(), secret()
    square = drawn(totp.address(offered, me().name))
    with reading() as database:
        if factors.ways(database, me().account_id).password_set_at is None:
            raise NotFound
    if request.method == "POST":
        try:
            with writing("take another app") as database:
                account = opening.account(database, me().account_id)
                code = str(form.code.data or "")
                factors.change_app(database, opening.keys(), account, offered, code)
                token = _changed(database)
        except TrialError as error:
            beside(form, error)
        else:
            return _back(token, "Codes of the new app count from now on.")
    page = render_template("account/app.html", form=form, offered=offered, square=square)
    return page, 200 if request.method == "GET" else 422


@pages.route("/codes", methods=["GET", "POST"])
@permits("account.own", fresh=True)
def codes() -> str:
    """Make codes on paper; they are shown this once."""
    if request.method == "GET":
        text = (
            "Ten new ones are shown once. Those that you have on paper open nothing from then on."
        )
        return _sure("Make new codes on paper?", text, "Make new codes")
    with writing("make codes on paper") as database:
        made = recovery.renew(database, opening.keys().hash, me().account_id)
        account = opening.account(database, me().account_id)
    return render_template("entering/codes.html", codes=made, account=account, bare=True)


@pages.post("/sessions/<uuid:session_id>/end")
@permits("account.own")
def end_session(session_id: UUID) -> AnyResponse:
    """End one of one's own sessions."""
    with writing("end one's session") as database:
        own = StaffSession.account_id == me().account_id
        if not sessions.end(database, own, StaffSession.id == session_id, because="ended by owner"):
            raise NotFound
    return redirect(url_for("account.page"), 303)


@pages.post("/sessions/end-others")
@permits("account.own")
def end_others() -> AnyResponse:
    """End every one of one's own sessions but this."""
    with writing("end one's other sessions") as database:
        own = StaffSession.account_id == me().account_id
        others = StaffSession.id != opening.here().id
        ended = sessions.end(database, own, others, because="ended by owner")
    flash(f"{ended} other session{'' if ended == 1 else 's'} ended.")
    return redirect(url_for("account.page"), 303)


@pages.route("/tokens/new", methods=["GET", "POST"])
@permits("token.own", fresh=True)
def new_token() -> ResponseReturnValue:
    """Make a token; it is shown this once."""
    form = TokenForm()
    if request.method == "GET":
        return render_template("account/token.html", form=form, token=None)
    try:
        with writing("make a token") as database:
            days = timedelta(days=form.days.data if form.days.data is not None else 0)
            made = tokens.issue(database, me().account_id, str(form.name.data or ""), days)
    except TrialError as error:
        name, _, told = str(error).partition(": ")
        form[name].errors = [f"{told[:1].upper()}{told[1:]}."]
        return render_template("account/token.html", form=form, token=None), 422
    return render_template("account/token.html", form=form, token=made)


@pages.post("/tokens/<uuid:token_id>/revoke")
@permits("token.own")
def revoke_token(token_id: UUID) -> AnyResponse:
    """Have a token open nothing more."""
    with writing("revoke a token") as database:
        if not tokens.revoke(database, me().account_id, token_id):
            raise NotFound
    flash("The token opens nothing any more.")
    return redirect(url_for("account.page"), 303)
