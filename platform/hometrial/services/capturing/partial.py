"""Dates as far as they are known, as the source tables hold them: 2024, 2024-05, 2024-05-17."""

from hometrial.protocol.dosing.coarse import CoarseDate


def partial(told: CoarseDate | str | None) -> str | None:
    """Return a date as it was told; one between two others as far as both agree, None if they do not."""
    if told is None:
        return None
    earlier, _, later = str(told).partition("/")
    if not later:
        return earlier
    agreed = []
    for one, other in zip(earlier.split("-"), later.split("-"), strict=False):
        if one != other:
            break
        agreed.append(one)
    return "-".join(agreed) or None
