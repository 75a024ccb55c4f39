"""The shape of a push, published as a JSON Schema: what a phone bridge may send and how.

The structs are the only definition: `schema()` makes the published document of them, and what does not
fit them is refused. Fields that are not named here are refused too, for nobody would read them.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

BRIDGES = ("health-connect", "apple-health")
"""What a bridge may be; also the name of its account's provider and the front of each `source`."""
MOST_RECORDS = 100_000
"""The most records of one push."""
SCHEMA_PATH = "/push/v1/schema.json"

_END = r"$(?!\n)"  # Python's $ also stands before a final line feed, that of JSON Schema does not


def _text(pattern: str, description: str, example: str, **more: object) -> Meta:
    return Meta(
        pattern=f"^{pattern}{_END}",
        description=description,
        examples=[example],
        extra_json_schema=dict(more),
    )


_MOMENT = _text(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})",
    "An instant of RFC 3339 with its offset from UTC. Z says that the offset of the place is not known: "
    "the study then takes the one of the zone in which the person lives.",
    "2026-03-07T06:30:00+01:00",
    format="date-time",
)
_DAY = _text(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "A calendar day of the person.", "2026-03-07", format="date"
)
_ORIGIN = _text(
    r"[A-Za-z][A-Za-z0-9_-]{0,63}([.][A-Za-z0-9_-]{1,64}){1,12}",
    "The app that wrote the record: its package (Health Connect) or bundle (Apple Health).",
    "com.fitbit.FitbitMobile",
)
_MODEL = _text(
    r"[A-Za-z0-9][A-Za-z0-9 ,.()+_-]{0,79}",
    "The model of the device. Never the name that a person gave it; so there is no apostrophe.",
    "Pixel Watch 4",
)
_ID = _text("[!-~]{1,128}", "The record's id in the phone's store.", "1b5d0a2e-7c4f")

Moment = Annotated[str, _MOMENT]
Day = Annotated[str, _DAY]
Identity = Annotated[str, _ID]
Number = Annotated[float, Meta(ge=-1e12, le=1e12)]
# Beyond 2^53 a double is not exact any more.
Whole = Annotated[int, Meta(ge=0, le=2**53)]
Method = Annotated[
    Literal["automatic", "manual", "active", "unknown"],
    Meta(
        description="How it was recorded: measured unasked, typed in, in a session that the person "
        "started, or not known. What was typed in is kept apart from what was measured."
    ),
]
StageName = Literal[
    "awake", "light", "deep", "rem", "asleep", "in_bed", "awake_in_bed", "out_of_bed", "unknown"
]


class Record(Struct, tag_field="type", forbid_unknown_fields=True, kw_only=True):
    """What every record says of where it comes from."""

    origin: Annotated[str, _ORIGIN]
    method: Method
    device: Annotated[str, _MODEL] | None = None
    id: Identity | None = None
    modified_at: Moment | None = None


class _Interval(Record, kw_only=True):
    start: Moment
    end: Moment


class _Instant(Record, kw_only=True):
    at: Moment
    value: Number


class Steps(_Interval, tag="steps", kw_only=True):
    """Steps counted between start and end."""

    count: Whole


class Distance(_Interval, tag="distance", kw_only=True):
    """Metres covered between start and end."""

    value: Number


class Beat(Struct, forbid_unknown_fields=True):
    """Beats a minute at one instant."""

    at: Moment
    value: Number


class HeartRate(Record, tag="heart_rate", kw_only=True):
    """A series of heart rates."""

    samples: Annotated[list[Beat], Meta(min_length=1)]


class Stage(Struct, forbid_unknown_fields=True):
    """A part of a night: awake_in_bed and out_of_bed are kept as awake."""

    start: Moment
    end: Moment
    stage: StageName


class Sleep(_Interval, tag="sleep", kw_only=True):
    """A night or a nap; sent again under its id once more is known of it."""

    id: Identity
    stages: list[Stage] = []


class RestingHeartRate(Record, tag="resting_heart_rate", kw_only=True):
    """The resting heart rate of a day, in beats a minute."""

    day: Day
    value: Number


class HeartRateVariability(_Instant, tag="hrv", kw_only=True):
    """Heart-rate variability in milliseconds; the two statistics cannot be compared."""

    statistic: Literal["rmssd", "sdnn"]


class OxygenSaturation(_Instant, tag="oxygen_saturation", kw_only=True):
    """Oxygen saturation in per cent: 97, not 0.97."""


class RespiratoryRate(_Instant, tag="respiratory_rate", kw_only=True):
    """Breaths a minute."""


class Weight(_Instant, tag="weight", kw_only=True):
    """Body weight in kilograms."""


AnyRecord = (
    Steps
    | Distance
    | HeartRate
    | Sleep
    | RestingHeartRate
    | HeartRateVariability
    | OxygenSaturation
    | RespiratoryRate
    | Weight
)


class Push(Struct, forbid_unknown_fields=True):
    """Records that one bridge found on one person's phone."""

    bridge: Literal["health-connect", "apple-health"]
    records: Annotated[list[AnyRecord], Meta(min_length=1, max_length=MOST_RECORDS)]


WAYS_OUT: Mapping[str, tuple[str, str]] = {
    str(meta.pattern): (problem, way_out)
    for meta, problem, way_out in (
        (
            _MOMENT,
            "not an instant with an offset from UTC",
            "write it as 2026-03-07T06:30:00+01:00, or with Z if the offset is not known",
        ),
        (_DAY, "not a day", "write it as 2026-03-07"),
        (
            _ORIGIN,
            "not the package or bundle of an app",
            "write it as com.fitbit.FitbitMobile",
        ),
        (
            _MODEL,
            "not a device's model",
            "write the model, such as 'Pixel Watch 4' or 'Watch7,3', and never the name that a "
            "person gave it; leave the field out if the model is not known",
        ),
        (_ID, "not an id", "write at most 128 printable ASCII characters without spaces"),
    )
}
"""By the pattern that a text failed: what it is not, and how it is written."""


def schema() -> dict[str, object]:
    """Return the JSON Schema of a push, made of the structs that pushes are read with."""
    made = msgspec.json.schema(Push)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_PATH,
        "title": "A push to Hometrial, version 1",
        **made,
    }
