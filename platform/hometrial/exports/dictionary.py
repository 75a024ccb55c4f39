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

_NOT_YET = "Empty: this version of the platform does not hold it yet."

PARTICIPANT_DAY = [
    _WHO,
    _DAY,
    Variable("dose_mg_planned", "Planned dose", "number", "mg", text=_NOT_YET),
    Variable("dose_mg_actual", "Dose taken", "number", "mg", text=_NOT_YET),
    Variable("steps", "Steps", "number", "{steps}", text="Metric `steps`."),
    Variable("rhr", "Resting heart rate in sleep", "number", "/min", text="Metric `rhr_sleep`."),
    Variable("sleep_min", "Minutes asleep", "number", "min", text="Metric `sleep_minutes`."),
    Variable(
        "wear_min", "Wear time", "number", "min", text="Metric `wear_minutes`; never from steps."
    ),
    Variable(
        "valid_day", "Valid day", "boolean", text="Metric `valid_day`; empty if wear is unknown."
    ),
    Variable(
        "day_status",
        "State of the day",
        "text",
        codes="final; provisional; none",
        text="provisional: no file tells of the time after the day yet; none: nothing is stored of it.",
    ),
    Variable(
        "rule_suite",
        "Rule suites",
        "text",
        text="suite:version of the gate that judged the day's samples.",
    ),
    Variable("consent_version", "Consent in force", "text", text=_NOT_YET),
    Variable("excused", "Excused", "boolean", text=_NOT_YET),
]
"""The columns of `participant_day` before those of the metrics, which bear the metrics' own names."""

GAP = [
    _WHO,
    Variable("stream", "Stream", "text", codes="heart_rate; steps; sleep"),
    _DAY,
    Variable("start_at", "Start", "instant", text="UTC; the first missing hour."),
    Variable("end_at", "End", "instant", text="UTC; the end of the last missing hour."),
    Variable("hours", "Hours missing", "number", "h"),
    Variable(
        "cause",
        "Cause",
        "text",
        codes="not_worn; not_synced; token_dead; scope_missing; not_consented; paused; provider_outage; "
        "retired; quarantined; not_in_source; unknown",
    ),
    Variable("rule_version", "Version of the gap rule", "integer"),
]

QUARANTINE = [
    _WHO,
    Variable("stream", "Stream", "text"),
    _DAY,
    Variable("at", "Instant", "instant", text="UTC; empty if the wall clock could not be placed."),
    _LOCAL_AT,
    Variable("value", "Value", "number", text="As sent."),
    Variable("code", "Code", "text", text="As sent, for sleep."),
    Variable("rule", "Rule", "text"),
    Variable("suite", "Suite", "text", text="suite:version."),
    Variable("reason", "Reason", "text"),
    Variable("status", "Status", "text", codes="open; released; confirmed"),
    Variable("decision_reason", "Reason of the decision", "text"),
    Variable("payload", "Payload", "text", text="SHA-256 of the file it came in."),
    Variable("row", "Source row", "integer", text="Its number in that file."),
]

BATCH = [
    Variable("provider", "Provider", "text"),
    Variable(
        "path",
        "File",
        "text",
        text="Its path in an archive of many people; empty for one person's, whose file may bear a name.",
    ),
    Variable("kind", "Kind of file", "text"),
    Variable(
        "payload",
        "Payload",
        "text",
        text="SHA-256 of the file; empty for reads of linked accounts.",
    ),
    Variable("status", "Status", "text", codes="accepted; partly; rejected"),
    Variable("rows_read", "Rows read", "integer"),
    Variable("rows_accepted", "Rows accepted", "integer"),
    Variable("rows_duplicate", "Rows known already", "integer"),
    Variable("rows_quarantined", "Rows quarantined", "integer"),
    Variable("rows_unreadable", "Rows unreadable", "integer"),
    Variable(
        "rows_not_consented",
        "Rows that no consent covers",
        "integer",
        text="Counted when they came and nowhere kept.",
    ),
    Variable("reason", "Reason", "text", text="Why a batch was rejected."),
]

VALIDATION = [
    Variable("path", "File", "text", text="Its path in the archive."),
    Variable(
        "payload",
        "Payload",
        "text",
        text="SHA-256 of the file; empty for reads of linked accounts.",
    ),
    Variable("segment", "Segment", "integer", text="Number of the stretch of the file."),
    Variable("stream", "Stream", "text"),
    Variable("suite", "Suite", "text"),
    Variable("suite_version", "Version of the suite", "integer"),
    Variable("evaluated", "Samples judged", "integer"),
    Variable("success", "Success", "boolean", text="No sample was set aside."),
    Variable("rule", "Rule", "text", text="Empty if the suite found nothing."),
    Variable("severity", "Severity", "text", codes="error quarantines; flag reports"),
    Variable("rows", "Samples found", "integer"),
    Variable("message", "Message", "text"),
]

DICTIONARY = [
    Variable("file", "File", "text"),
    Variable("variable", "Variable", "text"),
    Variable("label", "Label", "text"),
    Variable("type", "Type", "text", codes="; ".join(TYPES)),
    Variable("unit", "Unit", "text", text="UCUM."),
    Variable("codes", "Codes", "text"),
    Variable("text", "Meaning", "text"),
]
