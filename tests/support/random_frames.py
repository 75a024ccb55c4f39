"""Random frames of all signals at once, sown with a fault for every rule, each with a context of its own."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hometrial_ingest.signals import SIGNALS, STAGES, Signal
from hometrial_validation.frame import Baseline, Context, Settings, columns_of

DAY = 86_400
NOON = 1_700_049_600_000_000
SECOND = 1_000_000
SOURCES = ("fitbit/watch", "google-health/FITBIT/WATCH", "takeout/App", "apple-health/iphone")
PEOPLE = ("P-003", "P-001", "P-002")
_CATEGORIES = ("participant", "code", "source", "placement", "device", "zone")


@dataclass
class Sower:
    """Draws frames; `share` of the rows of each get each fault."""

    random: np.random.Generator
    share: float = 0.15

    def frames(self) -> dict[Signal, pd.DataFrame]:
        """Return a frame of some rows for every signal, in no particular order."""
        order = self.random.permutation(len(Signal)).tolist()
        signals = [list(Signal)[place] for place in order]
        return {signal: self.frame(signal) for signal in signals}

    def frame(self, signal: Signal) -> pd.DataFrame:
        """Return one frame: sound rows first, then a fault of each kind in some of them."""
        count = int(self.random.integers(1, 60))
        seconds = np.sort(self.random.integers(0, 2 * DAY, count))
        frame = pd.DataFrame(
            {
                "row_id": self.random.permutation(count * 3)[:count].astype(np.int64),
                "participant": self.random.choice(PEOPLE[: self.random.integers(1, 4)], count),
                "at": NOON + seconds * SECOND,
                "offset": np.int32(3600),
                "duration": self.random.integers(1, min(SIGNALS[signal].longest, 7200) + 2, count),
                "value": self._values(signal, count),
                "code": self.random.choice([*STAGES, "dreaming"], count),
                "session": self.random.choice(["n1", "n2", "n9"], count),
                "source": self.random.choice(SOURCES[: self.random.integers(1, 5)], count),
                "placement": self._some(count, "placed", "in_gap", "ambiguous"),
                "minutes_in_bed": 60.0,
                "in_progress": self._some(count, False, True),
                "overlay": self._some(count, False, True),
                "confidence": self.random.choice([np.nan, 0.0, 3.0], count),
                "device": self.random.choice(["Watch 4", "Watch 3"], count),
                "zone": "Europe/Berlin",
            }
        )
        frame["end_at"] = frame["at"] + frame["duration"] * self._some(count, SECOND, 0, -1.0)
        frame["local"] = frame["at"] + 3600 * SECOND
        frame = self._broken(frame, signal)
        extra = [name for name in ("device", "zone") if self.random.random() < 0.5]
        frame = frame[[*columns_of(signal), *extra]]
        return frame.astype({name: "category" for name in _CATEGORIES if name in frame})

    def _values(self, signal: Signal, count: int) -> np.ndarray:
        if signal is Signal.HEART_RATE and self.random.random() < 0.5:
            return np.full(count, 70.0)
        low, high = SIGNALS[signal].low or 0.0, SIGNALS[signal].high or 1000.0
        return np.floor(self.random.uniform(low, high, count)) + (low % 1)

    def _broken(self, frame: pd.DataFrame, signal: Signal) -> pd.DataFrame:
        low, high = SIGNALS[signal].low, SIGNALS[signal].high
        faults = {
            "value": [np.nan, 0.5 + (low or 1.0), (low or 0.0) - 1000.0, (high or 0.0) + 1e6],
            "at": [0, NOON + 90 * DAY * SECOND],
            "offset": [-13 * 3600, 15 * 3600],
            "duration": [0, -5, SIGNALS[signal].longest + 1],
        }
        for column, wrong in faults.items():
            for value in wrong:
                hit = self.random.random(len(frame)) < self.share / len(wrong)
                frame.loc[hit, column] = value
        return frame

    def _some(self, count: int, usual: object, *others: object) -> np.ndarray:
        each = self.share / len(others)
        odds = [1 - self.share, *[each] * len(others)]
        return np.array([usual, *others])[self.random.choice(len(odds), count, p=odds)]

    def contexts(self, frames: dict[Signal, pd.DataFrame]) -> dict[Signal, Context]:
        """Return a context for each frame; settings, moments and baselines may differ between them."""
        alike = self.random.random() < 0.5
        return {signal: self._context(frame, alike=alike) for signal, frame in frames.items()}

    def _context(self, frame: pd.DataFrame, *, alike: bool) -> Context:
        step = 0 if alike else int(self.random.integers(0, 5))
        settings = Settings(
            future_minutes=5 + step,
            overlap_seconds=1.0 + step,
            day_sum_share=0.01 * (1 + step),
            session_margin_seconds=60.0 + step,
            steps_per_minute=300.0 - step,
        )
        people = frame["participant"].cat.categories
        median = float(np.nanmedian(frame["value"])) if frame["value"].notna().any() else 1.0
        return Context(
            now=NOON + (5 + step) * DAY * SECOND,
            baselines={str(name): Baseline(median, 0.01 + step, 20) for name in people[:1]},
            daily_totals=self._totals(frame) if self.random.random() < 0.8 else None,
            sessions=self._nights(),
            settings=settings,
        )

    def _totals(self, frame: pd.DataFrame) -> pd.DataFrame:
        day = (frame["local"] // (DAY * SECOND)).to_numpy()
        total = self.random.choice([1.0, 1e7], len(frame))
        told = pd.DataFrame({"participant": frame["participant"].astype(str), "day": day})
        return told.assign(value=total).drop_duplicates(["participant", "day"])

    def _nights(self) -> pd.DataFrame:
        keys = [(n, p, s) for n in ("n1", "n2") for p in PEOPLE for s in SOURCES]
        nights = pd.DataFrame(keys, columns=["session", "participant", "source"])
        length = self.random.choice([600, 2 * DAY], len(nights))
        bed = self.random.choice([30.0, np.nan], len(nights))
        return nights.assign(at=NOON, duration=length, minutes_in_bed=bed)
