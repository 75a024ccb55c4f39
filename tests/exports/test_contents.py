"""The content hash of a data set: the same whatever file it stands in, and another for whatever else is said."""

import hashlib
import json
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from every_kind import ADXX
from hypothesis import given
from hypothesis import strategies as st

from hometrial.exports import metadata
from hometrial.exports.contents import Content, content_hash, spelled
from hometrial.exports.formats import dataset_json
from hometrial.exports.formats.dataset_json import Origin

ORIGIN = Origin("LDN-1", datetime(2026, 11, 23))  # noqa: DTZ001 - a file's own wall clock
NUMBERS = [0.1, 1 / 3, -0.0, 5.0, 2.0**53, 1e300, 5e-324, -12.125, None]
TABLE = metadata.frame(
    ADXX,
    [
        {"ADSEQ": place, "AVALC": text, "AVAL": number, "ADT": date(1959, 2, 3), "ADTM": datetime(2026, 3, 29, 2, 30)}  # noqa: DTZ001
        for place, (text, number) in enumerate(zip(["", "a\tb", "a\nb\r", "a\\tb", "Grüße 😀", "=1+1", " x ", "'", '"'], NUMBERS, strict=True))
    ],
)  # fmt: skip


def by_hand(head, rows):
    """Compute the hash as the documents say it, by the standard library alone, of what Dataset-JSON holds."""
    digest = hashlib.sha256()
    for row in (head, *rows):
        digest.update(("\t".join(map(told, row)) + "\n").encode())
    return digest.hexdigest()


def told(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(value)
    signs = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
    return "".join(signs.get(each, each) for each in str(value))


def test_somebody_else_computes_it_from_dataset_json_alone(tmp_path):
    dataset_json.write(tmp_path / "adxx.json", ADXX, TABLE, ORIGIN)
    read = json.loads((tmp_path / "adxx.json").read_text(encoding="utf-8"))
    kinds = [each["dataType"] for each in read["columns"]]
    rows = [
        [float(cell) if kind == "double" and cell is not None else cell for cell, kind in zip(row, kinds, strict=True)]
        for row in read["rows"]
    ]  # fmt: skip
    assert by_hand([each["name"] for each in read["columns"]], rows) == content_hash(TABLE)


def test_it_is_what_it_was_in_earlier_versions():
    assert content_hash(TABLE) == "9fc6821d8b890babe41e6ec3e585df1614c5215681879a063cd75af8047ebf73"


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.array([True, False, None]), ["1", "0", ""]),
        (pa.array([2**63 - 1, -1, None]), ["9223372036854775807", "-1", ""]),
        (pa.array([5.0, -0.0, 2.0**53, 0.1, None]), ["5", "0", "9007199254740992.0", "0.1", ""]),
        (pa.array(["a", "", None]), ["a", "", ""]),
        (pa.array([date(1, 1, 1), None]), ["0001-01-01", ""]),
        (
            pa.array([datetime(2026, 1, 1, 1, 2, 3, 40, tzinfo=UTC), datetime(1582, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            ["2026-01-01T01:02:03.000040", "1582-01-01T00:00:00", ""],
        ),
        (pa.array([datetime(2026, 1, 1, 1, 2, 3)], pa.timestamp("s")), ["2026-01-01T01:02:03"]),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_every_kind_of_value_has_one_text(values, told):
    assert spelled(values).to_pylist() == told


_TEXTS = st.text("ab\t\n\r\\'\"\x1f", max_size=3)
_TABLES = st.lists(st.tuples(_TEXTS, _TEXTS), max_size=3)


def table(rows):
    return pa.table({name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate("XY")})  # fmt: skip


@given(_TABLES, _TABLES)
def test_two_tables_have_one_hash_only_if_they_say_the_same(one, other):
    assert (content_hash(table(one)) == content_hash(table(other))) == (one == other)


@given(_TABLES, st.integers(0, 3))
def test_it_does_not_matter_in_which_parts_the_rows_come(rows, cut):
    whole = table(rows)
    content = Content(whole.column_names)
    for part in (whole.slice(0, cut), whole.slice(cut)):
        content.add([spelled(each.combine_chunks()) for each in part.columns])
    assert content.hash == content_hash(whole)


@pytest.mark.parametrize(
    "changed",
    [
        TABLE.slice(1),
        TABLE.take([*range(1, len(TABLE)), 0]),
        TABLE.rename_columns(["ADSEQ", "AVALC", "AVAL", "ADT", "ASTDTM"]),
        TABLE.select(["AVALC", "ADSEQ", "AVAL", "ADT", "ADTM"]),
        TABLE.drop_columns(["ADT"]),
    ],
)
def test_rows_columns_names_and_their_order_count(changed):
    assert content_hash(changed) != content_hash(TABLE)


def test_the_documents_example_is_true():
    """docs/data-sets.md shows this text."""
    shown = pa.table({"USUBJID": ["LDN-001", "LDN-002"], "AVAL": [5.0, 0.25], "ADT": [date(2026, 3, 5), None]})  # fmt: skip
    text = "USUBJID\tAVAL\tADT\nLDN-001\t5\t2026-03-05\nLDN-002\t0.25\t\n"
    assert content_hash(shown) == hashlib.sha256(text.encode()).hexdigest()
