"""What a worker works out of locks, as pages ask for it: made once, followed while it is made, then shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from flask import make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from hometrial.errors import ExportRefusedError
from hometrial.services.locking import differing, worked_out
from hometrial.services.locking.worked_out import DIFFERENCES, Kind, Order, Standing
from hometrial.services.viewing import syncs
from hometrial.staff import asking
from hometrial.staff.pages.exports import locks
from hometrial.staff.pages.exports.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, sites, study, writing
from hometrial.tasks import delivering as tasks


@dataclass(frozen=True)
class Way:
    """How something that is worked out is called, where it is shown, and what whoever reads it must be allowed."""

    title: str
    page: str
    action: str


WAYS: Mapping[Kind, Way] = {
    "report": Way("Pilot report", "exports.report", "export.take"),
    "differences": Way("What differs", "exports.changes_page", "export.take"),
    "open": Way("Open pack of the safety board", "exports.open_pack", "pack.open"),
    "closed": Way("Closed pack of the safety board", "exports.closed_pack", "pack.closed"),
    "masked": Way("Closed pack, its arms as A and B", "exports.masked_pack", "pack.closed"),
}
_LATER = 202


def order_of(kind: Kind, number: int, since: int = 0) -> Order:
    """Return what is asked for, as far as whoever asks may see it. Raises ExportRefusedError; a lock that is not: 404."""
    if len(sites()) != len(me().all_sites):
        raise ExportRefusedError("a lock tells of everybody; who sees all sites reads this")
    with reading() as session:
        after = locks.found(session, number)
        if kind != DIFFERENCES:
            return Order(kind, number)
        before = locks.found(session, since)
    return Order(kind, number, since, differing.profile_of(before, after, me()).name)


def standing(order: Order) -> Standing:
    """Say how far something is."""
    with reading() as session:
        return worked_out.standing(session, study().database.settings.home, order)


def asked(order: Order) -> Standing:
    """Say how far something is; a worker is asked for it if nobody has asked, or once more if it failed."""
    found = standing(order)
    if found.state != "unasked" and not (found.state == "failed" and "again" in request.args):
        return found
    with writing(f"ask for {WAYS[order.kind].title.lower()} of lock {order.lock}") as session:
        tasks.defer_working_out(session, order, found.name)
    return Standing(found.name, "waiting")


def page(order: Order, found: Standing, form: str = "html") -> Response:
    """Show that something is being made; the page goes on to it by itself."""
    with reading() as session:
        lock = locks.found(session, order.lock)
        before = locks.found(session, order.before) if order.before else None
        is_served = syncs.workers_alive(session) > 0
    way = WAYS[order.kind]
    shown = render_template(
        "exports/making.html", lock=lock, before=before, title=way.title, it=found, to=address(order, form), is_served=is_served,
        follows=url_for(f"exports.making_{order.kind}", number=order.lock, since=order.before or None, form=form),
    )  # fmt: skip
    return make_response(shown, _LATER)


def address(order: Order, form: str) -> str:
    """Return where something is shown."""
    if order.kind == DIFFERENCES:
        return url_for(WAYS[order.kind].page, number=order.lock, since=order.before)
    return url_for(WAYS[order.kind].page, number=order.lock, form=form)


def _following(kind: Kind) -> Callable[[int, str], str]:
    @permits(WAYS[kind].action, by_itself=True)
    def making(number: int, form: str) -> str:
        """Say how far it is, for the page that follows it."""
        order = order_of(kind, number, asking.whole("since", 0, 0, 10**8))
        with reading() as session:
            is_served = syncs.workers_alive(session) > 0
        return render_template(
            "exports/made.html", it=standing(order), to=address(order, form), is_served=is_served
        )

    return making


for _kind in WAYS:
    pages.add_url_rule(
        f"/locks/<int:number>/making/{_kind}.<any(html, pdf):form>",
        f"making_{_kind}",
        _following(_kind),
    )
