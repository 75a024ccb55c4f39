"""Sleep logs in the API's words, versions 1.2 and 1, made of the cloud's versions of a night."""

from datetime import UTC, date, datetime

from hometrial_ingest.signals import ASLEEP_STAGES
from hometrial_ingest.simulate.sleep import Stage
from hometrial_ingest.simulators.fitbit.account_clock import AccountClock
from hometrial_ingest.simulators.nights import Night

Log = dict[str, object]

_LEVELS = {"awake": "wake", "light": "light", "deep": "deep", "rem": "rem"}
_MINUTE_VALUES = {"asleep": "1", "light": "1", "deep": "1", "rem": "1", "restless": "2"}
_AWAKE = "3"
_SHORT = 3 * 3_600  # under three hours a log has no stages
_RENUMBERED = 1_000_000_000


def wakes_on(night: Night, clock: AccountClock) -> date:
    """Return the day to which a finished night belongs: the wall clock's at its end."""
    end = _end(night)
    return datetime.fromtimestamp(end + clock.offset(end), UTC).date()


def log(night: Night, clock: AccountClock, *, renumber: bool = False) -> Log:
    """Return a finished night as a log of version 1.2; `renumber`: an edit gave it a new id."""
    asleep, in_bed = _minutes(night)
    return _frame(night, clock, renumber=renumber) | {
        "efficiency": _efficiency(asleep, in_bed),
        "infoCode": _info_code(night),
        "levels": _levels(night, clock),
        "logType": "auto_detected",
        "minutesAsleep": asleep,
        "minutesAwake": in_bed - asleep,
        "type": night.kind,
    }


def log_of_version_1(night: Night, clock: AccountClock, *, renumber: bool = False) -> Log:
    """Return a finished night as the first version told it: minute by minute, without stages."""
    asleep, in_bed = _minutes(night)
    values = [_minute_value(night, at) for at in range(night.starts_at, _end(night) - 59, 60)]
    data = [
        {"dateTime": clock.stamp(night.starts_at + 60 * number)[11:19], "value": value}
        for number, value in enumerate(values)
    ]
    awake, restless = values.count(_AWAKE), values.count("2")
    return _frame(night, clock, renumber=renumber) | {
        "awakeCount": _runs(values, _AWAKE),
        "awakeDuration": awake,
        "awakeningsCount": _runs(values, _AWAKE) + _runs(values, "2"),
        "efficiency": _efficiency(asleep, in_bed),
        "minuteData": data,
        "minutesAsleep": len(values) - awake - restless,
        "minutesAwake": awake + restless,
        "restlessCount": _runs(values, "2"),
        "restlessDuration": restless,
    }


def day_summary(logs: list[Log]) -> dict[str, object]:
    """Return what stands beside the logs of a single day; stages only if one of them has stages."""
    total: dict[str, object] = {
        "totalMinutesAsleep": sum(_int(one["minutesAsleep"]) for one in logs),
        "totalSleepRecords": len(logs),
        "totalTimeInBed": sum(_int(one["timeInBed"]) for one in logs),
    }
    staged = [one["levels"] for one in logs if one.get("type") == "stages"]
    summaries = [levels["summary"] for levels in staged if isinstance(levels, dict)]
    if summaries:
        stages = {
            level: sum(summary[level]["minutes"] for summary in summaries)
            for level in ("deep", "light", "rem", "wake")
        }
        return {"stages": stages} | total
    return total


def _frame(night: Night, clock: AccountClock, *, renumber: bool) -> Log:
    end = _end(night)
    edges = [_awake_edge(night, 0), _awake_edge(night, -1)]
    return {
        "dateOfSleep": wakes_on(night, clock).isoformat(),
        "duration": (end - night.starts_at) * 1_000,
        "endTime": clock.stamp(end),
        "isMainSleep": night.main,
        "logId": int(night.id) + _RENUMBERED * (renumber and night.edited),
        "minutesAfterWakeup": edges[1],
        "minutesToFallAsleep": edges[0],
        "startTime": clock.stamp(night.starts_at),
        "timeInBed": (end - night.starts_at) // 60,
    }


def _levels(night: Night, clock: AccountClock) -> dict[str, object]:
    data = [_level(stage, night, clock) for stage in night.stages]
    if night.kind != "stages":
        return {"data": data, "summary": _classic_summary(night)}
    short = [_level(stage, night, clock) for stage in night.awakenings]
    return {"data": data, "shortData": short, "summary": _stages_summary(night)}


def _level(stage: Stage, night: Night, clock: AccountClock) -> dict[str, object]:
    level = _LEVELS[stage.code] if night.kind == "stages" else stage.code
    seconds = stage.ends_at - stage.starts_at
    return {"dateTime": clock.stamp(stage.starts_at), "level": level, "seconds": seconds}


def _stages_summary(night: Night) -> dict[str, object]:
    # Awakenings lie over the stages: they count as wake, and the stage under them does not.
    asleep, in_bed = _minutes(night)
    minutes = {code: _seconds(night, code) // 60 for code in ("deep", "rem")}
    minutes["light"] = asleep - minutes["deep"] - minutes["rem"]
    minutes["awake"] = in_bed - asleep
    counts = {code: sum(s.code == code for s in night.stages) for code in _LEVELS}
    counts["awake"] += len(night.awakenings)
    return {
        _LEVELS[code]: {"count": counts[code], "minutes": minutes[code], "thirtyDayAvgMinutes": 0}
        for code in ("deep", "light", "rem", "awake")
    }


def _classic_summary(night: Night) -> dict[str, object]:
    return {
        code: {
            "count": 0 if code == "asleep" else sum(s.code == code for s in night.stages),
            "minutes": _seconds(night, code) // 60,
        }
        for code in ("asleep", "awake", "restless")
    }


def _minutes(night: Night) -> tuple[int, int]:
    """Return the minutes asleep and in bed."""
    asleep = sum(_seconds(night, code) for code in ASLEEP_STAGES)
    return asleep // 60, (_end(night) - night.starts_at) // 60


def _seconds(night: Night, code: str) -> int:
    spans = [stage for stage in night.stages if stage.code == code]
    covered = sum(
        max(0, min(stage.ends_at, short.ends_at) - max(stage.starts_at, short.starts_at))
        for stage in spans
        for short in night.awakenings
    )
    return sum(stage.ends_at - stage.starts_at for stage in spans) - covered


def _minute_value(night: Night, at: int) -> str:
    middle = at + 30
    if any(short.starts_at <= middle < short.ends_at for short in night.awakenings):
        return _AWAKE
    codes = [s.code for s in night.stages if s.starts_at <= middle < s.ends_at]
    return _MINUTE_VALUES.get(codes[0], _AWAKE) if codes else _AWAKE


def _runs(values: list[str], value: str) -> int:
    before = ["", *values]
    return sum(now == value != then for then, now in zip(before, values, strict=False))


def _awake_edge(night: Night, place: int) -> int:
    if not night.stages or night.stages[place].code != "awake":
        return 0
    return (night.stages[place].ends_at - night.stages[place].starts_at) // 60


def _efficiency(asleep: int, in_bed: int) -> int:
    return round(100 * asleep / in_bed) if in_bed else 0


def _info_code(night: Night) -> int:
    if night.kind == "stages":
        return 0
    if _end(night) - night.starts_at < _SHORT:
        return 2
    return 3 if night.status == "REJECTED_SERVER" else 1


def _end(night: Night) -> int:
    if night.ends_at is None:
        raise ValueError(f"night {night.id} has not ended")
    return night.ends_at


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
