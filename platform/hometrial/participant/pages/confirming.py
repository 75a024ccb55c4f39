"""Proving anew who one is, by a code or a passkey, before something that only the person may do."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from hometrial.participant import entrance, visiting
from hometrial.participant.entrance import CodeForm
from hometrial.participant.pages.entering import why
from hometrial.participant.site import transaction, visit
from hometrial.participant.ways import inside
from hometrial.services.entering import addresses, codes, freshness, passkeys
from hometrial.services.entering.budgets import Wait
from hometrial.services.entering.codes import Place

CODE, PASSKEY = "confirm_code", "confirm_passkey"

pages = Blueprint("confirming", __name__, url_prefix="/confirm")


@pages.get("")
def page() -> str:
    """Offer the ways in which this person can prove who they are."""
    return _page()


def _page(refused: str = "") -> str:
    who = visit().participant_id
    with transaction("look how one can confirm who one is") as database:
        has_address = addresses.of_person(database, who) is not None
        has_passkey = entrance.has_passkeys() and bool(passkeys.mine(database, who))
    return render_template(
        "entering/confirm.html",
        to=_to(),
        has_address=has_address,
        has_passkey=has_passkey,
        refused=refused,
    )


@pages.post("")
def ask() -> ResponseReturnValue:
    """Have a code sent to the person of this visit."""
    with transaction("ask for a code to confirm who one is") as database:
        asked = codes.ask_to_confirm(
            database, entrance.keys(), visit(), entrance.client(), entrance.outgoing()
        )
    if asked is None:
        return redirect(url_for("confirming.page", next=_to()), 303)
    if isinstance(asked, Wait):
        return entrance.too_often(asked)
    session[CODE] = asked
    return redirect(url_for("confirming.code", next=_to()), 303)


@pages.get("/code")
def code() -> AnyResponse | str:
    """Ask for the code that was sent."""
    if CODE not in session:
        return redirect(url_for("confirming.page", next=_to()), 303)
    return render_template("entering/code.html", form=CodeForm(), to=_to(), here="confirming")


@pages.post("/code")
def answer() -> ResponseReturnValue:
    """Note that the person proved who they are, and give the visit another cookie."""
    form, to = CodeForm(), _to()
    with transaction("confirm who one is by a code") as database:
        found = codes.answer(
            database,
            entrance.keys(),
            str(session.get(CODE, "")),
            str(form.code.data or ""),
            Place(entrance.client(), visit()),
        )
        cookie = (
            freshness.confirm(database, visit(), "e-mail code") if isinstance(found, UUID) else None
        )
    if isinstance(found, Wait):
        return entrance.too_often(found)
    if cookie is None:
        form.code.errors = [why(found)]
        return render_template("entering/code.html", form=form, to=to, here="confirming"), 400
    visiting.go_on(cookie)
    return redirect(to, 303)


@pages.post("/passkey/ask")
def ask_passkey() -> ResponseReturnValue:
    """Tell the browser what one of the person's passkeys has to sign."""
    with transaction("ask for a passkey to confirm who one is") as database:
        asked = passkeys.ask_to_use(database, entrance.party(), visit())
    session[PASSKEY] = asked.browser
    return asked.options, 200, {"Content-Type": "application/json"}


@pages.post("/passkey")
def passkey() -> ResponseReturnValue:
    """Note that the person proved who they are, and give the visit another cookie."""
    with transaction("confirm who one is by a passkey") as database:
        found = passkeys.use(
            database,
            entrance.party(),
            str(session.get(PASSKEY, "")),
            request.form.get("answer", ""),
            visit(),
        )
        cookie = None if found is None else freshness.confirm(database, visit(), "passkey")
    if cookie is None:
        return _page(gettext("The passkey did not work here. Please try once more.")), 400
    visiting.go_on(cookie)
    return redirect(_to(), 303)


def _to() -> str:
    return inside(request.values.get("next", "/"))
