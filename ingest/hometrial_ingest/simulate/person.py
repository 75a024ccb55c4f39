"""Who takes part: one person's body, habits, devices, journeys and doses."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum

from hometrial_ingest.simulate.timeline import LocalDay, Zones, local_day


class Severity(StrEnum):
    """How severe a person's ME/CFS is."""

    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


MEAN_STEPS = {Severity.MILD: 5566, Severity.MODERATE: 4991, Severity.SEVERE: 1998}
"""Mean steps a day by severity: Rekeland 2022, PLoS ONE e0274472, 27 people, Fitbit, 6 months."""


@dataclass(frozen=True)
class Device:
    """A wearable and the days, both included, on which it was worn."""

    name: str
    form_factor: str
    first_day: date
    last_day: date


@dataclass(frozen=True)
class Dose:
    """From this day on the person takes so many milligrams of low-dose naltrexone a day."""

    day: date
    milligrams: float


@dataclass(frozen=True)
class Body:
    """What does not change in a study.

    Heart rate in /min, heart-rate variability (RMSSD) in ms, height in m, weight in kg, oxygen
    saturation in %, respiratory rate in /min, skin temperature in Cel.
    """

    age: int
    resting_heart_rate: int
    heart_rate_variability: float
    oxygen_saturation: float
    respiratory_rate: float
    skin_temperature: float
    height: float
    weight: float


@dataclass(frozen=True)
class Habits:
    """How a person lives.

    `typical_steps` is the mean of a day, `steps_variation` the spread of the natural logarithm of
    ordinary days. `bedtime` is in minutes from midnight (negative: before it), `sleep_minutes` the
    usual time in bed. `adherence` is about the share of time for which the device is worn.
    """

    typical_steps: int
    steps_variation: float
    bedtime: int
    sleep_minutes: int
    nap_share: float
    adherence: float
    weighs: bool
    carries_phone: bool


@dataclass(frozen=True)
class Person:
    """One participant of a synthetic study; takes part from `first_day` to `last_day` included."""

    seed: int
    number: int
    severity: Severity
    body: Body
    habits: Habits
    zones: Zones
    devices: tuple[Device, ...]
    first_day: date
    last_day: date
    doses: tuple[Dose, ...] = ()
    crash_days: frozenset[date] = field(default_factory=frozenset)
    away_days: frozenset[date] = field(default_factory=frozenset)
    beats_apart: int | None = None
    """Seconds between heart-rate samples, for studies that are to be small; None: as real devices sample."""

    @property
    def code(self) -> str:
        """The pseudonym: P-001."""
        return f"P-{self.number:03d}"

    @property
    def fitabase_id(self) -> int:
        """The ten-digit Id that a Fitabase export has for this person."""
        # A prime step below 10 digits spreads the ids and keeps them distinct for 8 million people.
        return 1_000_000_007 + (self.number * 999_983 + self.seed % 9_973 * 101) % 8_999_999_000

    def days(self) -> list[date]:
        """Return the days of taking part, in order."""
        count = (self.last_day - self.first_day).days + 1
        return [self.first_day + timedelta(days=number) for number in range(count)]

    def local_day(self, day: date) -> LocalDay:
        """Return this day on the person's clock."""
        return local_day(self.zones, day)

    def worn_devices(self, day: date) -> list[Device]:
        """Return the devices in use on this day, oldest first; two on the day of a swap."""
        return [device for device in self.devices if device.first_day <= day <= device.last_day]

    def dose(self, day: date) -> float:
        """Return the milligrams taken on this day; 0 before the first dose."""
        taken = [dose.milligrams for dose in self.doses if dose.day <= day]
        return taken[-1] if taken else 0.0
