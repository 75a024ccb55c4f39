"""Every exported variable in one place: it makes the files' columns and the data dictionary alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from hometrial_ingest.signals import SIGNALS, STAGES, Shape, Signal

TYPES: dict[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "day": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "wall clock": pa.timestamp("us"),
}
"""The types of the dictionary, and what they are in Parquet."""


@dataclass(frozen=True)
class Variable:
    """One column of a data set. `unit` is UCUM; `codes` lists the values of a coded variable."""

    name: str
    label: str
    type: str
    unit: str = ""
    codes: str = ""
    text: str = ""

    def field(self) -> pa.Field:
        """Return the Arrow field, with label and unit as its metadata."""
        described = {"label": self.label} | ({"unit": self.unit} if self.unit else {})
        return pa.field(self.name, TYPES[self.type], metadata=described)


def schema(variables: Sequence[Variable]) -> pa.Schema:
    """Return the columns of a table of these variables."""
    return pa.schema([variable.field() for variable in variables])


_WHO = Variable("participant_id", "Participant", "text", text="Pseudonym; names no one.")
_DAY = Variable("local_day", "Local day", "day", text="Civil day where the participant was.")
_AT = Variable("at", "Instant", "instant", text="UTC.")
_LOCAL_AT = Variable("local_at", "Wall clock", "wall clock", text="Where the participant was.")
_SOURCE = Variable("source", "Source", "text", text="Provider and kind of instrument.")
_DEVICE = Variable(
    "device", "Device", "text", text="Model as the source names it; empty if it does not."
)
_CHUNK = Variable(
    "chunk", "Day chunk", "text", text="participant/stream/day/version: where the value is stored."
)


def sample_variables(signal: Signal) -> list[Variable]:
    """Return the columns of a stream of samples."""
    spec = SIGNALS[signal]
    value = Variable("value", spec.label, "number", spec.unit, text=_meaning(signal))
    duration = Variable(
        "duration", "Duration", "integer", "s", text="The amount is over [at, at + duration)."
    )
    confidence = Variable(
        "confidence",
        "Confidence",
        "integer",
        codes="0 none; 1; 2; 3 high",
        text="As the source gives it.",
    )
    return [
        _WHO,
        _AT,
        _LOCAL_AT,
        *([duration] if spec.shape is Shape.INTERVAL else []),
        value,
        *([confidence] if signal is Signal.HEART_RATE else []),
        _SOURCE,
        _DEVICE,
        _CHUNK,
    ]


def _meaning(signal: Signal) -> str:
    spec = SIGNALS[signal]
    names = ", ".join(name for name in (spec.omh, spec.ieee) if name)
    limits = f" Physical range {spec.low:g} to {spec.high:g}." if spec.low is not None else ""
    daily = (
        " One value a local day; `at` is the day's first instant."
        if spec.shape is Shape.DAILY
        else ""
    )
    return f"{names or 'No standard schema.'}{limits}{daily}".strip()


SLEEP_SESSION = [
    _WHO,
    Variable("local_day", "Local day of waking", "day"),
    Variable("session", "Session", "text", text="The source's key of the session."),
    Variable("type", "Type of sleep log", "text", codes="stages; classic; asleep; in_bed"),
    Variable("start_at", "Start", "instant", text="UTC."),
    Variable("end_at", "End", "instant", text="UTC; start + duration."),
    Variable("local_start_at", "Start, wall clock", "wall clock"),
    Variable("local_end_at", "End, wall clock", "wall clock", text="Where the participant was."),
    Variable("duration", "Duration", "integer", "s"),
    Variable("minutes_asleep", "Minutes asleep", "number", "min", text="The source's own."),
    Variable("minutes_in_bed", "Minutes in bed", "number", "min", text="The source's own."),
    Variable("minutes_awake", "Minutes awake", "number", "min", text="The source's own."),
    Variable(
        "minutes_to_fall_asleep",
        "Minutes to fall asleep",
        "number",
        "min",
        text="The source's own.",
    ),
    Variable(
        "minutes_after_wakeup", "Minutes after waking up", "number", "min", text="The source's own."
    ),
    Variable(
        "main_sleep", "Main sleep", "boolean", text="As the source says; empty if it does not."
    ),
    Variable("in_progress", "In progress", "boolean", text="Still running when it was read."),
    _SOURCE,
    _DEVICE,
    _CHUNK,
]

SLEEP_STAGE = [
    _WHO,
    Variable("local_day", "Local day of waking", "day"),
    Variable("session", "Session", "text", text="Key of sleep_session."),
    Variable("start_at", "Start", "instant", text="UTC."),
    Variable("local_start_at", "Start, wall clock", "wall clock"),
    Variable("duration", "Duration", "integer", "s"),
    Variable("stage", "Sleep stage", "text", codes="; ".join(STAGES)),
    Variable(
        "overlay",
        "Short awakening",
        "boolean",
        text="True: laid over the sequence of stages, not a part of it.",
    ),
    _SOURCE,
    _DEVICE,
    _CHUNK,
]
