"""Who is in the demo's trial: 75 people, when each was asked and signed, and what befell some of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

End = Literal["screening", "failed", "declined", "invited", "reading", "signed"]
ZONES = {"S-01": "Europe/Berlin", "S-02": "Europe/London"}
SITES = {
    "S-01": ("Berlin", "DEU", "+49 30 5550100"),
    "S-02": ("London", "GBR", "+44 20 79460100"),
}
PEOPLE = 75
_SIGNED_AGO = (
    178, 168, 157,  # at or near the end
    139, 127, 118, 109, 106, 103, 101, 99, 97, 95, 93, 91, 89, 88, 86, 84, 83, 81, 80, 79, 78, 77, 76, 75, 74,
    14, 14, 13, 12, 12, 11, 10, 10, 9, 8, 7, 7, 6, 5, 5, 4, 3, 2, 2, 1,  # in the run-in
)  # fmt: skip
"""How many days ago those signed who did, in two waves.

Of the first wave everybody is on the drug or past it; of the second nobody has an arm yet. So nobody waits in an arm when
the demo is locked: CDISC's rules contradict each other about whoever does (docs/core.md).
"""
_NOT_SIGNED: tuple[tuple[End, int], ...] = (
    ("failed", 150), ("declined", 122), ("failed", 97), ("failed", 88), ("declined", 85), ("failed", 17),
    ("declined", 16), ("failed", 14), ("declined", 12), ("reading", 9), ("screening", 8), ("invited", 7), ("reading", 6),
    ("invited", 6), ("screening", 5), ("invited", 4), ("reading", 4), ("screening", 3), ("invited", 3), ("reading", 3),
    ("reading", 2), ("screening", 2), ("invited", 1), ("screening", 1), ("screening", 1), ("screening", 0),
    ("screening", 0),
)  # fmt: skip
_ASKED_BEFORE = 4  # days between the screening and the signature


@dataclass(frozen=True)
class Part:
    """One person: their number in the cast, site, how far they came, and when, in days before today."""

    number: int
    site: str
    end: End
    asked: int
    signed: int | None = None

    @property
    def zone(self) -> str:
        """Where the person lives."""
        return ZONES[self.site]

    @property
    def language(self) -> str:
        """In which language the person reads."""
        return "de" if self.site == "S-01" and self.number % 5 == 0 else "en"

    @property
    def severity(self) -> str:
        """How ill the person is, a factor of the allocation."""
        return ("mild", "moderate", "moderate", "severe", "moderate")[self.number % 5]


def cast() -> tuple[Part, ...]:
    """Return everybody in the order in which they were asked."""
    parts = sorted(_parts(), key=lambda each: -each[1])
    return tuple(
        Part(number, "S-02" if number % 3 == 0 else "S-01", end, asked, signed)
        for number, (end, asked, signed) in enumerate(parts, start=1)
    )


def _parts() -> Iterator[tuple[End, int, int | None]]:
    for signed in _SIGNED_AGO:
        yield "signed", signed + _ASKED_BEFORE, signed
    for end, asked in _NOT_SIGNED:
        yield end, asked, None
