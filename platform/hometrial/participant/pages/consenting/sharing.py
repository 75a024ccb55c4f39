"""What is shared, kind by kind, at any time after the signature: stopped and begun again."""

from flask import abort, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.models import Participant
from hometrial.participant import receipts
from hometrial.participant.pages.consenting.asked import pages, reader
from hometrial.participant.site import site, transaction
from hometrial.participant.sources import zone
from hometrial.services import consenting, withdrawing
from hometrial.services.agreeing import standing
from hometrial.services.syncing import planning
from hometrial.services.trial import following
from hometrial_ingest.data_types import DataType

Answer = AnyResponse | str | tuple[str, int]
_STOPPED = {"stop_wearable", "withdraw_completely"}


@pages.get("/sharing")
def shared() -> str:
    """Show each kind of data, and whether it is shared."""
    with transaction("look at what one shares") as database:
        person = reader(database)
        given, now = consenting.spells(database, person.id), clock.now()
        rows = [
            (each, receipts.data_type(each), given.in_force(each, now), given.spells.get(each, ()))
            for each in _kinds(database, person)
        ]
        return render_template(
            "consenting/sharing.html",
            rows=rows,
            is_stopped=bool(_STOPPED & standing.choices(database, person)),
            now=now,
            zone=zone(database, person.id),
        )


def _kinds(database: Session, person: Participant) -> list[DataType]:
    """Return the kinds of data of the person's trial; none before they signed."""
    if standing.consented_at(database, person) is None:
        return []
    return [DataType(each) for each in following.protocol_of(database, person).consent.data_types]


@pages.route("/sharing/<kind>", methods=["GET", "POST"])
def change(kind: str) -> Answer:
    """Stop sharing one kind of data, or begin again; say before what that does."""
    with transaction("change what one shares") as database:
        person = reader(database)
        if kind not in _kinds(database, person) or _STOPPED & standing.choices(database, person):
            abort(404)
        chosen = DataType(kind)
        is_on = consenting.spells(database, person.id).in_force(chosen, clock.now())
        if request.method == "GET":
            name = receipts.data_type(kind)
            return render_template("consenting/change.html", kind=kind, name=name, is_on=is_on)
        then = request.form.get("then")
        if then not in ("keep", "refuse", "share"):
            abort(400)
        if then == "share" and not is_on:
            consenting.grant(database, person, [chosen], source="participant")
            planning.begin_anew(database, withdrawing.accounts_of(database, person.id))
        elif then != "share" and is_on:
            _stop(database, person, chosen, keep_late=then == "keep")
    return redirect(url_for("consenting.shared"), 303)


def _stop(database: Session, person: Participant, kind: DataType, *, keep_late: bool) -> None:
    done = withdrawing.withdraw(
        database, site().clouds, person, [kind], keep_late=keep_late, source="participant"
    )
    for account_id, _ in done.unlinked:
        site().on_unlinked(database, account_id)
