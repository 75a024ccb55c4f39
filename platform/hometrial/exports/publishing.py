"""What a folder for the public does not tell, beside names: when people took part, and what would give that away.

Days are moved, and three things would say by how much: somebody whose records end with the study's own, the Sundays on
which clocks change, and whatever happens to all people on one day. None of the three is in such a folder.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.errors import ExportRefusedError
from hometrial.exports.ending import last_records
from hometrial.exports.source.fields import SourceTable
from hometrial.exports.source.reading import Source

SMALL_SITE = "SMALL SITES"
OLDEST = 89
"""Ages above are given as 90 (45 CFR 164.514(b)(2)(i)(C))."""
LONGEST = 26
"""Weeks after which everybody's records are in a folder for the public, if no others came."""
SHORTEST_DAY = 23 * 60
"""Minutes of a Sunday on which clocks go forward: no Sunday tells of more."""
_SUNDAY = 7
_OF_THE_WHOLE_DAY = ("heart_rate_count", "sleep_midpoint")
"""Figures that an hour more or less shows in, however they are cut."""
_SAME_DAY_FOR_ALL = frozenset(
    {
        ("data_day", "consent_version"),
        ("data_day", "rule_suite"),
        ("deviation", "found"),
        ("deviation", "reported"),
        ("device", "firmware"),
        ("laboratory", "laboratory"),
        ("supply", "lot"),
    }
)
"""What a document, a program, a maker or a house gives to many people at once, or tells where somebody lives."""
_SOFTWARE = re.compile(r" \d+\.\d[\d.]*$")


def released_people(source: Source, embargoes: Mapping[str, int], on: date) -> frozenset[str]:
    """Return whose last record is older on a day than their own embargo in weeks.

    Raises ExportRefusedError if there are people, and nobody's is.
    """
    last = last_records(source)
    found = frozenset(
        person for person, day in last.items() if day + timedelta(weeks=embargoes[person]) <= on
    )
    if last and not found:
        latest = max(last.values()) + timedelta(weeks=LONGEST)
        raise ExportRefusedError(
            f"profile: public takes nobody in before 1 to {LONGEST} weeks after the last that is on record of them, and of "
            f"nobody is that so long ago; make the folder from {latest} on, or choose the profile study"
        )
    return found


def quarter(at: datetime) -> datetime:
    """Return the first moment of the quarter of a year: all that a folder tells of when it was made."""
    there = at.astimezone(UTC)
    return datetime(there.year, there.month - (there.month - 1) % 3, 1, tzinfo=UTC)


def of_people(table: pa.Table, people: Iterable[str]) -> pa.Table:
    """Return a table's rows about some people."""
    if "participant" not in table.column_names:
        return table
    return table.filter(pc.is_in(table["participant"], pa.array(sorted(people), pa.string())))


def first_signatures(table: pa.Table) -> pa.Table:
    """Leave out who signed a document again: a new version is signed by everybody in the weeks after its approval."""
    first: dict[tuple[str, ...], str] = {}
    keys = [
        tuple(str(row[name]) for name in ("participant", "document", "part", "role"))
        for row in table.to_pylist()
    ]
    signed = table["signed"].to_pylist()
    for key, at in zip(keys, signed, strict=True):
        first[key] = min(at, first.get(key, at))
    kept = [first[key] == at for key, at in zip(keys, signed, strict=True)]
    return table.filter(pa.array(kept, pa.bool_()))


def without_clock_changes(table: pa.Table, done: Counter[str]) -> pa.Table:
    """Give every Sunday's figures as those of a day of 23 hours, whichever Sunday it is."""
    whole = pc.is_in(table["metric"], pa.array(_OF_THE_WHOLE_DAY))
    left_out = pc.and_(_on_sundays(table), whole)
    done["figures of Sundays left out"] += pc.sum(left_out).as_py() or 0
    table = table.filter(pc.invert(left_out))
    minutes = pc.and_(_on_sundays(table), pc.equal(table["unit"], "min"))
    long = pc.and_(minutes, pc.greater(pc.fill_null(table["value"], 0.0), SHORTEST_DAY))
    done["minutes of Sundays given as 23 hours"] += pc.sum(long).as_py() or 0
    return _with(table, "value", pc.if_else(long, float(SHORTEST_DAY), table["value"]))


def plain_model(model: str) -> str:
    """Return a model without the number of its software, which tells when it was worn."""
    return _SOFTWARE.sub("", model)


def _on_sundays(table: pa.Table) -> pa.ChunkedArray:
    return pc.equal(pc.day_of_week(table["day"], count_from_zero=False), _SUNDAY)


def without_common_days(known: SourceTable, table: pa.Table, done: Counter[str]) -> pa.Table:
    """Empty the columns whose values change for many people at once."""
    for field in known.fields:
        if (known.name, field.name) in _SAME_DAY_FOR_ALL:
            done["values that change for all together"] += (
                table.num_rows - table[field.name].null_count
            )
            empty = pa.nulls(table.num_rows, table.schema.field(field.name).type)
            table = _with(table, field.name, empty)
    if known.name == "device":
        models = table["model"].to_pylist()
        plain = [model and plain_model(model) for model in models]
        done["values that change for all together"] += sum(
            old != new for old, new in zip(models, plain, strict=True)
        )
        table = _with(table, "model", plain)
    return table


def small_sites(source: Source, below: int) -> frozenset[str]:
    """Return the sites of fewer people than `below`."""
    people = Counter(row["site"] for row in source.rows("participant"))
    known = {row["id"] for row in source.rows("site")}
    return frozenset(site for site in known if people[site] < below)


def without_small_sites(
    name: str, table: pa.Table, small: frozenset[str], done: Counter[str]
) -> pa.Table:
    """Give small sites one code and no country; one row of them is left in `site`."""
    column = {"site": "id", "participant": "site"}.get(name)
    if column is None:
        return table
    codes = table[column].to_pylist()
    done["sites told together"] += name == "site" and len(small)
    told = [SMALL_SITE if code in small else code for code in codes]
    table = _with(table, column, told)
    if name != "site":
        return table
    for other in ("name", "country"):
        hidden = {"name": SMALL_SITE, "country": None}[other]
        values = zip(told, table[other].to_pylist(), strict=True)
        table = _with(
            table, other, [hidden if code == SMALL_SITE else each for code, each in values]
        )
    firsts = [told.index(code) == place for place, code in enumerate(told)]
    return table.filter(pa.array(firsts, pa.bool_()))


def without_great_ages(table: pa.Table, done: Counter[str]) -> pa.Table:
    """Give ages above 89 as 90."""
    ages = zip(table["variable"].to_pylist(), table["number"].to_pylist(), strict=True)
    great = [name == "age" and number is not None and number > OLDEST for name, number in ages]
    done["ages given as 90"] += sum(great)
    for column, top in (("value", str(OLDEST + 1)), ("number", float(OLDEST + 1))):
        values = zip(great, table[column].to_pylist(), strict=True)
        table = _with(table, column, [top if is_great else each for is_great, each in values])
    return table


def _with(table: pa.Table, name: str, values: pa.Array | pa.ChunkedArray | list[Any]) -> pa.Table:
    place = table.schema.get_field_index(name)
    field = table.schema.field(place)
    if isinstance(values, list):
        values = pa.array(values, field.type)
    return table.set_column(place, field, values)
