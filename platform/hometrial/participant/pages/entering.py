"""The way in without a link: a code by e-mail, or a passkey. What is answered never tells who is known here."""

import time
from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField

from hometrial.participant import entrance, visiting
from hometrial.participant.entrance import CodeForm
from hometrial.participant.site import transaction
from hometrial.participant.ways import inside
from hometrial.services.entering import budgets, codes, freshness, passkeys
from hometrial.services.entering.addresses import AddressRefusedError
from hometrial.services.entering.budgets import Wait
from hometrial.services.entering.codes import Place, Refusal
from hometrial.services.syncing import invitations

EVEN = 0.3
"""An answer about an address takes at least so many seconds: known or not, that is all there is to measure."""
CODE, PASSKEY = "enter_code", "enter_passkey"

pages = Blueprint("entering", __name__, url_prefix="/enter")


class EmailForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """The address, as it was typed."""

    email = StringField(lazy_gettext("Your e-mail address"))


def form_page(to: str, form: EmailForm | None = None, *, closed: bool = False) -> str:
    """Return the page that asks for an address or a passkey; `closed` if the person was in before."""
    return render_template(
        "entering/enter.html",
        form=form or EmailForm(formdata=None),
        to=to,
        closed=closed,
        has_passkeys=entrance.has_passkeys(),
    )


@pages.get("")
def page() -> AnyResponse | str:
    """Ask for an address; who is in already is led on."""
    to = _to()
    with transaction("see whether a visit is open") as database:
        found = invitations.visit(database, visiting.cookie())
    if found is not None:
        return redirect(to, 303)
    return form_page(to)


@pages.post("")
def ask() -> ResponseReturnValue:
    """Have a code sent, if the address is known; the answer is the same if it is not."""
    began = time.monotonic()
    to, form = _to(), EmailForm()
    try:
        with transaction("ask for a code to come in") as database:
            asked = codes.ask(
                database,
                entrance.keys(),
                str(form.email.data or ""),
                Place(entrance.client()),
                entrance.outgoing(),
            )
    except AddressRefusedError:
        form.email.errors = [gettext("This is no e-mail address. It looks like name@example.org.")]
        return form_page(to, form), 400
    time.sleep(max(0.0, EVEN - (time.monotonic() - began)))
    if isinstance(asked, Wait):
        return entrance.too_often(asked)
    session[CODE] = asked
    return redirect(url_for("entering.code", next=to), 303)


@pages.get("/code")
def code() -> AnyResponse | str:
    """Ask for the code that was sent."""
    if CODE not in session:
        return redirect(url_for("entering.page", next=_to()), 303)
    return render_template("entering/code.html", form=CodeForm(), to=_to(), here="entering")


@pages.post("/code")
def answer() -> ResponseReturnValue:
    """Open a visit for who typed the code."""
    form, to = CodeForm(), _to()
    with transaction("come in by a code") as database:
        found = codes.answer(
            database,
            entrance.keys(),
            str(session.get(CODE, "")),
            str(form.code.data or ""),
            Place(entrance.client()),
        )
        cookie = (
            freshness.open_visit(database, found, "e-mail code", visiting.cookie())
            if isinstance(found, UUID)
            else None
        )
    if isinstance(found, Wait):
        return entrance.too_often(found)
    if cookie is None:
        form.code.errors = [why(found)]
        return render_template("entering/code.html", form=form, to=to, here="entering"), 400
    visiting.begin(cookie)
    return redirect(to, 303)


def why(refusal: UUID | Refusal) -> str:
    """Say why a code opened nothing, and what to do."""
    if refusal == "wrong":
        return str(gettext("This is not the code. Please look at the newest message once more."))
    return str(gettext("This code does not work any more. Please ask for a new one."))


@pages.post("/passkey/ask")
def ask_passkey() -> ResponseReturnValue:
    """Tell the browser what a passkey has to sign."""
    to = entrance.party()
    with transaction("ask for a passkey to come in") as database:
        wait = budgets.spend(
            database, entrance.keys().codes, (budgets.ASKED_FROM, entrance.client())
        )
        asked = passkeys.ask_to_use(database, to) if wait is None else None
    if asked is None:
        return entrance.too_often(wait or Wait(1))
    session[PASSKEY] = asked.browser
    return asked.options, 200, {"Content-Type": "application/json"}


@pages.post("/passkey")
def passkey() -> ResponseReturnValue:
    """Open a visit for whose passkey answered."""
    to, party = _to(), entrance.party()
    with transaction("come in by a passkey") as database:
        found = passkeys.use(
            database, party, str(session.get(PASSKEY, "")), request.form.get("answer", "")
        )
        cookie = (
            None
            if found is None
            else freshness.open_visit(database, found, "passkey", visiting.cookie())
        )
    if cookie is None:
        form = EmailForm()
        form.form_errors = [gettext("The passkey did not work here. A code by e-mail does.")]
        return form_page(to, form), 400
    visiting.begin(cookie)
    return redirect(to, 303)


def _to() -> str:
    return inside(request.values.get("next", "/"))
