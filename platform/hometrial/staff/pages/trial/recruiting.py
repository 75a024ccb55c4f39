"""Recruitment: the flow of people, enrolment against what was expected, the seal of the list, the screening log."""

from collections.abc import Sequence

import altair as alt
from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask_wtf import FlaskForm
from werkzeug.exceptions import BadRequest

from hometrial.protocol.model import Protocol
from hometrial.services.trial import counting, publishing, schemes, sealed
from hometrial.services.viewing import recruitment as viewing
from hometrial.services.viewing.pace import Week
from hometrial.staff import charts
from hometrial.staff.charts import Theme
from hometrial.staff.pages.trial.door import Answer, asked, name_of, pages, trials
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, study

PER_PAGE = 50
OUTCOMES = ("open", "eligible", "screen_failure", "declined")


@pages.get("/trial/recruitment")
@permits("recruitment.see")
def recruitment() -> str:
    """Show who came how far, and how that compares with the plan."""
    with reading() as session:
        found = trials(session)
        version = asked(found)
        shown = None if version is None else viewing.recruitment(session, version)
    return render_template(
        "trial/recruitment.html",
        shown=shown,
        trials=found,
        name_of=name_of,
        chosen=version,
        form=FlaskForm(),
    )


@pages.post("/trial/recruitment/allocation")
@permits("allocation.act")
def open_allocation() -> Answer:
    """Draw and seal the seed of the allocation, and commit to it in public."""
    if not FlaskForm().validate_on_submit():
        abort(400)
    with reading() as session:
        version = asked(trials(session)) or abort(404)
    key = study().database.settings.key(sealed.KEY)
    # The seed is drawn for all sites together.
    with study().database.transaction(me().actor, "open the allocation") as session:
        scheme = schemes.open_scheme(
            session, key, session.merge(version, load=False), by=me().actor
        )
    flash(
        f"The list is sealed. Publish its commitment before the first person: {scheme.commitment}"
    )
    return redirect(url_for("trial.recruitment", trial=name_of(version)), 303)


@pages.get("/trial/recruitment/enrolment.svg")
@permits("recruitment.see")
def enrolment_svg() -> Response:
    """Return enrolment over time as a picture."""
    theme = request.args.get("theme", "light")
    if theme not in charts.THEMES:
        raise BadRequest(f"There is no theme {theme!r}; there are {', '.join(charts.THEMES)}.")
    with reading() as session:
        version = asked(trials(session)) or abort(404)
        weeks, protocol = viewing.weeks(session, version), publishing.of(version)
    return Response(
        charts.svg(_chart(weeks, protocol, charts.THEMES[theme])), mimetype="image/svg+xml"
    )


def _chart(weeks: Sequence[Week], protocol: Protocol, theme: Theme) -> charts.Document:
    """Return enrolled people by week, the expected line where the protocol gives one, and how many are planned."""
    rows = [
        {"week": each.first.isoformat(), "people": each.total, "expected": each.expected}
        for each in weeks
    ]
    base = alt.Chart(alt.NamedData(name="weeks")).encode(
        x=alt.X("week:T", title=None, axis=alt.Axis(labelOverlap=True))
    )
    layers: list[alt.Chart] = [
        base.mark_line(
            interpolate="step-after", color=theme.bar, strokeWidth=2, point={"color": theme.bar}
        ).encode(y=alt.Y("people:Q", title="people enrolled", axis=alt.Axis(tickMinStep=1)))
    ]
    if protocol.design.recruitment_months is not None:
        layers.append(base.mark_line(color=theme.line, strokeDash=[5, 3]).encode(y="expected:Q"))
    planned = alt.Chart(alt.NamedData(name="planned"))
    layers.append(planned.mark_rule(color=theme.ink, strokeDash=[1, 3]).encode(y="planned:Q"))
    chart = (
        alt.layer(*layers)
        .properties(width=640, height=200)
        .configure(background="transparent", font="system-ui, sans-serif")
        .configure_view(stroke=theme.grid)
        .configure_axis(
            labelColor=theme.ink, titleColor=theme.ink, gridColor=theme.grid,
            domainColor=theme.grid, tickColor=theme.grid, titleFontWeight="normal",
        )
    )  # fmt: skip
    figures = {"weeks": rows, "planned": [{"planned": protocol.design.planned}]}
    return dict(chart.to_dict(validate=False)) | {"datasets": figures}


@pages.get("/enrol/log")
@permits("recruitment.see")
def screening_log() -> str:
    """Show every screening with how it was decided and why, the newest first."""
    outcome = request.args.get("outcome") or None
    if outcome is not None and outcome not in OUTCOMES:
        raise BadRequest(f"A screening is {', '.join(OUTCOMES)}.")
    start = max(0, request.args.get("start", 0, type=int))
    with reading() as session:
        found = trials(session)
        version = asked(found)
        lines = (
            []
            if version is None
            else counting.log(session, version.protocol, is_test=version.is_test)
        )
    counts = {each: sum(line.outcome == each for line in lines) for each in OUTCOMES}
    wanted = [line for line in reversed(lines) if outcome is None or line.outcome == outcome]
    return render_template(
        "trial/screening_log.html",
        lines=wanted[start : start + PER_PAGE],
        page={"start": start, "total": len(wanted)},
        per_page=PER_PAGE,
        counts=counts,
        outcome=outcome,
        trials=found,
        name_of=name_of,
        chosen=version,
    )
