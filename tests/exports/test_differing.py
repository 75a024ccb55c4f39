"""Two snapshots compared: exactly what differs, with who did it and why."""

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from tests.support.twins import twin

from hometrial.exports.differing import differences
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME

_AT = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def before() -> Source:
    return twin("ldn-mecfs")


def _with(source: Source, name: str, change: dict[str, dict[str, object]]) -> Source:
    """Return a source in which some rows, by their ids, say something else."""
    rows = [{**row, **change.get(row["id"], {})} for row in source.rows(name)]
    return Source({**source.tables, name: BY_NAME[name].table(rows)})


def test_a_snapshot_does_not_differ_from_itself(before: Source) -> None:
    assert list(differences(before, before, 0)) == []


def test_three_changed_values_are_three_differences_with_who_and_why(before: Source) -> None:
    event, item = before.rows("adverse_event")[0], before.rows("item")[0]
    corrected = "0000-corrected"
    after = _with(
        before, "adverse_event", {event["id"]: {"severity": "severe", "grade": 3, "version": 9}}
    )
    after = _with(after, "item", {item["id"]: {"id": corrected, "value": "77"}})
    trail = [
        {"id": f"a/{number}", "sequence": 10**9 + number, "at": _AT, "actor": f"staff:{who}", "reason": why,
         "record": record}
        for number, (record, who, why) in enumerate(
            [(event["id"], "ada", "seen in the letter"), (corrected, "ben", "misread")]
        )
    ]  # fmt: skip
    added = BY_NAME["audit"].table(trail)
    after = Source({**after.tables, "audit": pa.concat_tables([before.table("audit"), added])})
    found = list(differences(before, after, 10**8))
    assert [(each.table, each.change, each.variable) for each in found] == [
        ("adverse_event", "changed", "severity"),
        ("adverse_event", "changed", "grade"),
        ("item", "changed", "value"),
    ]
    assert [(each.who, each.why) for each in found] == [
        ("staff:ada", "seen in the letter"), ("staff:ada", "seen in the letter"), ("staff:ben", "misread"),
    ]  # fmt: skip
    assert found[1].after == "3"
    assert found[2].before == (item["value"] or "")
    assert found[0].when == _AT.isoformat()


def test_a_row_more_and_a_row_less_are_told(before: Source) -> None:
    rows = before.rows("medication")
    gone = rows[0]
    after = Source({**before.tables, "medication": BY_NAME["medication"].table(rows[1:])})
    [found] = differences(before, after, 0)
    assert (found.change, found.participant) == ("removed", gone["participant"])
    [back] = differences(after, before, 0)
    assert (back.change, back.variable) == ("added", "")
