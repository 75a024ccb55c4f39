"""What nobody would see without looking: rules that pause the study, hearts that beat faster, drug that does not add up."""

from collections import defaultdict
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.services.dosing import accounting
from hometrial.services.safety import alerting, alerts, heart, stopping
from hometrial.services.safety.alerting import Response

RULE = "AC1"
RESPONSE = Response(
    "Drug accountability does not add up: count, and correct the movements",
    "pharmacy",
    timedelta(hours=48),
    "nightly check 1",
)


def check(session: Session) -> int:
    """Look at the stopping rules, at the heart rates in sleep and at every unit of the drug; return how many new alerts that made.

    What was alerted and is open is not alerted again while it says the same, however often this is asked. What
    does not add up is work as well, and is closed by itself once it does.
    """
    before = len(alerts.states(session, only_open=False))
    stopping.stopping(session)
    heart.watch(session)
    accounting.watch(session)
    said: dict[str, list[str]] = defaultdict(list)
    for fault in accounting.check(session):
        said[fault.of].append(fault.says)
    for of, says in sorted(said.items()):
        _alert(session, of, "; ".join(says))
    return len(alerts.states(session, only_open=False)) - before


def _alert(session: Session, of: str, says: str) -> None:
    """Alert a fault of a person, or of a place: each place is a rule of its own, so that none hides another."""
    person = session.scalars(select(Participant).where(Participant.code == of)).one_or_none()
    rule = RULE if person is not None else f"{RULE}.{of}"
    for each in alerts.states(session, person=person):
        if (each.alert.rule, each.code) != (rule, None if person is None else person.code):
            continue
        told = [each.alert.values, *(event.values or {} for event in each.events)]
        if any(values.get("says") == says for values in told):
            return
    alerting.raise_alert(
        session, person, rule=rule, level="amber", values={"says": says}, response=RESPONSE
    )
