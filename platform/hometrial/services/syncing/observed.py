"""When each sample was observed, and whether consent covers that."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import numpy as np
import pandas as pd

from hometrial.services.comparing import Bools
from hometrial.services.consenting import Consents
from hometrial.services.placing import Person
from hometrial_ingest.local_time import Int64
from hometrial_ingest.signals import SIGNALS, Shape, Signal

_SECOND = 1_000_000


def not_covered(
    samples: pd.DataFrame,
    signal: Signal,
    people: Mapping[str, Person],
    consents: Mapping[UUID, Consents],
    arrival: datetime,
) -> Bools:
    """Say which placed samples no consent covers: when they were observed, or now that they arrive.

    A value of a day, and a sample that no instant is known of, count as observed from the day's first
    instant to the next day's.
    """
    bad = np.ones(len(samples), bool)
    codes = samples["participant"].cat.codes.to_numpy()
    for place, code in enumerate(samples["participant"].cat.categories):
        rows = np.flatnonzero(codes == place)
        begin, end = _observed(samples.iloc[rows], signal, people[str(code)])
        given = consents[people[str(code)].id]
        bad[rows] = ~given.covers(signal, begin, end, arrival)
    return bad


def _observed(samples: pd.DataFrame, signal: Signal, person: Person) -> tuple[Int64, Int64]:
    begin = samples["at"].to_numpy(dtype=np.int64)
    end = begin + samples["duration"].to_numpy(dtype=np.int64) * _SECOND
    whole = samples["placement"].to_numpy() != "placed"
    if SIGNALS[signal].shape is Shape.DAILY:
        whole = np.ones(len(samples), bool)
    if whole.any() and person.zones is not None:
        days = samples["day"].to_numpy(dtype=np.int64)[whole]
        begin, end = begin.copy(), end.copy()
        begin[whole] = person.zones.first_instant_of_day(days).at
        end[whole] = person.zones.first_instant_of_day(days + 1).at
    return begin, end
