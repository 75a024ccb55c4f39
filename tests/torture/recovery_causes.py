"""Which cause each missing hour of heart rate must have, from the truth and from what befell the person.

Nothing here asks the study but when an account that ended dead was last read well.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from recovery_people import HOUR, Fate
from rehearsal import Person, Rehearsal

from hometrial import clock
from hometrial_ingest.data_types import DataType

PRESENT = "present"
"""Said of an hour of which the ledger says nothing."""
Ledger = list[tuple[datetime, datetime, str]]


@dataclass
class Causes:
    """How many hours have the right cause; `wrong`: in words; `edges`: hours that two causes share."""

    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    wrong_hours: int = 0
    edges: int = 0

    def add(self, other: "Causes") -> None:
        """Count another person's hours in."""
        self.right.update(other.right)
        self.wrong += other.wrong
        self.wrong_hours += other.wrong_hours
        self.edges += other.edges


def judge(rehearsal: Rehearsal, person: Person, fate: Fate, read_at: datetime) -> Causes:
    """Hold the ledger of a person's heart rate against what each hour must be."""
    truth, made = rehearsal.sims.truth, Causes()
    ledger = _ledger(rehearsal, person)
    hours = truth.hours(person.number)
    then = {hour.start: hour.state for hour in truth.hours(person.number, at=read_at)}
    starts = [hour.start for hour in hours]
    wrong: Counter[tuple[str, str]] = Counter()
    first_day = next((hour.day for hour in reversed(hours) if hour.start <= fate.begins), None)
    for place, hour in enumerate(hours):
        following = starts[place + 1] if place + 1 < len(starts) else hour.start + HOUR
        end = min(hour.start + HOUR, following)
        state = then.get(hour.start, "not_synced")
        if end <= fate.begins:
            must = "not_consented" if hour.day == first_day else PRESENT
        else:
            must = _must_be(fate, hour.start, end, state)
        found = _found(ledger, hour.start)
        bare = rehearsal.sims.truth.holder(person.number).bare and state != PRESENT
        if must is None or (bare and found in ("not_synced", "unknown")):
            made.edges += 1
        elif end > clock.now() or must == found:
            made.right[found] += 1
        else:
            wrong[must, found] += 1
            if wrong[must, found] == 1:
                made.wrong.append(f"{person.code} ({fate.kind}) {hour.start}: {found}, not {must}")
    made.wrong_hours = wrong.total()
    return made


def _must_be(fate: Fate, start: datetime, end: datetime, state: str) -> str | None:
    """Return the cause that an hour must have, None where only the minute could tell."""
    begin, until = fate.consent[DataType.HEART_RATE]
    begins, ends = clock.microseconds(start), clock.microseconds(end)
    if begins >= until:
        return "not_consented"
    if begins < begin or ends > until:
        return None
    if state == PRESENT and fate.streams is None:
        return PRESENT
    if fate.pause is not None and fate.pause[0] <= start and end <= fate.pause[1]:
        return "paused"
    return _unread(fate, state)


def _unread(fate: Fate, state: str) -> str:
    """Return why an hour without data is without, where neither consent nor a pause says so."""
    if fate.streams is not None:
        return "scope_missing"
    if state == "not_worn" or not fate.ends_dead:
        return state
    return "token_dead" if fate.kind == "token stays dead" else "provider_outage"


def _ledger(rehearsal: Rehearsal, person: Person) -> Ledger:
    rows = rehearsal.rows(
        "SELECT start_at, end_at, cause FROM gap WHERE participant_id = :person"
        " AND stream = 'heart_rate' ORDER BY start_at",
        person=person.participant_id,
    )
    return [(start.astimezone(UTC), end.astimezone(UTC), str(cause)) for start, end, cause in rows]


def _found(ledger: Ledger, start: datetime) -> str:
    return next((cause for begin, end, cause in ledger if begin <= start < end), PRESENT)
