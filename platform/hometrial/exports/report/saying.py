"""How numbers are said: p values, ranges, shares of how many, dates."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np

from hometrial.exports.estimates.proportions import Proportion, proportion

NOTHING = "–"
"""Stands where nothing is known."""
_SMALL, _CLEAR = 0.001, 0.1
_PAIR = 2
_NOISE = 9
"""Decimals beyond which a number is the noise of binary fractions."""


def p_value(p: float) -> str:
    """Say a p value: `p = 0.003`, `p < 0.001`, never 0.000."""
    if math.isnan(p):
        return NOTHING
    if p < _SMALL:
        return "p < 0.001"
    return f"p = {p:.3f}" if p < _CLEAR else f"p = {p:.2f}"


def number(value: float | None, decimals: int | None = None) -> str:
    """Say a number with as many decimals as its size calls for: three figures, thousands apart."""
    if value is None or math.isnan(value):
        return NOTHING
    value = round(float(value), _NOISE)
    if decimals is None:
        size = abs(value)
        decimals = 0 if size >= 100 or float(value).is_integer() else 1 if size >= 10 else 2
    said = f"{value:,.{decimals}f}"
    return said.replace("-", "−") if float(said.replace(",", "")) != 0 else said.replace("-", "")


def interval(low: float, high: float, decimals: int | None = None) -> str:
    """Say an interval: `1.2 to 3.4`."""
    return f"{number(low, decimals)} to {number(high, decimals)}"


def of(k: int, n: int) -> str:
    """Say a share with its exact interval; of nobody, that there was nobody."""
    return share(proportion(k, n)) if n else "0/0 (nobody)"


def share(found: Proportion) -> str:
    """Say a proportion as a cell of a table does: `3/6 (50.0 %; 11.8 to 88.2)`."""
    return (
        f"{found.k}/{found.n} ({100 * found.k / found.n:.1f} %; "
        f"{100 * found.low:.1f} to {100 * found.high:.1f})"
    )


def plain(k: int, n: int) -> str:
    """Say a share of things that are not independent, such as days within people: without an interval."""
    return f"{k}/{n} ({100 * k / n:.1f} %)" if n else "0/0 (nothing due)"


def spread(values: Iterable[float]) -> str:
    """Say the median with its quartiles."""
    found = known(values)
    if not found:
        return NOTHING
    low, middle, high = np.percentile(found, [25, 50, 75])
    return f"{number(middle)} [{number(low)}, {number(high)}]"


def span(values: Iterable[float]) -> str:
    """Say the median with the smallest and the largest."""
    found = known(values)
    if not found:
        return NOTHING
    return f"{number(float(np.median(found)))} ({number(min(found))} to {number(max(found))})"


def centre(values: Iterable[float]) -> str:
    """Say the mean with its standard deviation; of one value the value alone."""
    found = known(values)
    if not found:
        return NOTHING
    if len(found) == 1:
        return number(found[0])
    return f"{number(float(np.mean(found)))} (SD {number(float(np.std(found, ddof=1)))})"


def middle(values: Iterable[float], least: int) -> str:
    """Say the mean with its standard deviation, of fewer than `least` the median with its range."""
    found = known(values)
    return centre(found) if len(found) >= least else span(found)


def error(values: Iterable[float]) -> str:
    """Say the mean with its standard error, as the older pilots print it; of one value the value alone."""
    found = known(values)
    if len(found) < _PAIR:
        return number(found[0]) if found else NOTHING
    return f"{number(float(np.mean(found)))} (SE {number(standard_error(found))})"


def standard_error(values: Iterable[float]) -> float:
    """Return the standard error of a mean: SD/√n."""
    found = known(values)
    return float(np.std(found, ddof=1)) / math.sqrt(len(found))


def known(values: Iterable[float]) -> list[float]:
    """Return the values that are known."""
    return [float(each) for each in values if not is_missing(each)]


def words(code: object) -> str:
    """Say a code of the study or a controlled term in words: `lost_to_follow_up`, `LOST TO FOLLOW-UP`."""
    said = str(code).replace("_", " ")
    return said.lower() if said.isupper() else said


def is_missing(value: Any) -> bool:
    """Say whether a cell of a frame holds nothing: None, no number, no time."""
    return value is None or value != value


def day(value: Any) -> str:
    """Say a day."""
    if is_missing(value):
        return NOTHING
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)[:10]


def listed(names: Sequence[str]) -> str:
    """Say names after each other."""
    return ", ".join(names) or "none"


def capital(said: str) -> str:
    """Begin with a capital letter."""
    return said if said[1:2].isupper() else said[:1].upper() + said[1:]


def scrambled(text: str) -> str:
    """Return a text's SHA-256: an order that tells nothing."""
    return hashlib.sha256(text.encode()).hexdigest()
