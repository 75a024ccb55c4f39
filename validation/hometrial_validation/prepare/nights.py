"""A stage beside its session: the session's beginning and end, and what its stages add up to."""

import numpy as np
import pandas as pd

from hometrial_validation.frame import (
    MINUTE,
    SECOND,
    SESSIONS_COLUMNS,
    Context,
    Settings,
    placed,
    require,
)
from hometrial_validation.prepare.groups import grouped
from hometrial_validation.verdict import GateError

_KEY = ("participant", "source", "session")


def with_session(frame: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Add `session_start`, `session_end` (µs, null while it runs), `minutes_in_bed` of the session.

    All three are null where the context does not hold the stage's session. Raises GateError if a
    session stands twice in the context.
    """
    known = _sessions(context)
    found = pd.MultiIndex.from_frame(frame[list(_KEY)].astype(object))
    joined = known.reindex(found).set_axis(frame.index)
    return frame.assign(**{str(name): joined[name] for name in joined.columns})


def _sessions(context: Context) -> pd.DataFrame:
    if context.sessions is None:
        raise GateError(
            "the stages of a night cannot be judged without Context.sessions; pass them"
        )
    require(context.sessions, SESSIONS_COLUMNS, "Context.sessions")
    sessions = context.sessions
    start = sessions["at"].astype(np.float64)
    end = start + sessions["duration"] * SECOND
    known = pd.DataFrame(
        {
            "session_start": start,
            "session_end": end.where(sessions["duration"] > 0),
            "minutes_in_bed": sessions["minutes_in_bed"].astype(np.float64),
        }
    )
    known.index = pd.MultiIndex.from_frame(sessions[list(_KEY)].astype(object))
    if not known.index.is_unique:
        twice = known.index[known.index.duplicated()][0]
        raise GateError(f"the session {twice} stands twice in Context.sessions; pass each once")
    return known


def with_stage_minutes(frame: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Add `stage_minutes`, the sum over the stages of a session, and `summary_tolerance` in minutes.

    Null for awakenings laid over the stages, for nights of which a stage could not be placed, and
    for sources that give no summary to compare with. Where the stages leave more than the tolerance of
    their session open, that stands in `missing_minutes` instead: a part of a night has no sum.
    """
    group = grouped(frame, _KEY)
    counts = ~frame["overlay"].astype(bool)
    minutes = (frame["duration"] / 60.0).where(counts, 0.0).groupby(group).transform("sum")
    complete = placed(frame).groupby(group).transform("all")
    tolerance = _tolerance(frame["source"], context.settings)
    comparable = counts & complete & tolerance.notna()
    lasts = (frame["session_end"] - frame["session_start"]) / MINUTE
    missing = (lasts - minutes).where(comparable & (lasts - minutes > tolerance))
    return frame.assign(
        stage_minutes=minutes.where(comparable & missing.isna()),
        missing_minutes=missing,
        summary_tolerance=tolerance,
    )


def _tolerance(source: pd.Series, settings: Settings) -> pd.Series:
    by_name = {name: _minutes(str(name), settings) for name in source.cat.categories}
    return source.astype(object).map(by_name).astype(np.float64)


def _minutes(source: str, settings: Settings) -> float:
    if source.startswith(settings.without_summary):
        return float("nan")
    for provider, minutes in settings.summary_minutes_of.items():
        if source.startswith(provider):
            return minutes
    return settings.summary_minutes
