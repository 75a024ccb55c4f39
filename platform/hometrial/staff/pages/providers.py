"""Providers: what each delivers, until when, and how far its people have come with re-linking."""

from flask import Blueprint, render_template

from hometrial import clock
from hometrial.services import sunsets
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading, study

pages = Blueprint("providers", __name__)


@pages.get("/providers")
@permits("data.see")
def listing() -> str:
    """Show the capability table and the funnel of each end."""
    with reading() as session:
        found = sunsets.capabilities(session, study().clouds)
        funnels = {each.provider: sunsets.funnel(session, each.provider) for each in found}
    streams = list(dict.fromkeys(stream for each in found for stream in each.streams))
    return render_template(
        "providers.html", found=found, funnels=funnels, streams=streams, today=clock.now().date()
    )
