"""Source tables in parts: the rows of some keys, and a table that is in order already is not copied."""

import pyarrow as pa
from twins import twin

from hometrial.exports import deidentifying
from hometrial.exports.deidentifying import PROFILES
from hometrial.exports.source.reading import in_order


def test_the_rows_of_some_keys_are_those_of_the_whole_table() -> None:
    source = twin("ldn-crohns")
    every = source.rows("item")
    asked = sorted({row["response"] for row in every})[3:7]
    found = source.rows_of("item", "response", [*asked, "nobody's"])
    assert sorted(found) == asked
    for response, rows in found.items():
        assert rows == [row for row in every if row["response"] == response]


def test_rows_are_put_in_the_order_of_their_ids() -> None:
    table = pa.table({"id": ["b", "a", "c"], "value": [2, 1, 3]})
    assert in_order(table)["value"].to_pylist() == [1, 2, 3]
    assert in_order(table.slice(0, 0)).num_rows == 0


def test_a_profile_that_renames_nobody_holds_no_column_twice() -> None:
    source = twin("ldn-crohns")
    released = deidentifying.release(source, PROFILES["study"], bytes(32)).source
    for name in ("item", "daily_metric"):
        for column in ("id", "participant"):
            one, other = (
                each.table(name)[column].chunk(0).buffers()[2] for each in (source, released)
            )
            assert one is not None
            assert one.address == other.address, f"{name}.{column}"
