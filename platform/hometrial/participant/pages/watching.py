"""The person's watch: each source with its state, and what to do if it needs something."""

from flask import Blueprint, render_template

from hometrial import clock
from hometrial.participant.site import site, transaction, visit
from hometrial.participant.sources import offerings, sources, zone

pages = Blueprint("watch", __name__)


@pages.get("/watch")
def page() -> str:
    """Show the person's sources, and what else could be connected."""
    who = visit().participant_id
    with transaction("look at one's own watch") as session:
        mine = sources(session, who)
        offered = offerings(session, who, site().clouds)
        here = zone(session, who)
    live = {source.provider for source in mine if source.is_live}
    return render_template(
        "watch/watch.html",
        sources=mine,
        any_live=bool(live),
        offered=[offering for offering in offered if offering.provider not in live],
        can_reconnect={offering.provider for offering in offered},
        now=clock.now(),
        zone=here,
    )
