"""A person's passkeys and open pages: making one, removing one, closing every page but this."""

from uuid import UUID

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.participant import entrance
from hometrial.participant.site import transaction, visit
from hometrial.participant.sources import zone
from hometrial.services.entering import addresses, passkeys, visits

REGISTER = "register_passkey"

pages = Blueprint("passkeys", __name__, url_prefix="/passkeys")


@pages.get("")
def page() -> str:
    """Show the person's passkeys, and how many more pages of theirs are open."""
    with transaction("look at one's own passkeys") as database:
        return render_template(
            "entering/passkeys.html",
            mine=passkeys.mine(database, visit().participant_id),
            has_address=addresses.of_person(database, visit().participant_id) is not None,
            others=visits.others(database, visit()),
            has_passkeys=entrance.has_passkeys(),
            now=clock.now(),
            zone=zone(database, visit().participant_id),
        )


@pages.get("/new")
def new() -> AnyResponse | str:
    """Offer to make a passkey; who can prove who they are does so first."""
    entrance.party()
    with transaction("look whether a passkey can be made") as database:
        voucher = passkeys.voucher(database, visit())
    if voucher is None:
        return redirect(url_for("confirming.page", next=url_for("passkeys.new")), 303)
    return render_template("entering/new.html", refused="")


@pages.post("/ask")
def ask() -> ResponseReturnValue:
    """Tell the browser what to make a passkey for."""
    party = entrance.party()
    with transaction("ask for a new passkey") as database:
        can = passkeys.voucher(database, visit()) is not None
        name = gettext("Your study page")
        asked = passkeys.ask_to_register(database, party, visit(), name) if can else None
    if asked is None:  # confirmed too long ago
        return redirect(url_for("confirming.page", next=url_for("passkeys.new")), 303)
    session[REGISTER] = asked.browser
    return asked.options, 200, {"Content-Type": "application/json"}


@pages.post("")
def register() -> ResponseReturnValue:
    """Keep the passkey that the browser made."""
    with transaction("register a passkey") as database:
        made = passkeys.register(
            database,
            entrance.party(),
            visit(),
            str(session.pop(REGISTER, "")),
            request.form.get("answer", ""),
        )
    if made is None:
        refused = gettext("No passkey was made. You can try once more, or leave it.")
        return render_template("entering/new.html", refused=refused), 400
    return redirect(url_for("passkeys.page"), 303)


@pages.post("/<uuid:passkey_id>/remove")
def remove(passkey_id: UUID) -> AnyResponse:
    """Have a passkey open nothing more, and close the pages that it may have opened."""
    with transaction("remove a passkey") as database:
        removed = passkeys.remove(database, visit().participant_id, passkey_id)
        if removed:
            visits.close_others(database, visit())
    if not removed:
        raise NotFound
    return redirect(url_for("passkeys.page"), 303)


@pages.post("/close")
def close() -> AnyResponse:
    """Close every other open page of the person."""
    with transaction("close one's other pages") as database:
        visits.close_others(database, visit())
    return redirect(url_for("passkeys.page"), 303)
