"""Rows that belong together: one number a group."""

import numpy as np
import pandas as pd


def grouped(frame: pd.DataFrame, columns: tuple[str, ...]) -> np.ndarray:
    """Return for each row the number (int64) of its group of equal values; null is a value like any."""
    number = np.zeros(len(frame), dtype=np.int64)
    for name in columns:
        codes, values = _coded(frame[name])
        number = pd.factorize(number * (len(values) + 1) + codes + 1)[0].astype(np.int64)
    return number


def _coded(column: pd.Series) -> tuple[np.ndarray, pd.Index]:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64), column.cat.categories
    codes, values = pd.factorize(column)
    return codes.astype(np.int64), pd.Index(values)


def in_time(frame: pd.DataFrame, group: np.ndarray) -> np.ndarray:
    """Return the positions of the rows by group and instant, rows of one instant by row_id."""
    at, row = frame["at"].to_numpy(), frame["row_id"].to_numpy()
    if _ascending(group, at, row):
        return np.arange(len(frame))
    return np.lexsort((row, at, group))


def _ascending(group: np.ndarray, at: np.ndarray, row: np.ndarray) -> bool:
    same = group[1:] == group[:-1]
    later = (at[1:] > at[:-1]) | ((at[1:] == at[:-1]) & (row[1:] > row[:-1]))
    return bool(np.all((group[1:] > group[:-1]) | (same & later)))
