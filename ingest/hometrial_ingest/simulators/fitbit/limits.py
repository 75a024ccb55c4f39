"""The hourly limit of an account, and how often who called what."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

LIMIT = 150
_HOUR = 3_600

Account = tuple[str, int]
"""An application (client id) and a person: each pair has a limit of its own."""


@dataclass(frozen=True)
class Standing:
    """Where an account stands in its hour; `allowed` is False for the call that was too much."""

    allowed: bool
    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Return the headers that stand on every reply about an account."""
        return {
            "Fitbit-Rate-Limit-Limit": str(self.limit),
            "Fitbit-Rate-Limit-Remaining": str(self.remaining),
            "Fitbit-Rate-Limit-Reset": str(self.reset),
        }


@dataclass
class HourlyLimit:
    """So many calls an account in every full hour of the clock; refused calls cost nothing."""

    limit: int = LIMIT
    used: Counter[tuple[Account, int]] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    """Calls answered with 429 by person, the planned ones not among them."""

    def take(self, account: Account, now: datetime) -> Standing:
        """Count one call, if the hour has room for it."""
        instant = int(now.timestamp())
        window = (account, instant // _HOUR)
        reset = _HOUR - instant % _HOUR
        if self.used[window] >= self.limit:
            self.refused[account[1]] += 1
            return Standing(allowed=False, limit=self.limit, remaining=0, reset=reset)
        self.used[window] += 1
        remaining = self.limit - self.used[window]
        return Standing(allowed=True, limit=self.limit, remaining=remaining, reset=reset)

    def most_in_an_hour(self, person: int) -> int:
        """Return the most calls that a person's account had in one hour; 0 if it had none."""
        return max((n for (account, _), n in self.used.items() if account[1] == person), default=0)
