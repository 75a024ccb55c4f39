"""Open tasks about a person: the one button of each, and those that somebody closes by saying what came of it."""

from typing import Any, NamedTuple
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound

from hometrial.models import Participant, WorkItem
from hometrial.services import working
from hometrial.services.working import OpenItem
from hometrial.staff.pages.person import pages
from hometrial.staff.pages.person.acting import Answer, Deed, perform
from hometrial.staff.pages.person.fields import ActForm, reason
from hometrial.staff.pages.person.framing import is_there
from hometrial.staff.permitting import permits
from hometrial.staff.study import me


class Button(NamedTuple):
    """What one does about an open task: the words, the address, and whether pressing it does it at once."""

    label: str
    address: str
    is_press: bool = False


class _Way(NamedTuple):
    label: str
    endpoint: str
    action: str
    is_press: bool = False


_WATCH = _Way("Write about the watch", "people.send_watch", "people.contact", is_press=True)
_CALL = _Way("Log the call", "people.log_contact", "people.contact")
_CLOSE = _Way("Say what came of it", "people.close_task", "people.contact")
WAYS = {
    "reconnect": _WATCH,
    "no_data": _WATCH,
    "not_linked": _Way("Make a link to their page", "people.invite", "people.contact"),
    "wrong_account": _Way("Make a link to their page", "people.invite", "people.contact"),
    "retired": _Way("Make a link to their page", "people.invite", "people.contact"),
    "relink_before_end": _Way("Make a link to their page", "people.invite", "people.contact"),
    "scope_missing": _Way("Make a link to their page", "people.invite", "people.contact"),
    "revoke_pending": _Way("See the sources", "sync.of_person", "data.see"),
    "our_bug": _Way("See the sync log", "sync.of_person", "data.see"),
    "call_wanted": _CALL,
    "dose_call": _CLOSE,
    "message": _CLOSE,
    "consent_call": _Way("Record the call", "people.consent_call", "consent.record"),
    "consent_declined": _CLOSE,
    "message_refused": _Way("See the messages", "people.messages", "message.see"),
    "out_of_drug": _Way("Give the drug out", "people.dispense", "supply.handle"),
    "accountability": _Way("See the supply", "people.doses", "dose.see"),
    "recall": _CLOSE,
    "stop_drug": _CLOSE,
    "stop_drug_safety_only": _CLOSE,
    "delete_raw_data": _CLOSE,
    "prohibited_medicine": _CLOSE,
    "red_alert": _Way("See the events", "people.events", "event.see"),
    "adverse_event": _Way("See the events", "people.events", "event.see"),
}
CLOSED_BY_WORD = frozenset(kind for kind, way in WAYS.items() if way is _CLOSE)
"""Kinds that end when somebody says what came of it; the others end with their cause."""


class CloseForm(ActForm):
    """What came of a task."""

    reason = reason("What came of it", hint="Such as: spoken with her, she sends the rest back.")


def button(line: OpenItem) -> Button | None:
    """Return the one thing to do about an open task, None where one may not, or where there is nothing."""
    way = WAYS.get(line.item.kind)
    if way is None or line.code is None:
        return None
    if not is_there(way.endpoint) or not me().may(way.action):
        return None
    more: dict[str, Any] = {"task": line.item.id} if way is _CLOSE else {}
    return Button(way.label, url_for(way.endpoint, code=line.code, **more), way.is_press)


@pages.route("/<code>/tasks/<uuid:task>", methods=["GET", "POST"])
@permits("people.contact")
def close_task(code: str, task: UUID) -> Answer:
    """Close a task by saying what came of it."""
    form = CloseForm()
    deed = Deed(code, "Close a task", "Close it", "people.person", template="person/task.html")

    def prepare(session: Session, person: Participant) -> dict[str, object]:
        return {"item": _open(session, person, task)}

    def act(session: Session, person: Participant) -> str:
        item = _open(session, person, task)
        working.close_items(session, person.id, item.kind, item.subject, because=form.why)
        return "The task is closed."

    return perform(deed, form, act, prepare)


def _open(session: Session, person: Participant, task: UUID) -> WorkItem:
    for line in working.open_items(session, person.id):
        if line.item.id == task and line.item.kind in CLOSED_BY_WORD:
            return line.item
    raise NotFound(f"{person.code} has no such open task.")
