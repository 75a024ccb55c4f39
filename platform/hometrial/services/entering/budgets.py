"""How often somebody may ask for a code or try one: for each address, and for each place that asks."""

import hmac
import math
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.services.syncing import limiting
from hometrial_ingest.provider import RateLimitedError


@dataclass(frozen=True)
class Budget:
    """At most `most` in any `seconds`: half of them at once, then one after another."""

    name: str
    most: int
    seconds: int


CODES_OF_ADDRESS = Budget("codes-of-address", 10, 3600)
TRIES_OF_ADDRESS = Budget("tries-of-address", 10, 600)
"""However many codes an address has: at most ten guesses in ten minutes (trust.md T-AUTH-01)."""
ASKED_FROM = Budget("asked-from", 60, 600)
TRIED_FROM = Budget("tried-from", 120, 600)


@dataclass(frozen=True)
class Wait:
    """Not now, but after so many seconds."""

    seconds: int


def spend(session: Session, key: bytes, *due: tuple[Budget, str]) -> Wait | None:
    """Take one from each budget; return how long to wait at the first that is empty.

    What it was asked with (an address, a place in the network) is kept as a keyed hash only.
    """
    for budget, whose in due:
        named = hmac.digest(key, whose.encode("utf-8"), "sha256").hex()[:32]
        try:
            limiting.take(
                session, f"{budget.name}/{named}", budget.most, budget.seconds, clock.now()
            )
        except RateLimitedError as error:
            return Wait(math.ceil(error.retry_after or 1.0))
    return None
