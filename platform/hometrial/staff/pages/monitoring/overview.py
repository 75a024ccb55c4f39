"""How far source-data verification has come: the first page of monitors."""

from flask import render_template, request

from hometrial.models import VERIFIABLE
from hometrial.services.viewing.monitoring import progress
from hometrial.services.viewing.safety import listing
from hometrial.staff import asking
from hometrial.staff.pages.monitoring.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading


@pages.get("")
@permits("monitoring.see", logs="viewed")
def page() -> str:
    """Show people with what is drawn, verified and dropped."""
    site = request.args.get("site") or None
    with reading() as session:
        found = progress.page(session, asking.start(), site)
        sites = listing.sites(session)
    return render_template(
        "monitoring/overview.html", page=found, site=site, sites=sites, kinds=VERIFIABLE,
        per_page=progress.PER_PAGE,
    )  # fmt: skip
