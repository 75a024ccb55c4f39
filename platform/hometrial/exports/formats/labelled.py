"""Stata and SPSS files with labels of variables and of values, by pyreadstat; the same bytes for the same frame."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyreadstat

from hometrial.errors import ExportRefusedError
from hometrial.exports.formats import limits, records, spss_records, stata_records
from hometrial.exports.formats.frames import ValueLabels, as_pandas, time_formats
from hometrial.exports.formats.limits import Limits
from hometrial.exports.metadata import DataSet, canonical

STATA = 14
"""The version of the file: Unicode, and texts of any length. Long texts of the next one are read as empty by haven 2.5."""
STATA_LIMITS = Limits(
    "Stata",
    text=2_000_000_000,
    name=32,
    label=80,
    number=8.9e307,
    first_day=date(100, 1, 1),
)
"""Stata keeps blanks at the end of a text; ReadStat, and with it R's haven, takes them away."""
SPSS_LIMITS = Limits(
    "SPSS", text=32_767, name=64, label=256, number=1.7e308, first_day=date(1582, 10, 15)
)
_DECIMALS, _NARROWEST, _WIDEST = 16, 8, 40
"""Decimals that SPSS shows of a number at the most; characters at the least and at the most."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_NO_LABELS: Mapping[str, Mapping[int, str]] = {}
_STATA_MADE = b"<timestamp>\x11"
_SPSS_MADE = 92
_HEADER = 1024


def write_stata(
    path: Path, data_set: DataSet, table: pa.Table, at: datetime, values: ValueLabels = _NO_LABELS
) -> None:
    """Write a canonical frame for Stata; `values` labels whole numbers; `at` is the time in the file's header.

    Raises ValueRefusedError for a text that ends with a blank.
    """
    limits.check(STATA_LIMITS, data_set, table)
    wide = records.widths(table)
    in_columns = records.fits(wide, table, stata_records.LONGEST)
    pyreadstat.write_dta(
        as_pandas(records.widest(table, wide) if in_columns else table),
        path,
        file_label=data_set.label,
        column_labels=[column.label for column in data_set.columns],
        version=STATA,
        variable_value_labels=_codes(values),
        variable_format=time_formats(table, "%td", "%tc"),
    )
    if in_columns:
        stata_records.replace_records(path, table, wide)
    made = f"{at:%d} {_MONTHS[at.month - 1]} {at:%Y %H:%M}".encode()
    with path.open("r+b") as file:
        start = file.read(_HEADER).find(_STATA_MADE)
        if start < 0:
            raise ExportRefusedError(
                f"{path.name}: the header has no time stamp where it is set; "
                "the file would differ from one writing to the next"
            )
        file.seek(start + len(_STATA_MADE))
        file.write(made)


def write_spss(
    path: Path, data_set: DataSet, table: pa.Table, at: datetime, values: ValueLabels = _NO_LABELS
) -> None:
    """Write a canonical frame for SPSS; `values` labels whole numbers; `at` is the time in the file's header.

    Raises ValueRefusedError for a text longer than 32,767 bytes, or one that ends with a blank.
    """
    limits.check(SPSS_LIMITS, data_set, table)
    wide = records.widths(table)
    in_columns = records.fits(wide, table, spss_records.LONGEST)
    pyreadstat.write_sav(
        as_pandas(records.widest(table, wide) if in_columns else table),
        path,
        file_label=data_set.label,
        column_labels=[column.label for column in data_set.columns],
        variable_value_labels=_codes(values),
        variable_format={**time_formats(table, "DATE11", "DATETIME20"), **number_formats(table)},
    )
    if in_columns:
        spss_records.replace_records(path, table, wide)
    with path.open("r+b") as file:
        file.seek(_SPSS_MADE)
        file.write(f"{at:%d} {_MONTHS[at.month - 1]} {at:%y%H:%M:%S}".encode())


def number_formats(table: pa.Table) -> dict[str, str]:
    """Return how SPSS shows each number: with as many decimals as its values have, instead of two of all."""
    return {
        field.name: _shown(table[field.name])
        for field in table.schema
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
    }


def _shown(values: pa.ChunkedArray) -> str:
    told = [Decimal(canonical(each)) for each in pc.unique(values.drop_null()).to_pylist()]
    decimals = min(_DECIMALS, max((-int(each.as_tuple().exponent) for each in told), default=0))
    digits = max((each.adjusted() + 1 for each in told), default=1)
    return f"F{min(_WIDEST, max(_NARROWEST, digits + decimals + 2))}.{decimals}"


def _codes(values: ValueLabels) -> dict[str, dict[float | int, str]]:
    return {name: {code: text for code, text in labels.items()} for name, labels in values.items()}  # noqa: C416
