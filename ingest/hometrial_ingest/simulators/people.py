"""Who holds an account: the synthetic study's people, each with the cases that a client must survive."""

from dataclasses import dataclass, replace
from datetime import date, timedelta

from hometrial_ingest.simulate.cohort import draw_person
from hometrial_ingest.simulate.person import Device, Habits, Person
from hometrial_ingest.simulate.timeline import ZonePeriod, Zones, zone_instant
from hometrial_ingest.simulators.sources import Source, wearable

_DATE_LINE = ("Pacific/Auckland", "America/Los_Angeles")
_BULK_DAYS = 6


@dataclass(frozen=True)
class Holder:
    """A person and what is peculiar about the account.

    `silent` is the stretch [first, last] of days without a sync; `echoes`: Health Connect repeats the
    wearable's steps; `bare`: devices are sent as `{}`.
    """

    person: Person
    silent: tuple[date, date] | None
    echoes: bool
    bare: bool

    @property
    def number(self) -> int:
        """The person's number, from 1."""
        return self.person.number

    def wearables(self, day: date) -> list[tuple[Device, Source]]:
        """Return the devices worn on a day, the one that counts first in front: the newest."""
        devices = self.person.devices
        return [
            (device, self.source(device))
            for device in reversed(devices)
            if device.first_day <= day <= device.last_day
        ]

    def source(self, device: Device) -> Source:
        """Return the source that a device's records carry."""
        devices = self.person.devices
        rank = len(devices) - devices.index(device)
        return wearable(device.name, device.form_factor, rank, bare=self.bare)


def draw_holder(seed: int, number: int, first_day: date, days: int) -> Holder:
    """Draw person `number` (from 1); everybody takes part from the first day to the last.

    Numbers that divide: 6 with rest 1 swap devices (person 1 a band for a watch), 8 with rest 4 fly
    Berlin - New York - Berlin, 10 with rest 6 cross the date line asleep, 5 are silent for six days,
    4 with rest 2 have an echo in Health Connect, 9 with rest 3 have a device without a name.
    """
    drawn = draw_person(seed, number, first_day, days)
    last_day = first_day + timedelta(days=days - 1)
    person = replace(
        drawn,
        first_day=first_day,
        last_day=last_day,
        zones=_zones(drawn, first_day, days),
        devices=_devices(drawn, first_day, last_day),
        habits=_habits(drawn),
    )
    return Holder(
        person,
        silent=_silence(number, first_day, days),
        echoes=number % 4 == 2,
        bare=number % 9 == 3,
    )


def _zones(drawn: Person, first_day: date, days: int) -> Zones:
    if drawn.number % 10 != 6 or days < 4:
        return drawn.zones
    home, abroad = _DATE_LINE
    asleep = zone_instant(home, first_day + timedelta(days=days // 2), 3)
    return (ZonePeriod(None, home), ZonePeriod(asleep, abroad))


def _devices(drawn: Person, first_day: date, last_day: date) -> tuple[Device, ...]:
    devices = list(drawn.devices)
    if drawn.number == 1 and len(devices) == 2:
        old, new = devices
        devices = [
            replace(old, name="Charge 6", form_factor="FITNESS_BAND"),
            replace(new, name="Pixel Watch 3", form_factor="WATCH"),
        ]
    devices[0] = replace(devices[0], first_day=first_day)
    devices[-1] = replace(devices[-1], last_day=last_day)
    return tuple(devices)


def _habits(drawn: Person) -> Habits:
    named = drawn.number <= 2
    return replace(
        drawn.habits,
        carries_phone=named or drawn.habits.carries_phone,
        weighs=drawn.number == 1 or drawn.habits.weighs,
    )


def _silence(number: int, first_day: date, days: int) -> tuple[date, date] | None:
    if number % 5 or days < _BULK_DAYS + 4:
        return None
    first = first_day + timedelta(days=days // 2 - 3)
    return first, first + timedelta(days=_BULK_DAYS - 1)
