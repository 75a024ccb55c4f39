"""One alert with all that happened to it; it is acknowledged, acted upon and closed with what was decided."""

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from hometrial import clock
from hometrial.models import Alert, Participant
from hometrial.services.safety import alerting
from hometrial.services.safety.alerting import AlertRefusedError
from hometrial.services.safety.alerts import AlertState
from hometrial.services.viewing.safety import closed
from hometrial.staff import asking
from hometrial.staff.pages.safety.blueprint import pages
from hometrial.staff.pages.safety.forms import AcknowledgeForm, CloseForm, HandleForm, SafetyForm
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

Answer = str | Response | tuple[str, int]


@pages.get("/alerts")
@permits("alert.see")
def closed_alerts() -> str:
    """Show the alerts that were closed, the newest first."""
    with reading() as session:
        found = closed.page(session, asking.start(), request.args.get("participant") or None)
    return render_template("safety/closed.html", page=found, per_page=closed.PER_PAGE)


@pages.get("/alerts/<uuid:alert_id>")
@permits("alert.see", logs="viewed")
def alert(alert_id: UUID) -> str:
    """Show an alert, what it was raised from, and what happened to it."""
    return _page(alert_id, CloseForm(formdata=None))


@pages.post("/alerts/<uuid:alert_id>/acknowledge")
@permits("alert.handle")
def acknowledge(alert_id: UUID) -> Answer:
    """Answer for an alert."""
    form = AcknowledgeForm()
    return _handled(
        alert_id, form, "an alert is acknowledged", "You answer for this alert.",
        lambda session, found: alerting.acknowledge(session, found, by=me().actor),
    )  # fmt: skip


@pages.post("/alerts/<uuid:alert_id>/act")
@permits("alert.handle")
def act(alert_id: UUID) -> Answer:
    """Record what was done about an alert that stays open."""
    form = HandleForm()
    return _handled(
        alert_id, form, "something was done about an alert", "It is recorded; the alert stays open.",
        lambda session, found: alerting.act(
            session, found, by=me().actor, action=str(form.action.data).strip()
        ),
    )  # fmt: skip


@pages.post("/alerts/<uuid:alert_id>/close")
@permits("alert.handle")
def close(alert_id: UUID) -> Answer:
    """Close an alert with what was decided."""
    form = CloseForm()
    why = str(form.because.data or "").strip()
    return _handled(
        alert_id, form, why, "The alert is closed.",
        lambda session, found: alerting.close(
            session, found, by=me().actor, because=why,
            action=str(form.action.data or "").strip() or None,
        ),
    )  # fmt: skip


def _handled(
    alert_id: UUID,
    form: SafetyForm,
    reason: str,
    done: str,
    handle: Callable[[Session, Alert], None],
) -> Answer:
    if form.validate_on_submit():
        try:
            with writing(reason) as session:
                handle(session, _find(session, alert_id))
        except AlertRefusedError as error:
            form.refuse(error)
        else:
            flash(done)
            return redirect(url_for("safety.alert", alert_id=alert_id), 303)
    return _page(alert_id, form), 422


def _find(session: Session, alert_id: UUID) -> Alert:
    found = session.get(Alert, alert_id)
    if found is None:
        raise NotFound("There is no such alert.")
    return found


def _page(alert_id: UUID, form: SafetyForm) -> str:
    with reading() as session:
        found = _find(session, alert_id)
        person = found.participant_id and session.get(Participant, found.participant_id)
        events = tuple(alerting.history(session, found))
    forms = {
        "acknowledge": AcknowledgeForm(formdata=None),
        "act": HandleForm(formdata=None),
        "close": CloseForm(formdata=None),
    }
    forms[{AcknowledgeForm: "acknowledge", HandleForm: "act"}.get(type(form), "close")] = form
    return render_template(
        "safety/alert.html",
        state=AlertState(found, person.code if person else None, events),
        now=clock.now(),
        forms=forms,
        refused=form.form_errors,
    )
