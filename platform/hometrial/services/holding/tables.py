"""Which tables hold something about a person, where their rows stand in the file, and which are left out, and why."""

from functools import cache
from itertools import pairwise

from sqlalchemy import Column, LargeBinary, Select, Table, select

import hometrial.models  # noqa: F401  # every table is known once it is imported
from hometrial.db import Base

FILES = {
    "participant": "study/you",
    "participant_zone": "study/time_zones",
    "participation": "study/protocol_versions",
    "anchor_day": "study/days_counted_from",
    "pause": "study/rests",
    "deviation": "study/departures_from_the_plan",
    "screening": "study/screenings",
    "screening_answer": "study/screening_answers",
    "allocation": "study/groups",
    "allocation_in_error": "study/groups_in_error",
    "section_read": "consent/sections_read",
    "quiz_try": "consent/questions_of_understanding",
    "quiz_call": "consent/calls_about_questions",
    "consent_talk": "consent/talks",
    "signature_refusal": "consent/signatures_refused",
    "consent_signature": "consent/signatures",
    "consent_copy": "consent/copies_given",
    "consent_event": "consent/kinds_of_data",
    "withdrawal_choice": "consent/what_you_stopped",
    "response": "questions/forms",
    "sitting": "questions/sittings",
    "answer": "questions/answers",
    "answer_upload": "questions/answers_sent_later",
    "submission": "questions/forms_sent",
    "form_score": "questions/scores",
    "bad_day": "questions/bad_days",
    "dose_event": "medicine/doses",
    "told_history": "medicine/history_told",
    "medication": "medicine/other_medicines",
    "supply_movement": "medicine/packages",
    "adverse_event": "safety/events",
    "adverse_event_version": "safety/events_as_described",
    "adverse_event_coding": "safety/events_coded",
    "baseline_symptom": "safety/symptoms_before",
    "safety_report": "safety/reports_sent",
    "laboratory_result": "safety/laboratory_results",
    "alert": "safety/alerts",
    "alert_event": "safety/alerts_answered",
    "visit_record": "visits/visits",
    "contact": "visits/contacts",
    "work_item": "visits/work_of_the_team",
    "message": "messages/messages",
    "message_topic": "messages/what_they_were_about",
    "message_state": "messages/what_became_of_them",
    "reminder_choice": "messages/how_to_remind",
    "reminder_rest": "messages/when_not_to_remind",
    "wearable_account": "watch/accounts",
    "connection": "watch/links",
    "device": "watch/devices",
    "bridge": "watch/phones",
    "daily_metric": "watch/numbers_of_each_day",
    "gap": "watch/gaps",
    "query": "watch/questions_about_data",
    "query_event": "watch/questions_about_data_steps",
    "quarantined_row": "watch/values_set_aside",
    "sync.paired_device": "watch/paired_devices",
    "sync.stream_state": "watch/how_far_read",
    "sync.account_plan": "watch/when_read_next",
    "sync.pull": "watch/reads",
    "sync.pull_page": "watch/pages_read",
    "sync.push_receipt": "watch/data_pushed",
    "sync.visitor": "page/times_on_your_page",
    "visit_confirmation": "page/proofs_that_it_was_you",
    "entry_code": "page/codes_asked_for",
    "link_invitation": "page/links_sent",
    "sync.link_attempt": "page/trips_to_link",
    "passkey": "page/passkeys",
    "passkey_use": "page/passkeys_used",
    "passkey_removal": "page/passkeys_removed",
}
"""The file of each table, without its ending; the folder says what it is about."""
LEFT_OUT = {
    "expected_form": "worked out from the protocol and your days; what you were asked and said is in `questions`",
    "rule_move": "what a change of a rule would do; what it did is in `watch/values_set_aside`",
    "identity.identity": "name and addresses lie apart, where this site cannot read; the team tells them",
    "entry_address": "holds nothing but a hash of the address",
    "day_chunk": "its samples are in the folder `samples`, value by value",
    "supply_count": "how the team counted a batch where it lies; what moved is in `medicine/packages`",
    "verification_mark": "says that a value of these files was held against its source; no value stands in it",
    "verification_drop": "says that a value of these files has changed since; no value stands in it",
    "endorsement": "an investigator's name under what stands in these files; of you it says nothing else",
    "vault.token": "opens an account; a secret",
    "vault.message_secret": "holds codes to sign in with; a secret",
    "vault.allocation_draw": "would foretell how others are allocated",
}
"""Tables that hang on a person and are not written as they stand, each for its reason."""
_SHOWN_HASHES = {
    ("consent_signature", "sha256"),
    ("consent_signature", "seal"),
    ("consent_copy", "sha256"),
}
"""Checksums that stand on the person's own paper copy; no other hash leaves."""
_HASHES = ("sha256", "hmac", "seal")
_PEOPLE = frozenset({"owner", "signer", "discussed_with", "given_to"})
_NO_PEOPLE = frozenset({"registered_by"})


@cache
def hanging() -> dict[str, tuple[Column[object], ...]]:
    """Return each table that hangs on a participant, with the columns that lead to them, the nearest first."""
    found: dict[str, tuple[Column[object], ...]] = {}
    for table in Base.metadata.sorted_tables:
        for column in sorted(table.c, key=lambda each: each.name != "participant_id"):
            path = _path(column, found)
            if path:
                found[table.fullname] = path
                break
    return found


def _path(
    column: Column[object], found: dict[str, tuple[Column[object], ...]]
) -> tuple[Column[object], ...]:
    """Return how a column leads to a participant, nothing if it does not."""
    targets = {key.column.table.fullname for key in column.foreign_keys}
    if "participant" in targets:
        return (column,)
    for target in sorted(targets):
        if target in found and target != column.table.fullname:
            return (column, *found[target])
    return ()


def shown(table: Table) -> list[Column[object]]:
    """Return the columns of a table that go into its file: no bytes, and no hash of a secret."""
    return [
        column
        for column in table.c
        if not isinstance(column.type, LargeBinary)
        and ((table.name, column.name) in _SHOWN_HASHES or not column.name.endswith(_HASHES))
    ]


def names_somebody(column: Column[object]) -> bool:
    """Say whether a column holds who did something: of others, only their role goes into a file."""
    is_who = column.name == "by" or column.name.endswith("_by") or column.name in _PEOPLE
    return is_who and column.name not in _NO_PEOPLE


def of_person(name: str, participant_id: object, *columns: object) -> Select[tuple[object, ...]]:
    """Return the query of a table's rows that are about one person."""
    table = Base.metadata.tables[name]
    if name == "participant":
        return select(*columns).select_from(table).where(table.c.id == participant_id)  # type: ignore[call-overload,no-any-return]
    path = hanging()[name]
    query = select(*columns).select_from(table)  # type: ignore[call-overload]
    for nearer, further in pairwise(path):
        (key,) = (each for each in nearer.foreign_keys if each.column.table is further.table)
        query = query.join(further.table, nearer == key.column)
    return query.where(path[-1] == participant_id)  # type: ignore[no-any-return]
