"""The audit trail: the head of the chain and the newest changes."""

from flask import Blueprint, render_template

from hometrial.services import auditing
from hometrial.services.viewing import trail
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading

pages = Blueprint("trail", __name__)


@pages.get("/audit")
@permits("audit.see")
def newest() -> str:
    """Show who changed what last, and why."""
    with reading() as session:
        head = auditing.head(session)
        changes = trail.newest(session)
    return render_template("audit.html", head=head, changes=changes)
