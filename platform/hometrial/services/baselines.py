"""What the gate is told about a person besides the frame: what is usual for them, and daily totals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import DailyMetric, Participant
from hometrial.services import storing
from hometrial_ingest.signals import Signal
from hometrial_validation.frame import Baseline

_METRIC_OF = {
    Signal.STEPS_DAILY: "steps_daily",
    Signal.RESTING_HEART_RATE: "rhr_vendor",
    Signal.HRV_RMSSD_DAILY: "hrv_rmssd",
    Signal.MINUTES_ASLEEP_DAILY: "minutes_asleep_daily",
    Signal.WEIGHT: "weight",
}
_TOTAL_OF = {
    Signal.STEPS: Signal.STEPS_DAILY,
    Signal.STEPS_HOURLY: Signal.STEPS_DAILY,
    Signal.DISTANCE: Signal.DISTANCE_DAILY,
}


def of(session: Session, signal: Signal, samples: pd.DataFrame) -> dict[str, Baseline]:
    """Return each participant's own median and median absolute deviation over the days on record."""
    metric = _METRIC_OF.get(signal)
    if metric is None:
        return {}
    rows = session.execute(
        select(Participant.code, DailyMetric.value)
        .join(Participant, Participant.id == DailyMetric.participant_id)
        .where(Participant.code.in_(_people(samples)), DailyMetric.metric == metric)
    ).all()
    values: dict[str, list[float]] = {}
    for code, value in rows:
        values.setdefault(code, []).append(value)
    return {code: _baseline(history) for code, history in values.items()}


def _baseline(history: Sequence[float]) -> Baseline:
    median = float(np.median(history))
    deviation = float(np.median(np.abs(np.asarray(history) - median)))
    return Baseline(median, deviation, len(history))


def daily_totals(session: Session, signal: Signal, samples: pd.DataFrame) -> pd.DataFrame | None:
    """Return the source's own totals of the days that the frame holds whole; None if there are none.

    A frame is a stretch of a file, so that each person's first and last day in it may be cut.
    """
    total = _TOTAL_OF.get(signal)
    if total is None:
        return None
    days = samples.groupby("participant", observed=True)["day"].agg(["min", "max"])
    found = storing.current_chunks(
        session, total, _people(samples), int(days["min"].min()), int(days["max"].max())
    )
    totals = storing.load_table(found, total).to_pandas()
    if not len(totals):
        return None
    edges = days.reindex(totals["participant"].astype(str))
    inside = (totals["day"].to_numpy() > edges["min"].to_numpy()) & (
        totals["day"].to_numpy() < edges["max"].to_numpy()
    )
    kept: pd.DataFrame = totals.loc[inside, ["participant", "day", "value"]].astype(
        {"value": np.float64}
    )
    return kept


def _people(samples: pd.DataFrame) -> list[str]:
    return sorted(map(str, samples["participant"].unique()))
