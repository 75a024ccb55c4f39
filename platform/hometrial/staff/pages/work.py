"""What waits for somebody: open work in the order of risk, each with one thing to do."""

from collections.abc import Mapping

from flask import Blueprint, render_template

from hometrial.services.viewing import today
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

pages = Blueprint("work", __name__)

ACTIONS: Mapping[str, tuple[str, str]] = {
    "reconnect": ("Send a link to reconnect", "hometrial link invite {code}"),
    "not_linked": (
        "Ask for the watch to be set up with the same account, then send a link",
        "hometrial link invite {code}",
    ),
    "wrong_account": (
        "Ask which account is theirs, then send a link",
        "hometrial link invite {code}",
    ),
    "retired": ("Send a link to another provider", "hometrial link invite {code}"),
    "relink_before_end": ("Send a link to another provider", "hometrial link invite {code}"),
    "scope_missing": ("Send a link; the box must be ticked there", "hometrial link invite {code}"),
    "revoke_pending": ("Nothing to do, or what the reason says", "hometrial link list"),
    "our_bug": ("Report it with the request's id from the sync log", "hometrial doctor {code}"),
    "stopping_rule": (
        "Have the safety monitor meet; close the alert with what was decided",
        "hometrial alert list",
    ),
    "accountability": ("Count, and correct what is wrong", "hometrial supply check"),
    "recall": ("Tell the person, and record it", "hometrial supply show {code}"),
    "no_data": (
        "Ask for the watch to be charged and its app to be opened",
        "hometrial doctor {code}",
    ),
}
"""The one thing to do about each kind: what to say, and the command that does or shows it."""
_OTHERWISE = ("See what the doctor says", "hometrial doctor {code}")


@pages.get("/work")
@permits("today.see")
def listing() -> str:
    """Show the open work."""
    with reading() as session:
        found = today.look(session)
    return render_template("work.html", found=found, action=action)


def action(kind: str, code: str) -> tuple[str, str]:
    """Return what to do about an item: in words, and as a command."""
    words, command = ACTIONS.get(kind, _OTHERWISE)
    return words, command.format(code=code)
