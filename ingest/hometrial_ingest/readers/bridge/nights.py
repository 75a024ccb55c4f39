"""A night of a push: a session and its stages."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hometrial_ingest.readers.bridge.records import Sleep, Stage
from hometrial_ingest.readers.bridge.times import Moment, seconds, span
from hometrial_ingest.signals import ASLEEP_STAGES, Signal

_SECOND = 1_000_000
_IN_BED = "in_bed"
_STAGED = frozenset(("light", "deep", "rem"))
_AWAKE = {"awake_in_bed": "awake", "out_of_bed": "awake"}


@dataclass(frozen=True)
class _Part:
    first: Moment
    last: Moment
    code: str


def night(record: Sleep) -> Iterator[tuple[Signal, int, dict[str, object]]]:
    """Yield the session, then its stages. Raises OddFieldError for a field that makes no sense."""
    first, last = span("", record.start, record.end)
    parts = [_part(number, stage) for number, stage in enumerate(record.stages)]
    asleep = _covered(parts, ASLEEP_STAGES)
    yield (
        Signal.SLEEP_SESSION,
        1,
        {
            **_when(first, last),
            "session": record.id,
            "code": _code(parts),
            # Whole minutes, as the vocabulary has it; the stages keep the seconds.
            "value": (asleep + 30) // 60 if _says_asleep(parts) else None,
            "minutes_awake": _minutes(parts, "awake"),
            "minutes_in_bed": _minutes(parts, _IN_BED),
            "end_at": last.at,
            "end_local": last.local,
            "end_offset": last.offset,
            "in_progress": False,
        },
    )
    for part in parts:
        yield (
            Signal.SLEEP_STAGE,
            1,
            {
                **_when(part.first, part.last),
                "session": record.id,
                "code": part.code,
                # Apple lays the time in bed over the stages of sleep.
                "overlay": part.code == _IN_BED,
            },
        )


def _part(number: int, stage: Stage) -> _Part:
    first, last = span(f"stages[{number}].", stage.start, stage.end)
    return _Part(first, last, _AWAKE.get(stage.stage, stage.stage))


def _when(first: Moment, last: Moment) -> dict[str, object]:
    return {
        "at": first.at,
        "local": first.local,
        "offset": first.offset,
        "duration": seconds(first, last),
    }


def _says_asleep(parts: Iterable[_Part]) -> bool:
    """Say whether the stages tell how long the person slept; a time in bed does not."""
    return any(part.code in ASLEEP_STAGES or part.code == "awake" for part in parts)


def _code(parts: Sequence[_Part]) -> str | None:
    codes = {part.code for part in parts}
    if codes & _STAGED:
        return "stages"
    return next((code for code in ("asleep", "awake", _IN_BED) if code in codes), None)


def _minutes(parts: Sequence[_Part], code: str) -> float | None:
    told = any(part.code == code for part in parts)
    return _covered(parts, (code,)) / 60 if told else None


def _covered(parts: Iterable[_Part], codes: Sequence[str]) -> int:
    """Return the seconds that parts of these stages cover, overlaps counted once."""
    covered, until = 0, -(2**63)
    chosen = (part for part in parts if part.code in codes)
    for part in sorted(chosen, key=lambda part: part.first.at):
        covered += max(part.last.at - max(part.first.at, until), 0)
        until = max(until, part.last.at)
    return covered // _SECOND
