"""How people's treatment and participation ended, and why, as far as the records say."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from hometrial.exports.sdtm import dates
from hometrial.exports.sdtm.doses import Orders, kind
from hometrial.exports.sdtm.stretches import ONE_DAY
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Row
from hometrial.protocol.arms import Epoch

_LEAVES_DRUG = ("stop_drug", "stop_drug_safety_only", "withdraw_completely")
_STOPS = ("stop", "stop_for_good", "withdraw")
_LEAVES = ("withdraw_completely",)
_OF_STATUS = {
    "screen_failure": "SCREEN FAILURE",
    "declined": "WITHDRAWAL BY SUBJECT",
    "lost_to_follow_up": "LOST TO FOLLOW-UP",
    "withdrawn": "WITHDRAWAL BY SUBJECT",
}
"""NCOMPLT by the status of a person who takes part no more."""


@dataclass(frozen=True)
class End:
    """An end: its term of CDISC, the words of the study for it, the day as far as it is known, the record."""

    term: str
    words: str
    day: str
    source: str


def death(study: Study, person: str) -> End | None:
    """Return a person's death, by the event that was fatal or led to it; of several the one whose end is known best."""
    found = [
        (dates.iso(row["stop"]), row["id"])
        for row in study.rows("adverse_event", person)
        if row["outcome"] == "fatal" or "death" in (row["serious"] or "").split(";")
    ]
    if not found:
        return None
    day, event = max(found, key=lambda each: len(each[0]))
    return End("DEATH", "DEATH", day, f"adverse_event/{event}")


def treatment(study: Study, person: str) -> End | None:
    """Return the end of a person's treatment; None for whoever takes the drug still, or never did.

    A stop that nothing has taken up again is one, though it may be taken up later.
    """
    last = study.anchors.get(person, {}).get("last_dose")
    taken = study.last_dose(person)
    if taken is None:
        return None
    if last is None and participation(study, person) is None and not _is_stopped(study, person):
        return None
    day = (last or taken).isoformat()
    for found in _reasons(study, person):
        on = found.day if found.term == "DEATH" else day
        return End(found.term, found.words, on, found.source)
    if _is_whole(study, person, last or taken):
        source = f"participant/{person}" if last is None else f"anchor/{person}/last_dose"
        return End("COMPLETED", "COMPLETED", day, source)
    return _ordered(study, person, day)


def _reasons(study: Study, person: str) -> Iterator[End]:
    died = death(study, person)
    if died is not None:
        yield died
    for row in study.rows("adverse_event", person):
        if row["action"] == "stopped_permanently":
            yield End("ADVERSE EVENT", "ADVERSE EVENT", "", f"adverse_event/{row['id']}")
    for row in _choices(study, person, _LEAVES_DRUG):
        yield _withdrawal(row)
    participant = _participant(study, person)
    if participant["status"] == "lost_to_follow_up":
        yield End("LOST TO FOLLOW-UP", "LOST TO FOLLOW-UP", "", f"participant/{person}")


def _choices(study: Study, person: str, wanted: tuple[str, ...]) -> list[Row]:
    rows = [row for row in study.rows("withdrawal", person) if row["choice"] in wanted]
    return sorted(rows, key=lambda row: (row["decided"], row["id"]))


def _withdrawal(row: Row) -> End:
    by_staff = row["role"] == "staff"
    term = "PHYSICIAN DECISION" if by_staff else "WITHDRAWAL BY SUBJECT"
    words = (row["reason"] or "").strip() or row["choice"].replace("_", " ").upper()
    return End(term, words, row["decided"][:10], f"withdrawal/{row['id']}")


def _participant(study: Study, person: str) -> Row:
    return study.rows("participant", person)[0]


def _is_whole(study: Study, person: str, last: date) -> bool:
    """Say whether the drug was taken for as long as planned, less the days by which a visit may come early."""
    first = study.anchors.get(person, {}).get("first_dose") or study.first_dose(person)
    days = sum(each.days for each in study.protocol.epochs if each.drug and not each.optional)
    early = min(
        (each.window[0] for each in study.protocol.visits if each.anchor == "first_dose"), default=0
    )
    return first is not None and last >= first + timedelta(days - 1 + early)


def _is_stopped(study: Study, person: str) -> bool:
    """Say whether the order that stands on the day after the last known one stops the drug; one to come does not yet."""
    days = [row["day"] for row in study.rows("dose_day", person)]
    standing = Orders.of(study.rows("dose_order", person)).on(max(days) + ONE_DAY)
    return standing is not None and kind(standing) in _STOPS


def _ordered(study: Study, person: str, day: str) -> End:
    """Return an end before its time for which only the order to stop speaks."""
    orders = [row for row in study.rows("dose_order", person) if row["mg"] in (None, 0)]
    if not orders:
        return End("WITHDRAWAL BY SUBJECT", "TREATMENT ENDED, NO REASON ON RECORD", day, f"participant/{person}")  # fmt: skip
    last = max(orders, key=lambda row: row["number"])
    for event in study.rows("adverse_event", person):
        answer = Orders.of(study.rows("dose_order", person)).led_to(event)
        if answer is not None and answer["id"] == last["id"]:
            return End("ADVERSE EVENT", "ADVERSE EVENT", day, f"adverse_event/{event['id']}")
    by_person = last["actor"] == "participant"
    term = "WITHDRAWAL BY SUBJECT" if by_person else "PHYSICIAN DECISION"
    words = (last["why"] or "").strip() or last["kind"].upper()
    return End(term, words, day, f"dose_order/{last['id']}")


def participation(study: Study, person: str) -> End | None:
    """Return the end of a person's participation; None for whoever takes part still."""
    row = _participant(study, person)
    contact = study.last_contact(person)
    day = "" if contact is None else contact.isoformat()
    died = death(study, person)
    if died is not None:
        return died
    for choice in _choices(study, person, _LEAVES):
        return _withdrawal(choice)
    if row["status"] in _OF_STATUS:
        return _by_status(study, person, row, day)
    if _has_gone_through(study, person):
        return End("COMPLETED", "COMPLETED", day, f"participant/{person}")
    return None


def _by_status(study: Study, person: str, row: Row, day: str) -> End:
    screened = study.screened(person)
    term = _OF_STATUS[row["status"]]
    is_screened = row["status"] in ("screen_failure", "declined") and screened is not None
    if not is_screened or screened is None:
        return End(term, term, day, f"participant/{row['id']}")
    decided = (screened["decided"] or day)[:10]
    return End(
        term, (screened["because"] or "").strip() or term, decided, f"screening/{screened['id']}"
    )


def _has_gone_through(study: Study, person: str) -> bool:
    """Say whether the last epoch that everybody goes through, or an optional one after it, is over and was lived."""
    arm = study.arm(person)
    if arm is None and not study.rows("allocation", person):
        return False
    planned: list[Epoch] = list(
        study.protocol.epochs if arm is None else study.protocol.epochs_of(arm)
    )
    required = max(place for place, each in enumerate(planned) if not each.optional)
    final = {each.id for each in planned[required:]}
    rows = [row for row in study.rows("epoch", person) if row["first"] is not None]
    if not rows:
        return False
    latest = max(rows, key=lambda row: (row["first"], row["number"] or 0))
    is_over = latest["epoch"] in final and latest["last"] is not None
    return is_over and _was_seen_to_the_end(study, person, latest["last"])


def _was_seen_to_the_end(study: Study, person: str, last: date) -> bool:
    """Say whether the plan's last visit was held, or the person was heard of until it and until the last day.

    Days that went by tell of nobody who was not heard of in them. What repeats for as long as somebody takes part ends nothing.
    """
    once = {each.id for each in study.protocol.visits if each.repeat is None}
    due = [row for row in study.rows("visit", person) if row["due"] and row["visit"] in once]
    closing = max(due, key=lambda row: (row["due"], row["id"]), default=None)
    if closing is not None and closing["outcome"] == "held":
        return True
    heard = study.last_contact(person)
    return heard is not None and heard >= max([last, *(row["due"] for row in due)])
