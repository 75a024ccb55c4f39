"""Stata and SPSS files with labels of variables and of values, by pyreadstat."""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyreadstat

from hometrial.exports.metadata import DataSet, ValueRefusedError

ValueLabels = Mapping[str, Mapping[int, str]]
STATA = 15
"""The version of the file: Unicode, and texts of any length."""
LONGEST_SPSS = 32_767


def write_stata(path: Path, data_set: DataSet, table: pa.Table, values: ValueLabels = {}) -> None:  # noqa: B006
    """Write a canonical frame for Stata; `values` labels the codes of whole-number variables."""
    pyreadstat.write_dta(
        _pandas(table),
        path,
        file_label=data_set.label,
        column_labels=[column.label for column in data_set.columns],
        version=STATA,
        variable_value_labels=_codes(values),
    )


def write_spss(path: Path, data_set: DataSet, table: pa.Table, values: ValueLabels = {}) -> None:  # noqa: B006
    """Write a canonical frame for SPSS. Raises ValueRefusedError for a text longer than 32,767 bytes."""
    for column in data_set.columns:
        for row, value in enumerate(table[column.name].to_pylist(), start=1):
            if isinstance(value, str) and len(value.encode()) > LONGEST_SPSS:
                raise ValueRefusedError(
                    f"{data_set.name}.{column.name}, row {row}: a text of {len(value.encode())} bytes; "
                    f"SPSS holds {LONGEST_SPSS}; Parquet and Dataset-JSON hold it"
                )
    pyreadstat.write_sav(
        _pandas(table),
        path,
        file_label=data_set.label,
        column_labels=[column.label for column in data_set.columns],
        variable_value_labels=_codes(values),
    )


def _codes(values: ValueLabels) -> dict[str, dict[float | int, str]]:
    return {name: {code: text for code, text in labels.items()} for name, labels in values.items()}  # noqa: C416


def _pandas(table: pa.Table) -> pd.DataFrame:
    made = {}
    for field in table.schema:
        values = table[field.name].to_pylist()
        numeric = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        made[field.name] = pd.Series(values, dtype="float64" if numeric else object)
    return pd.DataFrame(made)
