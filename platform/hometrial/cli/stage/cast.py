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
    139, 127, 118, 109, 101, 94, 88, 83,  # late in the plan
    79, 76, 72, 69, 66, 63, 60, 57, 54, 51, 48, 45, 43, 41, 39, 37, 35, 33, 31, 29, 28, 27, 25, 24, 22, 21,
    20, 19, 18, 17, 17, 16, 16,  # on the first steps, or waiting
    13, 11, 9, 8, 7, 6, 4, 3, 2, 1,  # in the run-in
)  # fmt: skip
"""How many days ago those signed who did."""
_NOT_SIGNED: tuple[tuple[End, int], ...] = (
    ("failed", 150), ("declined", 122), ("failed", 97), ("failed", 66), ("declined", 41), ("failed", 22),
    ("declined", 12), ("reading", 9), ("screening", 8), ("invited", 7), ("reading", 6), ("screening", 5),
    ("invited", 4), ("screening", 3), ("invited", 3), ("reading", 2), ("screening", 2), ("invited", 1),
    ("screening", 1), ("screening", 0), ("screening", 0),
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
