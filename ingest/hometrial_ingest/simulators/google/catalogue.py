"""What the API has: data types with their kind, operations and scopes."""

import re
from dataclasses import dataclass

SCOPE_PREFIX = "https://www.googleapis.com/auth/googlehealth."
ACTIVITY, METRICS, SLEEP = (
    f"{SCOPE_PREFIX}{name}.readonly"
    for name in ("activity_and_fitness", "health_metrics_and_measurements", "sleep")
)
PROFILE, SETTINGS = (f"{SCOPE_PREFIX}{name}.readonly" for name in ("profile", "settings"))
IRN = f"{SCOPE_PREFIX}irn.readonly"
SCOPES = {
    ACTIVITY: "See your activity: steps, distance, exercise",
    METRICS: "See your health metrics: heart rate, oxygen saturation, breathing, weight",
    SLEEP: "See your sleep",
    PROFILE: "See your profile",
    SETTINGS: "See your settings and devices",
    IRN: "See your irregular rhythm notifications",
}
"""The scopes that the consent page knows, with its words for them."""

_FEW_DAYS = frozenset(
    {"heart-rate", "active-minutes", "total-calories", "calories-in-heart-rate-zone"}
)


@dataclass(frozen=True)
class DataType:
    """One data type: `ops` of L list, G get, R reconcile, U rollUp, D dailyRollUp."""

    id: str
    kind: str  # interval, sample, daily, session
    ops: str
    scope: str

    @property
    def snake(self) -> str:
        """As filters spell it."""
        return self.id.replace("-", "_")

    @property
    def field(self) -> str:
        """As JSON spells it."""
        return re.sub("-([a-z0-9])", lambda letter: letter[1].upper(), self.id)

    @property
    def rollup_days(self) -> int:
        """The most days of one roll-up."""
        return 14 if self.id in _FEW_DAYS else 90

    @property
    def largest_page(self) -> int:
        """The most points on a page."""
        return 25 if self.id in ("sleep", "exercise") else 10_000


_TABLE = f"""
steps interval LRUD {ACTIVITY}
heart-rate sample LRUD {METRICS}
daily-resting-heart-rate daily LRD {METRICS}
heart-rate-variability sample LR {METRICS}
daily-heart-rate-variability daily LRD {METRICS}
oxygen-saturation sample LR {METRICS}
daily-oxygen-saturation daily LR {METRICS}
respiratory-rate-sleep-summary sample LR {METRICS}
daily-respiratory-rate daily LR {METRICS}
daily-sleep-temperature-derivations daily LR {METRICS}
daily-heart-rate-zones daily R {METRICS}
activity-level interval LR {ACTIVITY}
vo2-max sample LR {ACTIVITY}
daily-vo2-max daily LR {ACTIVITY}
sleep session LGR {SLEEP}
exercise session LGR {ACTIVITY}
weight sample LGRUD {METRICS}
body-fat sample LGRUD {METRICS}
height sample LGR {METRICS}
distance interval LRUD {ACTIVITY}
floors interval RUD {ACTIVITY}
total-calories interval UD {ACTIVITY}
active-minutes interval RUD {ACTIVITY}
active-zone-minutes interval LRUD {ACTIVITY}
calories-in-heart-rate-zone interval UD {ACTIVITY}
sedentary-period interval LRUD {ACTIVITY}
run-vo2-max sample LRUD {ACTIVITY}
"""

DATA_TYPES = {line.split()[0]: DataType(*line.split()) for line in _TABLE.strip().splitlines()}
"""Every data type of the API that reads need, by id; those that the truth does not know are empty."""

MODELLED = frozenset(
    {
        "steps", "distance", "heart-rate", "sleep", "weight", "heart-rate-variability",
        "oxygen-saturation", "respiratory-rate-sleep-summary", "daily-resting-heart-rate",
        "daily-heart-rate-variability", "daily-oxygen-saturation", "daily-respiratory-rate",
        "daily-sleep-temperature-derivations",
    }
)  # fmt: skip
"""The data types that the truth fills."""
