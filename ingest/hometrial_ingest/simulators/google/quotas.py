"""How many calls were made, by whom and of what, and whether one more is too many."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

_MINUTE = 60_000_000


@dataclass
class Quotas:
    """Counts calls on a clock (µs); refused ones too, as they reached the wire."""

    now: Callable[[], int]
    per_minute: int = 300
    calls: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Calls by person and endpoint, such as (1, 'heart-rate/list'); 0 where nobody is known."""
    _recent: dict[int, deque[int]] = field(default_factory=dict)
    _most: Counter[int] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def spend(self, person: int, endpoint: str) -> float | None:
        """Count a call; return None, or for how many seconds the person has to wait."""
        with self._lock:
            self.calls[person, endpoint] += 1
            now = self.now()
            recent = self._recent.setdefault(person, deque())
            if recent and recent[-1] > now:  # the clock was put back
                recent.clear()
            while recent and recent[0] <= now - _MINUTE:
                recent.popleft()
            recent.append(now)
            self._most[person] = max(self._most[person], len(recent))
            if len(recent) <= self.per_minute:
                return None
            return max((recent[0] + _MINUTE - now) / 1_000_000, 0.001)

    def count(self, person: int, endpoint: str) -> None:
        """Count a call that no quota limits, such as one for a token."""
        with self._lock:
            self.calls[person, endpoint] += 1

    def most_in_a_minute(self, person: int | None = None) -> int:
        """Return the most calls that a person (None: any one person) made in 60 seconds."""
        if person is not None:
            return self._most[person]
        return max(self._most.values(), default=0)
