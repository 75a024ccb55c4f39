"""Indicators of risk by site: where a monitor should look first."""

from flask import render_template

from hometrial.services.viewing.monitoring import risks
from hometrial.staff.pages.monitoring.blueprint import pages
from hometrial.staff.permitting import permits
from hometrial.staff.study import reading


@pages.get("/sites")
@permits("monitoring.see", logs="viewed")
def risk_by_site() -> str:
    """Show each site in numbers."""
    with reading() as session:
        found = risks.by_site(session)
    return render_template("monitoring/sites.html", found=found)
