"""One adverse event: every version side by side, its clocks, what stood when it began; its report, and reports sent."""

from flask import Response, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from hometrial import clock
from hometrial.services.safety import duties, papering
from hometrial.services.safety.events import AdverseEventRefusedError
from hometrial.services.viewing.safety import one
from hometrial.staff.pages.safety.blueprint import find, instant, pages, zone_of
from hometrial.staff.pages.safety.forms import SentForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | AnyResponse | tuple[str, int]


@pages.get("/events/<code>/<int:number>")
@permits("event.see")
def event(code: str, number: int) -> str:
    """Show an event."""
    return _page(code, number, SentForm(formdata=None))


@pages.get("/events/<code>/<int:number>/report.pdf")
@permits("event.see", logs="exported")
def report(code: str, number: int) -> Response:
    """Give the report of an event, made from the record."""
    with reading() as session:
        _, found = find(session, code, number)
        made = papering.report(session, found)
    return Response(
        made.body,
        mimetype="application/pdf",
        headers={
            "Content-Disposition": f"attachment; filename={made.name}",
            "X-Content-SHA256": made.sha256,
        },
    )


@pages.post("/events/<code>/<int:number>/sent")
@permits("event.record")
def sent(code: str, number: int) -> Answer:
    """Record that a report was sent: its clock stops."""
    form = SentForm()
    if form.validate_on_submit():
        try:
            with writing("safety report sent") as session:
                person, found = find(session, code, number)
                duties.report_sent(
                    session,
                    found,
                    form.clock.data,
                    sent_at=instant(form.sent.data, zone_of(session, person)) or clock.now(),
                    by=me().actor,
                    reference=str(form.reference.data).strip(),
                )
        except AdverseEventRefusedError as error:
            form.refuse(error)
        else:
            flash("The report is recorded as sent.")
            return redirect(url_for("safety.event", code=code, number=number), 303)
    return _page(code, number, form), 422


def _page(code: str, number: int, form: SentForm) -> str:
    with reading() as session:
        person, found = find(session, code, number)
        seen = one.look(session, person, found)
        zone = zone_of(session, person)
    running = {each.clock.id for each in seen.clocks if each.reported_at is None}
    form.clock.choices = [each for each in form.clock.choices if each.value in running]
    return render_template(
        "safety/event.html", found=seen, code=code, form=form, now=clock.now(), zone=zone
    )
