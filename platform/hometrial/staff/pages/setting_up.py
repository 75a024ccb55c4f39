"""The first log-in, by a link: a passkey, or a password with an app. The link never stands in for what is set up.

Who can log in already gives a code as well: of the app, or one on paper. So a link that falls into other hands opens
nothing of an account in use.
"""

import secrets

import segno
from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse
from wtforms import PasswordField, StringField

from hometrial.errors import TrialError
from hometrial.models import StaffAccount
from hometrial.services.entering.budgets import Wait
from hometrial.services.staffing import factors, links, passkeys, recovery, totp
from hometrial.services.staffing.passkeys import Answered
from hometrial.services.staffing.passwords import SHORTEST
from hometrial.staff import opening
from hometrial.staff.pages.entering import BY_LINK
from hometrial.staff.permitting import opens
from hometrial.staff.study import study

MADE, SALT = "register_passkey", "app_salt"
_MAKE = "set up how one logs in"
_NONE_MADE = "No passkey was made. Try once more, or take password and app."

pages = Blueprint("setting_up", __name__, url_prefix="/setup")


class PasswordForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A new password, typed twice."""

    password = PasswordField(f"New password, {SHORTEST} characters at least")
    again = PasswordField("The same once more")


class BothForm(PasswordForm):
    """A new password, and the code that the app shows."""

    code = StringField("The code that the app shows now")


class CodeForm(FlaskForm):  # type: ignore[misc]
    """A code, as it was typed."""

    code = StringField("Code of the app, or one on paper")


def same_twice(form: PasswordForm) -> bool:
    """Say whether the password was typed twice the same; tell it beside the field if not."""
    if (form.password.data or "") == (form.again.data or ""):
        return True
    form.again.errors = ["This is not the same as above."]
    return False


def beside(form: FlaskForm, error: TrialError) -> None:
    """Show a refusal beside the field that it names."""
    name, _, told = str(error).partition(": ")
    field = form[name] if name in form else form["code" if "code" in form else "password"]
    field.errors = [(told or name)[:1].upper() + (told or name)[1:] + "."]


def drawn(address: str) -> str:
    """Return the square of dots that an app reads, as a picture's address."""
    return str(segno.make(address, error="m").svg_data_uri(scale=4, light="#fff"))


def secret() -> str:
    """Return the secret that this browser is offered for an app; another browser is offered another one."""
    salt = session.setdefault(SALT, secrets.token_urlsafe(16))
    return totp.secret(opening.keys().hash, str(salt))


def with_codes(account: StaffAccount, codes: list[str]) -> str:
    """Return the page that shows codes on paper, once."""
    return render_template("entering/codes.html", codes=codes, account=account, bare=True)


def _gone() -> ResponseReturnValue:
    text = (
        "This link was used, replaced by a newer one, or is too old. Ask whoever keeps the accounts for another: "
        "they make it at System, Accounts, or at the command line."
    )
    return render_template(
        "message.html", title="This link opens nothing", text=text, bare=True
    ), 404


@pages.get("/<token>")
@opens
def page(token: str) -> ResponseReturnValue:
    """Offer ways to log in; in a rehearsal, log in at once."""
    with study().database.reading() as reading:
        account = links.owner(reading, token)
        ways = None if account is None else factors.ways(reading, account.id)
    if account is None or ways is None:
        return _gone()
    if opening.is_rehearsal():
        return _log_in_at_once(account)
    if ways.any:
        return _prove_page(token, account, CodeForm(formdata=None))
    return _choose_page(token, account, BothForm(formdata=None))


def _log_in_at_once(account: StaffAccount) -> AnyResponse:
    """In a rehearsal there is nobody's data to guard, and the link opens until its time is over."""
    with study().database.transaction(f"staff:{account.name}", "log in to a rehearsal") as writing:
        opened = opening.begin(writing, account, BY_LINK)
    opening.enter(opened)
    return redirect("/", 303)


def _choose_page(token: str, account: StaffAccount, form: BothForm, refused: str = "") -> str:
    offered, form.code.data = secret(), ""
    return render_template(
        "entering/setup.html",
        token=token,
        account=account,
        form=form,
        refused=refused,
        offered=offered,
        square=drawn(totp.address(offered, account.name)),
        has_passkeys=opening.has_passkeys(),
        bare=True,
    )


def _prove_page(token: str, account: StaffAccount, form: CodeForm, refused: str = "") -> str:
    form.code.data = ""
    return render_template(
        "entering/prove.html", token=token, account=account, form=form, refused=refused, bare=True
    )


def _new_owner(writing: Session, token: str) -> StaffAccount | None:
    """Return whose link this is if they can log in in no other way yet; held until the end."""
    account = links.hold(writing, token)
    is_new = account is not None and not factors.ways(writing, account.id).any
    return account if is_new else None


@pages.post("/<token>/password")
@opens
def set_password(token: str) -> ResponseReturnValue:
    """Set password and app up for whoever holds the link, and log in."""
    form = BothForm()
    chosen = (str(form.password.data or ""), secret(), str(form.code.data or ""))
    try:
        with study().database.transaction(opening.SITE, _MAKE) as writing:
            account = _new_owner(writing, token)
            if account is None:
                return redirect(url_for("setting_up.page", token=token), 303)
            if not same_twice(form):
                return _choose_page(token, account, form), 422
            factors.set_password(writing, opening.keys(), account, chosen)
            codes, opened = _begun(writing, token, account, "password and code")
    except TrialError as error:
        beside(form, error)
        with study().database.reading() as reading:
            account = links.owner(reading, token)
        return _gone() if account is None else (_choose_page(token, account, form), 422)
    opening.enter(opened)
    return with_codes(account, codes)


def _begun(
    writing: Session, token: str, account: StaffAccount, means: str
) -> tuple[list[str], str]:
    """Use the link up, end what was opened before, make codes on paper and open a session."""
    links.use(writing, token, "set up")
    factors.changed(writing, account.id)
    codes = recovery.renew(writing, opening.keys().hash, account.id)
    return codes, opening.begin(writing, account, means)


@pages.post("/<token>/passkey/ask")
@opens
def ask_passkey(token: str) -> ResponseReturnValue:
    """Tell the browser what to make a passkey for."""
    party = opening.party()
    with study().database.transaction(opening.SITE, "ask for a new passkey") as writing:
        account = links.owner(writing, token)
        if account is None or factors.ways(writing, account.id).any:
            return redirect(url_for("setting_up.page", token=token), 303)
        asked = passkeys.ask_to_register(writing, party, account, links.bound(token))
    session[MADE] = asked.browser
    return asked.options, 200, {"Content-Type": "application/json"}


@pages.post("/<token>/passkey")
@opens
def register(token: str) -> ResponseReturnValue:
    """Keep the passkey that the browser made, and log in."""
    browser, answer = str(session.pop(MADE, "")), request.form.get("answer", "")
    with study().database.transaction(opening.SITE, _MAKE) as writing:
        account = _new_owner(writing, token)
        if account is None:
            return redirect(url_for("setting_up.page", token=token), 303)
        given = Answered(browser, answer, links.bound(token))
        made = passkeys.register(writing, opening.party(), account.id, given)
        begun = _begun(writing, token, account, "passkey") if made else None
    if begun is None:
        return _choose_page(token, account, BothForm(formdata=None), _NONE_MADE), 422
    opening.enter(begun[1])
    return with_codes(account, begun[0])


@pages.post("/<token>/code")
@opens
def prove(token: str) -> ResponseReturnValue:
    """Log in who holds the link and a code: so a lost password or device is replaced."""
    form, opened = CodeForm(), None
    with study().database.transaction(opening.SITE, "log in by link and code") as writing:
        account = links.hold(writing, token)
        if account is None:
            return _gone()
        code = str(form.code.data or "")
        found = factors.second(writing, opening.keys(), account, code, opening.place())
        if isinstance(found, str) and links.use(writing, token, "logged in with a code"):
            opened = opening.begin(writing, account, f"link and {found}")
        else:
            opening.refused(writing, account.name)
    if isinstance(found, Wait):
        given = {"token": token, "account": account, "form": form, "bare": True}
        return opening.too_often(found, "entering/prove.html", **given)
    if opened is None:
        return _prove_page(token, account, form, "This code is not right, or was used."), 422
    opening.enter(opened)
    return redirect("/", 303)
