"""Keys that seal: which there are, since when, and a new one in front of them."""

from datetime import UTC, datetime
from pathlib import Path

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from hometrial.db import WORKER_ROLE
from hometrial.services.syncing import vault
from hometrial.staff.pages import users
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, study

pages = Blueprint("keys", __name__, url_prefix="/system/keys")


@pages.get("")
@permits("key.rotate")
def page() -> str:
    """Show the keys that seal the tokens of watches; never a key itself."""
    made = [datetime.fromtimestamp(path.stat().st_mtime, UTC) for path in _files()]
    return render_template("users/keys.html", made=made, sections=users.sections)


def _files() -> list[Path]:
    settings = study().database.settings
    settings.key(vault.KEY)
    folder = settings.home / "keys"
    older = sorted(folder.glob(f"{vault.KEY}-[0-9]*.hex"), reverse=True)
    return [folder / f"{vault.KEY}.hex", *older]


@pages.route("/<any(new, forget):how>", methods=["GET", "POST"])
@permits("key.rotate", fresh=True)
def rotate(how: str) -> ResponseReturnValue:
    """Seal all tokens with a new key, or delete the older keys after everything is sealed with the newest."""
    if request.method == "GET":
        older = len(_files()) - 1
        return render_template("users/rotate.html", how=how, older=older, sections=users.sections)
    database = study().database
    if how == "new":
        vault.new_key(database.settings)
    why = "seal tokens with the newest key"
    with database.transaction(me().actor, why, role=WORKER_ROLE) as session:
        sealed = vault.rotate(session, vault.keys(database.settings))
    told = f"The tokens of {sealed} watches are sealed with the newest key."
    if how == "forget":
        gone = vault.forget_old_keys(database.settings)
        told += (
            f" {gone} older key{'' if gone == 1 else 's'} deleted; take a new backup of the keys."
        )
    flash(told)
    return redirect(url_for("keys.page"), 303)
