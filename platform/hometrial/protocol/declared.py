"""What every part of a protocol's declaration shares: strict, frozen, no field unknown."""

from datetime import time
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic import StringConstraints as Words

from hometrial import rules
from hometrial.declarations import Declaration, Each, Language, Several, Version

__all__ = [
    "ClockTime", "Days", "Declaration", "Distinct", "Each", "Id", "Language", "Line", "Milligrams", "Minutes",
    "Name", "Rule", "Several", "Share", "Version", "micrograms",
]  # fmt: skip


def _distinct(each: tuple[Each, ...]) -> tuple[Each, ...]:
    twice = [one for number, one in enumerate(each) if one in each[:number]]
    if twice:
        raise ValueError(f"{twice[0]} is there twice; name it once")
    return each


Distinct = Annotated[tuple[Each, ...], Strict(strict=False), AfterValidator(_distinct)]

Id = Annotated[str, Words(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=63)]
Name = Annotated[str, Words(pattern=r"^[a-z][a-z0-9_]*$", max_length=63)]
"""An id that rules may use: lower case, without a hyphen."""
Line = Annotated[str, Words(pattern=r"^\S(.*\S)?$", max_length=400)]


def _sound(text: str) -> str:
    rules.parse(text)
    return text


Rule = Annotated[str, AfterValidator(_sound)]
"""A rule as it is written; what is no rule is refused when it is loaded."""

Days = Annotated[int, Field(ge=1, le=36_525)]
Share = Annotated[float, Field(gt=0, le=1)]
Minutes = Annotated[float, Field(ge=0, le=240)]


def micrograms(milligrams: float) -> int:
    """Return a dose in whole micrograms, in which sums are exact; raises ValueError if it is none."""
    whole = round(milligrams * 1000)
    if abs(whole - milligrams * 1000) > 1e-6:
        raise ValueError("a dose is given to the microgram: at most three decimals of a milligram")
    return whole


def _whole(milligrams: float) -> float:
    micrograms(milligrams)
    return milligrams


def _clock_time(said: Any) -> Any:
    """Read `17:00`; what is no text is left for the strict check to refuse."""
    if not isinstance(said, str):
        return said
    try:
        return time.fromisoformat(said)
    except ValueError as error:
        raise ValueError("a time of day is written as '17:00', in quotes") from error


Milligrams = Annotated[float, Field(gt=0, le=100), AfterValidator(_whole)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
