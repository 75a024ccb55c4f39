"""Suites of sleep: sessions, and the stages that make them up."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hometrial_ingest.signals import STAGES, Signal
from hometrial_validation.frame import SECOND, Context, Settings
from hometrial_validation.prepare.episodes import with_previous_end, with_previous_stage
from hometrial_validation.prepare.nights import with_session, with_stage_minutes
from hometrial_validation.prepare.person import with_usual
from hometrial_validation.rule import Rule, Suite
from hometrial_validation.suites.amounts import (
    NO_OTHERS,
    NO_OVERLAP,
    beside_another,
    no_others,
    no_overlap,
    overlapping,
)
from hometrial_validation.suites.what import PHYSICS, USUAL
from hometrial_validation.suites.when import LASTING, TIME
from hometrial_validation.verdict import Severity
from hometrial_validation.wording import RELEASE, Row, moment, number, real, whole

_END_AGREES_SECONDS = 60.0


def _backwards(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"the session ends at {moment(whole(row, 'end_at'))} UTC and begins at "
        f"{moment(whole(row, 'at'))} UTC, not before it; {RELEASE}"
    )


def _other_end(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"the session begins at {moment(whole(row, 'at'))} UTC, lasts "
        f"{number(whole(row, 'duration'))} s and is said to end at {moment(whole(row, 'end_at'))} "
        "UTC, which is another moment; it is kept by its duration, and a clock change is likely"
    )


def _unknown_stage(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"{row['code']!r} is none of the stages {', '.join(STAGES)}; have the reader learn the "
        "source's word and read the file again, or confirm the row as an error"
    )


def _orphan(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"the stage at {moment(whole(row, 'local'))} names the session {row['session']}, which did "
        "not come with it; it is kept, and its session may be in quarantine"
    )


def _outside_session(row: Row, _signal: Signal, settings: Settings) -> str:
    end = whole(row, "at") + whole(row, "duration") * SECOND
    return (
        f"the stage from {moment(whole(row, 'at'))} to {moment(end)} UTC lies more than "
        f"{number(settings.session_margin_seconds)} s outside its session {row['session']}; {RELEASE}"
    )


def _pause(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"the stage begins at {moment(whole(row, 'at'))} UTC and the one before it ended at "
        f"{moment(whole(row, 'previous_end'))} UTC; it is kept, and nothing is known of the time between"
    )


def _does_not_add_up(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"the stages of session {row['session']} add up to {number(real(row, 'stage_minutes'))} "
        f"minutes and its summary says {number(real(row, 'minutes_in_bed'))}, more than "
        f"{number(real(row, 'summary_tolerance'))} apart; {RELEASE}"
    )


def _incomplete(row: Row, _signal: Signal, _settings: Settings) -> str:
    return (
        f"the stages of session {row['session']} leave {number(real(row, 'missing_minutes'))} minutes of "
        "it open; they are kept, and the others may be unreadable, in another file or never recorded"
    )


def _pauses(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"seconds": context.settings.overlap_seconds}


def _margin(_signal: Signal, context: Context) -> Mapping[str, Any]:
    return {"seconds": context.settings.session_margin_seconds}


ENDS = (
    Rule(
        "ends_after_start",
        Severity.ERROR,
        "A session that is over ends after it began.",
        "ExpectSessionToEndAfterStart",
        ("at", "end_at", "in_progress"),
        _backwards,
    ),
    Rule(
        "end_agrees_with_duration",
        Severity.FLAG,
        "The end that the source gives is the start plus the duration, within a minute.",
        "ExpectEndToAgreeWithDuration",
        ("at", "duration", "end_at", "in_progress"),
        _other_end,
        lambda _signal, _context: {"seconds": _END_AGREES_SECONDS},
    ),
)

IN_THE_NIGHT = (
    Rule(
        "stage_is_known",
        Severity.ERROR,
        "The code is one of the stages of the vocabulary.",
        "ExpectCodeToBeInSet",
        ("code",),
        _unknown_stage,
        lambda _signal, _context: {"codes": list(STAGES)},
    ),
    Rule(
        "inside_its_session",
        Severity.ERROR,
        "The stage lies inside its session, within a minute.",
        "ExpectStageInsideSession",
        ("session", "at", "duration", "session_start", "session_end"),
        _outside_session,
        _margin,
    ),
    Rule(
        "stages_do_not_overlap",
        Severity.ERROR,
        "The stage begins, within a second, no earlier than the stages of surely the same device before "
        "it have ended.",
        "ExpectNoOverlap",
        ("session", "at", "own_end"),
        overlapping,
        no_overlap,
    ),
    Rule(
        "stages_add_up",
        Severity.ERROR,
        "Stages that fill their session add up to its minutes in bed, within a minute (Google: two).",
        "ExpectStagesToAddUp",
        ("session", "stage_minutes", "minutes_in_bed", "summary_tolerance"),
        _does_not_add_up,
    ),
    Rule(
        "stages_fill_the_session",
        Severity.FLAG,
        "The stages of a session leave no more than a minute of it open (Google: two).",
        "ExpectMeasureToBeBetween",
        ("session", "missing_minutes"),
        _incomplete,
        lambda _signal, _context: {"measure": "missing_minutes", "high": 0},
    ),
    Rule(
        "no_overlap_of_devices",
        Severity.FLAG,
        "The stage begins, within a second, no earlier than those of other devices or apps in its session "
        "have ended.",
        "ExpectNoOverlap",
        ("session", "at", "others_end", "source"),
        beside_another,
        no_others,
    ),
    Rule(
        "stages_leave_no_gap",
        Severity.FLAG,
        "The stage begins, within a second, no later than the stages before it have ended.",
        "ExpectNoGap",
        ("session", "at", "previous_end"),
        _pause,
        _pauses,
    ),
    Rule(
        "session_came_along",
        Severity.FLAG,
        "The session that the stage names came with it.",
        "ExpectMeasureToBeKnown",
        ("session", "local", "session_start"),
        _orphan,
        lambda _signal, _context: {"measure": "session_start"},
    ),
)

# A session that still runs may have no length yet.
_LASTING = replace(LASTING, columns=(*LASTING.columns, "in_progress"))

SESSION = Suite(
    "session",
    2,
    (*TIME, _LASTING, ENDS[0], *PHYSICS, NO_OVERLAP, ENDS[1], NO_OTHERS, USUAL),
    (with_previous_end, with_usual),
)
STAGE = Suite(
    "stage",
    2,
    (*TIME, LASTING, *IN_THE_NIGHT),
    (with_session, with_previous_stage, with_stage_minutes),
)
