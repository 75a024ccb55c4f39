"""Sleep sessions as JSON."""

import json

from hometrial_ingest.simulate.sleep import Stage
from hometrial_ingest.simulate.timeline import offset_at
from hometrial_ingest.simulators.google.stamps import stamp
from hometrial_ingest.simulators.google.wording import Wording, heads, name
from hometrial_ingest.simulators.nights import Night
from hometrial_ingest.simulators.records import Records

_MICRO = 1_000_000


def sessions(found: Records, places: range, wording: Wording) -> list[str]:
    """Return the sessions at these places as JSON objects, in that order."""
    listed = []
    for head, place in zip(heads(found, places, wording), places, strict=True):
        told = json.dumps(_session(found.nights[place], wording), separators=(",", ":"))
        listed.append(f'{{{name(found, place, wording)}{head}"sleep":{told}}}')
    return listed


def _session(night: Night, wording: Wording) -> dict[str, object]:
    """Return a session; real ones carry no civil times, and a running one neither end nor summary."""
    told: dict[str, object] = {"interval": _span(night.starts_at, night.ends_at, wording)}
    if night.kind:
        told["type"] = night.kind.upper()
    if night.stages:
        told["stages"] = [_stage(stage, wording) for stage in night.stages]
    if night.awakenings:
        told["shortAwakenings"] = [_stage(stage, wording) for stage in night.awakenings]
    if night.minutes:
        told["summary"] = _summary(night)
    metadata = _metadata(night, wording)
    if metadata:
        told["metadata"] = metadata
    return told | {"createTime": stamp(night.created), "updateTime": stamp(night.updated)}


def _span(since: int, until: int | None, wording: Wording) -> dict[str, object]:
    told: dict[str, object] = {
        "startTime": stamp(since * _MICRO),
        "startUtcOffset": f"{offset_at(wording.zones, since)}s",
    }
    if until is not None:
        told["endTime"] = stamp(until * _MICRO)
        told["endUtcOffset"] = f"{offset_at(wording.zones, until)}s"
    return told


def _stage(stage: Stage, wording: Wording) -> dict[str, object]:
    return _span(stage.starts_at, stage.ends_at, wording) | {"type": stage.code.upper()}


def _summary(night: Night) -> dict[str, object]:
    """Return the summary; a number that is 0 is left out, and each is rounded by itself."""
    minutes = night.minutes
    if minutes is None:
        return {}
    numbers = {
        "minutesInSleepPeriod": minutes.in_bed,
        "minutesAsleep": minutes.asleep,
        "minutesAwake": minutes.awake,
        "minutesToFallAsleep": minutes.to_fall_asleep,
        "minutesAfterWakeUp": minutes.after_wakeup,
    }
    told: dict[str, object] = {name: str(number) for name, number in numbers.items() if number}
    codes = dict.fromkeys(stage.code for stage in night.stages)
    told["stagesSummary"] = [_stage_total(night, code) for code in codes]
    return told


def _stage_total(night: Night, code: str) -> dict[str, str]:
    own = [stage.ends_at - stage.starts_at for stage in night.stages if stage.code == code]
    return {"type": code.upper(), "minutes": str((sum(own) + 30) // 60), "count": str(len(own))}


def _metadata(night: Night, wording: Wording) -> dict[str, object]:
    """Return the metadata; what is false is left out."""
    flags = {
        "main" if wording.preview_names else "mainSleep": night.main,
        "nap": night.processed and not night.main,
        "processed": night.processed,
        "manuallyEdited": night.edited,
    }
    told: dict[str, object] = {name: True for name, flag in flags.items() if flag}
    if night.status:
        told["stagesStatus"] = "FUTURE_STATUS" if wording.unknown_fields else night.status
    return told
