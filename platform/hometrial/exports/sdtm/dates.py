"""Dates as far as they are known: what of them a tabulation may hold, and which days they can be."""

from datetime import date

from hometrial.protocol.dosing.coarse import CoarseDate


def iso(told: str | None) -> str:
    """Return a date as far as it is known; of a range (2010/2012-05) what both of its ends share."""
    if not told or not is_range(told):
        return told or ""
    ends = [each.split("-") for each in told.split("/")]
    shared = []
    for one, other in zip(ends[0], ends[-1], strict=False):
        if one != other:
            break
        shared.append(one)
    return "-".join(shared)


def is_range(told: str | None) -> bool:
    """Whether a date was told as lying between two others."""
    return bool(told) and "/" in str(told)


def bounds(told: str | None) -> tuple[date, date] | None:
    """Return the first and the last day that a date can be; None of a date that nobody told."""
    if not told:
        return None
    found = CoarseDate.of("/".join(each.partition("T")[0] for each in told.split("/")))
    return found.first, found.last
