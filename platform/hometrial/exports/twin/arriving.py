"""Source tables of how the data came about: reads, what the rules said, what was set aside, questions, the trail."""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from hometrial.exports.source.reading import Row
from hometrial.exports.twin.life import Life
from hometrial.exports.twin.wearing import Worn, batch_of

_SUITE_VERSION = 5
_QUESTION = 'The dose of this day is missing, and the diary says "taken". Which is right?'


def weeks(worn: Worn) -> list[tuple[str, date]]:
    """Return each batch with its last day; none where nobody agreed to any stream."""
    found: dict[str, date] = {}
    for day in worn.days if worn.streams else ():
        if worn.has_data(day):
            found[batch_of(worn.life, day)] = day
    return list(found.items())


def batches(worn: Worn) -> Iterator[Row]:
    """Yield a read for each week."""
    chance = worn.life.chance("batch")
    bad = set(_bad(worn))
    for name, day in weeks(worn):
        read, again = chance.whole(60_000, 110_000), chance.whole(0, 200)
        aside = int(name in bad)
        yield {
            "id": name, "provider": "fitbit", "kind": "pull",
            "payload_sha256": hashlib.sha256(name.encode()).hexdigest(), "status": "partly" if aside else "accepted",
            "rows_read": read, "rows_accepted": read - again - aside, "rows_duplicate": again,
            "rows_quarantined": aside, "rows_unreadable": 0, "rows_not_consented": 0,
            "created_at": _read_at(worn.life, day),
        }  # fmt: skip


def _read_at(life: Life, day: date) -> datetime:
    return life.instant(day, 1430)


def _bad(worn: Worn) -> list[str]:
    """Return the batches of which a row was set aside: every tenth, from the second."""
    return [name for name, _ in weeks(worn)][1::10]


def verdicts(worn: Worn) -> Iterator[Row]:
    """Yield what the rules said of each batch and stream."""
    bad = set(_bad(worn))
    for name, _ in weeks(worn):
        for stream in worn.streams:
            is_bad = name in bad and stream == worn.streams[0]
            yield {
                "id": worn.life.named("verdict", name, stream), "batch": name, "segment": 1, "stream": stream,
                "suite": stream, "suite_version": _SUITE_VERSION, "evaluated": 1000, "success": not is_bad,
                "rule": "plausible_range" if is_bad else None, "severity": "error" if is_bad else None,
                "rows": 1 if is_bad else 0, "message": "1 value outside its range" if is_bad else None,
            }  # fmt: skip


def quarantined(worn: Worn) -> Iterator[Row]:
    """Yield the rows that were set aside; the first was confirmed, the others wait."""
    days = dict(weeks(worn))
    for place, name in enumerate(_bad(worn)):
        yield {
            "id": worn.life.named("quarantined", name), "participant": worn.life.code, "batch": name,
            "stream": worn.streams[0], "day": days[name], "value": 255.0, "code": None, "rule": "plausible_range",
            "suite": worn.streams[0], "suite_version": _SUITE_VERSION, "reason": "255 is outside 25 to 250",
            "status": "open" if place else "confirmed",
            "decision_reason": None if place else "Sensor at its limit; not a heart rate",
        }  # fmt: skip


def queries(worn: Worn) -> Iterator[Row]:
    """Yield a question about each row set aside, and one by hand about a dose."""
    life = worn.life
    days = dict(weeks(worn))
    for place, name in enumerate(_bad(worn)):
        closed = None if place else _read_at(life, days[name]) + timedelta(days=2)
        yield _query(life, name, days[name], closed) | {
            "subject": "rows", "signal": worn.streams[0], "rule": "plausible_range",
            "question": "1 value outside its range: is it real?", "close_reason": closed and "Confirmed: an artefact",
        }  # fmt: skip
    first = life.anchors.get("first_dose")
    if first is not None:
        yield _query(life, "dose", first + timedelta(1), None) | {
            "subject": f"dose/{first + timedelta(1)}", "signal": "dose", "rule": "by_hand", "question": _QUESTION,
        }  # fmt: skip


def _query(life: Life, name: str, day: date, closed: datetime | None) -> Row:
    return {
        "id": life.named("query", name), "participant": life.code, "day": day,
        "status": "closed" if closed else "open", "opened_at": life.instant(day, 1435), "closed_at": closed,
    }  # fmt: skip


def audit(life: Life) -> Iterator[Row]:
    """Yield the trail of the person's record: made, and changed once its screening was decided."""
    status = ("screening", "screen_failure" if life.fate == "screen_failure" else "enrolled")
    first = life.planned["consent"]
    decided = min(life.entered, life.end)
    steps = (("INSERT", first, None, status[0]), ("UPDATE", decided, status[0], status[1]))
    for place, (operation, day, old, new) in enumerate(steps):
        yield {
            "id": life.named("audit", place), "sequence": 2 * life.number + place - 1, "at": life.instant(day, 640),
            "actor": "staff:coordinator", "reason": "screening", "table": "participant", "record": life.code,
            "operation": operation, "old": old and json.dumps({"status": old}), "new": json.dumps({"status": new}),
        }  # fmt: skip
