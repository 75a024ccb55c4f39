"""What a format cannot hold is counted in its bytes, not in characters, and refused with name, row and value."""

import pyarrow as pa
import pytest

from hometrial.exports.formats import limits
from hometrial.exports.formats.limits import Limits
from hometrial.exports.formats.xpt import LIMITS
from hometrial.exports.metadata import Column, DataSet, ValueRefusedError

SMALL = Limits("a small format", text=4, name=8, label=40, number=1e10, smallest=1e-5)


def checked(table, *columns, of=SMALL):
    data_set = DataSet("AE", "Events", "", "", (), columns)
    limits.check(of, data_set, pa.table(table))


def test_a_text_is_measured_in_bytes():
    term = Column("AETERM", "Term", "text")
    checked({"AETERM": ["éé", "abcd", ""]}, term)
    with pytest.raises(ValueRefusedError, match=r"AE\.AETERM, row 2: 'ééa' is longer than the 4 bytes"):  # fmt: skip
        checked({"AETERM": ["abcd", "ééa"]}, term)


def test_a_label_is_measured_in_bytes():
    checked({"A": ["x"]}, Column("A", "é" * 20, "text"))
    with pytest.raises(ValueRefusedError, match="has 42 bytes; a small format holds 40"):
        checked({"A": ["x"]}, Column("A", "é" * 21, "text"))


@pytest.mark.parametrize("version", [5, 8])
def test_a_transport_file_takes_no_label_of_more_bytes_than_it_holds(version):
    most = LIMITS[version].label
    with pytest.raises(ValueRefusedError, match=f"holds {most}"):
        checked({"A": ["x"]}, Column("A", "é" * (most // 2 + 1), "text"), of=LIMITS[version])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "is no number"),
        (float("inf"), "is no number"),
        (-1e10, "larger than a number"),
        (1e-6, "nearer to 0 than a number"),
    ],
)
def test_a_number_that_would_come_back_as_another_is_refused(value, why):
    column = Column("AVAL", "Value", "float")
    checked({"AVAL": [0.0, 1e-4, -9e9, None]}, column)
    with pytest.raises(ValueRefusedError, match=rf"AE\.AVAL, row 2: .* {why}"):
        checked({"AVAL": [1.0, value]}, column)
