"""The one thing to do about each kind of work: what its button says, and where it leads or what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flask import current_app, url_for

from hometrial.services.viewing.today import Line
from hometrial.staff.study import me

Keys = Literal["code", "alert", "event", "rule", "task", "who", "anew", "none"]
"""What of a line goes into the address."""


@dataclass(frozen=True)
class Way:
    """One thing to do: its words, the page, the action that it asks for, and what goes into its address."""

    label: str
    endpoint: str
    action: str
    keys: Keys = "code"
    is_press: bool = False
    """Pressing the button does it at once."""


@dataclass(frozen=True)
class Button:
    """A way for one line, as the page shows it."""

    label: str
    address: str
    is_press: bool


_CALL = Way("Log a call", "bulk.contact", "people.contact", "who")
_NOTE = Way("Send a note about the watch", "today.send", "people.contact", "task", is_press=True)
_SAY = Way("Say what came of it", "people.close_task", "people.contact", "task")
_LINK = Way("Make a link", "people.invite", "people.contact")
_EVENT = Way("Review the event", "safety.event", "event.see", "event")
_ALERT = Way("Answer the alert", "safety.alert", "alert.see", "alert")
_ROWS = Way("Decide about the rows", "quarantine.listing", "data.see", "rule")
_READS = Way("See how reading stands", "sync.whole", "data.see", "none")
_SYSTEM = Way("See the system", "system.page", "system.see", "none")

TITLES: Mapping[str, str] = {
    "report_due": "Report with a clock",
    "adverse_event": "Event to be looked at",
    "prohibited_medicine": "Medicine that must not be taken",
    "dose_call": "Call before the drug goes on",
    "call_wanted": "Wants to be called",
    "message": "Wrote to the team",
    "reconsent": "Consent to be signed anew",
    "consent_call": "Questions about consent",
    "consent_declined": "Declined consent",
    "out_of_drug": "Out of drug",
    "supply_low": "Drug runs out",
    "accountability": "Drug that does not add up",
    "dose_step": "Dose step",
    "visit_overdue": "Visit not recorded",
    "lost_to_follow_up": "Cannot be reached",
    "contact_due": "Contact due",
    "message_refused": "Message did not arrive",
    "retired": "Provider shut down",
    "reconnect": "Watch to be connected again",
    "not_linked": "No health profile behind the account",
    "wrong_account": "Another account than theirs",
    "revoke_pending": "Provider has not confirmed the end",
    "our_bug": "Fault of ours in reading",
    "no_data": "Nothing from the watch",
    "scope_missing": "Stream not shared",
    "not_worn": "Watch not worn",
    "bad_wear": "Watch worn too little",
    "diary_missing": "Diaries missing",
    "late_file": "File not come",
    "answers_set_aside": "Answers set aside",
    "quarantine": "Rows set aside",
    "relink_before_end": "Provider ends",
    "stop_drug": "Chose to stop the drug",
    "stop_drug_safety_only": "Chose to stop, but for safety",
    "delete_raw_data": "Asked to delete raw data",
    "disk_full": "Disk nearly full",
    "clock_skew": "Clocks disagree",
    "backup_old": "Backup too old",
    "backlog": "Work of the machine waits",
    "wrong_rule": "Wrong rule?",
    "batch_refused": "Batch refused",
}
"""What a kind of work is called where its name does not say it."""


def title(kind: str) -> str:
    """Return what a kind of work is called."""
    return TITLES.get(kind, kind.replace("_", " ").capitalize())


WAYS: Mapping[str, Way] = {
    "red_alert": _ALERT,
    "alert": _ALERT,
    "stopping_rule": _ALERT,
    "report_due": Way("Report it", "safety.event", "event.see", "event"),
    "adverse_event": _EVENT,
    "recall": _SAY,
    "prohibited_medicine": _SAY,
    "dose_call": _SAY,
    "call_wanted": _CALL,
    "message": _SAY,
    "reconsent": Way("See what to sign", "people.consent", "consent.see"),
    "consent_call": Way("Record the call", "people.consent_call", "consent.record"),
    "consent_declined": _SAY,
    "out_of_drug": Way("Give the drug out", "people.dispense", "supply.handle"),
    "supply_low": Way("Give the drug out", "people.dispense", "supply.handle"),
    "accountability": Way("See the supply", "people.doses", "dose.see"),
    "dose_step": Way("Order the step", "people.order_dose", "dose.order"),
    "visit_overdue": Way("Record the visit", "people.visits", "visit.see"),
    "visit_due": Way("See the visit", "people.visits", "visit.see"),
    "lost_to_follow_up": Way("Decide", "people.lost", "people.contact"),
    "contact_due": _CALL,
    "message_refused": Way("See the messages", "people.messages", "message.see"),
    "reconnect": Way("Send a link", "today.send", "people.contact", "task", is_press=True),
    "no_data": _NOTE,
    "not_linked": _LINK,
    "wrong_account": _LINK,
    "retired": _LINK,
    "scope_missing": _LINK,
    "relink_before_end": _LINK,
    "revoke_pending": Way("See the sources", "sync.of_person", "data.see"),
    "our_bug": Way("See the sync log", "sync.of_person", "data.see"),
    "not_worn": _CALL,
    "bad_wear": _CALL,
    "diary_missing": _CALL,
    "late_file": _CALL,
    "answers_set_aside": _ROWS,
    "quarantine": _ROWS,
    "stop_drug": _SAY,
    "stop_drug_safety_only": _SAY,
    "delete_raw_data": _SAY,
    "provider_outage": _READS,
    "no_worker": _SYSTEM,
    "disk_full": _SYSTEM,
    "clock_skew": _SYSTEM,
    "backup_old": _SYSTEM,
    "backlog": _READS,
    "wrong_rule": Way("Look at what failed", "quarantine.listing", "data.see", "none"),
    "batch_refused": Way("See the refused batches", "quarantine.listing", "data.see", "none"),
}
TOGETHER: Mapping[str, Way] = {
    "retired": Way("See how re-linking goes", "providers.listing", "data.see", "none"),
    "relink_before_end": Way("See how re-linking goes", "providers.listing", "data.see", "none"),
    "our_bug": _READS,
    "reconsent": Way("See who must sign", "people.listing", "people.see", "anew"),
}
"""What is done about many people at once, where it differs."""
_DOCTOR = Way("Ask the doctor", "people.doctor", "data.see")
_PERSON = Way("Open", "people.person", "people.see")
_OTHERWISE = (_DOCTOR, _PERSON)


def button(line: Line) -> Button | None:
    """Return the button of a line; None where there is no page for it, or where who sits there may not."""
    own = TOGETHER.get(line.kind) if len(line.who) > 1 else None
    for way in filter(None, (own or WAYS.get(line.kind), *_OTHERWISE)):
        values = _values(way.keys, line)
        if values is None or way.endpoint not in current_app.view_functions:
            continue
        if me().may(way.action):
            return Button(way.label, _address(way, values), way.is_press)
    return None


Values = dict[str, str] | None


def _address(way: Way, values: dict[str, str]) -> str:
    said: dict[str, Any] = dict(values)
    return url_for(way.endpoint, **said)


def _values(keys: Keys, line: Line) -> Values:
    """Return what goes into an address; None where the line does not say it."""
    return _OF[keys](line)


def _code(line: Line) -> Values:
    return {"code": line.one.code} if line.one else None


def _alert(line: Line) -> Values:
    _, _, alert = line.subject.partition("/")
    return {"alert_id": alert} if alert else None


def _event(line: Line) -> Values:
    _, _, rest = line.subject.partition("/")
    number = rest.partition("/")[0]
    return {"code": line.one.code, "number": number} if line.one and number.isdigit() else None


def _rule(line: Line) -> Values:
    _, _, rule = line.subject.partition("/")
    return ({"rule": rule} if rule else {}) | ({"participant": line.one.code} if line.one else {})


def _task(line: Line) -> Values:
    one = line.one
    return None if one is None or one.item is None else {"code": one.code, "task": str(one.item)}


def _who(line: Line) -> Values:
    one = line.one
    if one is None:
        return None
    return {"who": one.code} if one.item is None else {"who": one.code, "item": str(one.item)}


_OF: Mapping[Keys, Callable[[Line], Values]] = {
    "none": lambda _: {},
    "anew": lambda _: {"mark": "anew"},
    "code": _code,
    "alert": _alert,
    "event": _event,
    "rule": _rule,
    "task": _task,
    "who": _who,
}
