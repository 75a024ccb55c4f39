"""What every page about one person has around it: the head, and the pages beside it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from flask import current_app, render_template
from sqlalchemy.orm import Session
from wtforms import Field

from hometrial import clock
from hometrial.models import Participant, ParticipantZone
from hometrial.protocol.dosing.amounts import written
from hometrial.services.dosing import storing
from hometrial.services.viewing import sources
from hometrial.services.viewing.person import heading
from hometrial.staff.pages.person import pages


class Tab(NamedTuple):
    """One page about a person: what it is called, its endpoint, the action that it asks for."""

    label: str
    endpoint: str
    action: str


TABS = (
    Tab("Overview", "people.person", "people.see"),
    Tab("Consent", "people.consent", "consent.see"),
    Tab("Visits", "people.visits", "visit.see"),
    Tab("Questionnaires", "people.questionnaires", "answers.see"),
    Tab("Doses and supply", "people.doses", "dose.see"),
    Tab("Events", "people.events", "event.see"),
    Tab("Medicines", "people.medicines", "medication.see"),
    Tab("Laboratory", "people.laboratory", "people.see"),
    Tab("Messages", "people.messages", "message.see"),
    Tab("Contacts", "people.contacts", "people.see"),
    Tab("Rest and leaving", "people.leaving", "people.see"),
    Tab("Sync", "sync.of_person", "data.see"),
    Tab("Doctor", "people.doctor", "data.see"),
    Tab("Signatures", "monitoring.endorsements", "monitoring.see"),
    Tab("Verification", "monitoring.person", "monitoring.see"),
    Tab("Audit", "people.audit", "audit.see"),
)


def shown(session: Session, person: Participant, template: str, **more: object) -> str:
    """Return a page about a person, with the head that all of them have."""
    head = heading.head(session, person)
    there = [tab for tab in TABS if is_there(tab.endpoint)]
    return render_template(template, person=person, head=head, tabs=there, **more)


@pages.app_template_global("is_there")
def is_there(endpoint: str) -> bool:
    """Say whether this site has a page: parts of it may be left out."""
    return endpoint in current_app.view_functions


@pages.app_template_filter("amount")
def amount(value: Decimal | None) -> str:
    """Write an amount exactly, without idle zeros."""
    return "" if value is None else written(value)


@pages.app_template_global("now_there")
def now_there(zones: Sequence[ParticipantZone]) -> str:
    """Write what the person's clock shows now, with their zone."""
    there = sources.at_home(clock.now(), zones)
    return f"{there:%H:%M} on {there:%Y-%m-%d}, {there.tzinfo}"


@pages.app_template_global("taken_there")
def taken_there(taken_at: Mapping[str, str]) -> str:
    """Write when a dose was taken, on the clock that the person had then."""
    there = storing.in_zone(datetime.fromisoformat(taken_at["at"]), taken_at["zone"])
    return f"{there:%H:%M}"


@pages.app_template_global("look_of")
def look_of(field: Field) -> dict[str, str]:
    """Return what ties a field to the words about it, for those who hear the page."""
    kinds = (("hint", field.description), ("wrong", field.errors))
    beside = " ".join(f"{field.id}-{kind}" for kind, words in kinds if words)
    found = {"aria_describedby": beside} if beside else {}
    return found | ({"aria_invalid": "true"} if field.errors else {})
