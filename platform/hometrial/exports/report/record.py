"""A report as JSON: every number that is printed, with its n, its formula and the call."""

import json
import math
from typing import Any

from hometrial.exports.report.blocks import Number, Value
from hometrial.exports.report.making import Report


def record(report: Report) -> bytes:
    """Return the file: the same bytes for the same report."""
    body = {
        "title": report.title,
        "report": report.name,
        "protocol": report.subtitle,
        "mark": report.mark,
        "caution": report.sober,
        "seed": report.seed,
        "sections": [
            {"id": each.id, "title": each.title, "numbers": [_number(one) for one in each.numbers]}
            for each in report.sections
        ],
    }
    return (json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _number(number: Number) -> dict[str, Any]:
    return {
        "name": number.name,
        "printed": number.text,
        "n": number.n,
        "values": {name: _plain(value) for name, value in number.values.items()},
        "formula": number.formula,
        "call": number.call,
    }


def _plain(value: Value) -> Value:
    """Return a value as JSON can hold it: what is no number is nothing."""
    if isinstance(value, bool | str) or value is None:
        return value
    plain = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
