"""Under which codes questions and scores stand in a tabulation: CDISC's where there are any, else the sponsor's."""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Kind = Literal["item", "score"]
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LONGEST_TEST = 40


@dataclass(frozen=True)
class Code:
    """Where an item or a score of an instrument stands: domain, category, test; which day of a diary it is of.

    `is_kept`: false for a score that says what an item says already, a step on the way to another score, and what
    the instrument's own manual does not define. Those are in the tidy tables alone.
    """

    domain: str
    category: str
    testcd: str
    test: str
    is_kept: bool = True
    time_point: int | None = None


@cache
def listed() -> Mapping[tuple[str, Kind, str], Code]:
    """Return the code of each item and score of the instruments that are shipped: (instrument, kind, name)."""
    text = files("hometrial.exports.sdtm").joinpath("questionnaires.csv").read_text("utf-8")
    found: dict[tuple[str, Kind, str], Code] = {}
    for line in csv.DictReader(text.splitlines()):
        kind: Kind = "item" if line["kind"] == "item" else "score"
        point = int(line["time_point"]) if line["time_point"] else None
        found[line["instrument"], kind, line["name"]] = Code(
            line["domain"],
            line["category"],
            line["testcd"],
            line["test"],
            line["kept"] == "yes",
            point,
        )
    return found


def code_of(instrument: str, kind: Kind, name: str) -> Code:
    """Return the code of an item or a score; of an instrument that is not listed, one made of its names alone."""
    known = listed().get((instrument, kind, name))
    if known is not None:
        return known
    category = next(
        (code.category for (of, _, _), code in listed().items() if of == instrument),
        instrument.replace("_", " ").upper(),
    )
    code = made_code(f"{instrument}/{kind}/{name}")
    test = f"{code}-{name.replace('_', ' ')}"
    return Code("QS", category, code, test[:_LONGEST_TEST].rstrip())


def made_code(name: str) -> str:
    """Return X and seven letters or digits: the same for the same name, in every study."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    letters = []
    for _ in range(7):
        number, place = divmod(number, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "X" + "".join(letters)
