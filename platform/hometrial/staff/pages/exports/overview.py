"""The first page of the Exports area: the locks, one's own data sets, and the one thing to do."""

from flask import render_template

from hometrial.services import delivering
from hometrial.services.locking import keeping, signing
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study


@pages.get("")
@permits("lock.see")
def page() -> str:
    """Show the locks, each with who has to sign it, and what one asked for oneself."""
    with reading() as session:
        locks = signing.standings(session, keeping.locks(session))
        mine = delivering.history(session, me().account_id) if me().may("export.take") else None
        older = delivering.total(session, me().account_id) - len(mine or ())
    return render_template(
        "exports/page.html",
        locks=[(each, signing.may_sign_as(each, me())) for each in locks],
        lines=mine,
        older=older,
        home=study().database.settings.home,
        kept=delivering.KEPT,
    )
