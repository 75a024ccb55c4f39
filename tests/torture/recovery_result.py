"""How large a recovery run is, and what it came to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from recovery_causes import Causes


@dataclass(frozen=True)
class Size:
    """How large a run is. `storm`: the share of calls that fail; `step`: between two reads of a person."""

    people: int = 20
    days: int = 14
    step: timedelta = timedelta(hours=24)
    storm: float = 0.02
    seed: int = 7
    heart_rate_every: int = 300
    page_cap: int = 10_000


@dataclass
class Result:
    """What a run came to. `left`: what should not be there at its end, in words."""

    samples: int = 0
    differing: list[str] = field(default_factory=list)
    causes: Causes = field(default_factory=Causes)
    calls: Counter[str] = field(default_factory=Counter)
    needed: int = 0
    person_days: int = 0
    most_in_a_minute: int = 0
    befell: Counter[str] = field(default_factory=Counter)
    left: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether everything is as it must be."""
        return not (self.differing or self.causes.wrong or self.left)

    def as_json(self) -> dict[str, object]:
        """Return the result for a program to read."""
        total = self.calls.total()
        return {
            "sound": self.sound,
            "samples": self.samples,
            "differing": self.differing,
            "hours": dict(self.causes.right),
            "hours_wrong": self.causes.wrong_hours,
            "wrong": self.causes.wrong[:20],
            "hours_at_edges": self.causes.edges,
            "calls": total,
            "calls_by_endpoint": dict(self.calls.most_common()),
            "calls_per_person_day": round(total / max(self.person_days, 1), 2),
            "calls_needed_per_person_day": round(self.needed / max(self.person_days, 1), 2),
            "most_in_a_minute": self.most_in_a_minute,
            "befell": dict(self.befell),
            "left": self.left,
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
        }
