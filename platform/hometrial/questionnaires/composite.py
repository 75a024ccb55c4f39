"""The composite grade of a symptom's frequency, severity and interference.

Basch et al. 2021, Clinical Trials 18:104-114: the mapping of every combination to a grade 0-3.
"""

from collections.abc import Sequence

_ALONE = {"F": "01123", "S": "01233", "I": "01122"}
_PAIRS = {
    "FS": ("11122", "11222", "11233", "11233"),
    "SI": ("11122", "11223", "12233", "22233"),
    "FI": ("11122", "11122", "11233", "11233"),
}
_TRIPLES = (
    ("01122", "11122", "12223", "22233", "22333"),
    ("01122", "11122", "22233", "22233", "22333"),
    ("11122", "11122", "22233", "22333", "22333"),
    ("11122", "11223", "22233", "22333", "22333"),
)


def grade(frequency: int | None, severity: int | None, interference: int | None) -> int:
    """Return the grade 0-3 of the attributes that a symptom's term asks, each 0-4; None: not part of the term.

    A first attribute of 0 is grade 0, whatever the others.
    """
    rated = [("F", frequency), ("S", severity), ("I", interference)]
    kinds = "".join(kind for kind, value in rated if value is not None)
    values = [value for _, value in rated if value is not None]
    if values[0] == 0:
        return 0
    if len(values) == 1:
        return int(_ALONE[kinds][values[0]])
    return int(_row(kinds, values)[values[-1]])


def _row(kinds: str, values: Sequence[int]) -> str:
    first = values[0] - 1
    return _PAIRS[kinds][first] if len(values) == 2 else _TRIPLES[first][values[1]]
