"""What a push holds, weighed before any of it is kept: when it was observed, and whether consent covers it."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pandas as pd
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.services import enrolling, placing
from hometrial.services.comparing import Bools, day_of
from hometrial.services.consenting import Consents
from hometrial.services.placing import Person
from hometrial.services.syncing import observed
from hometrial_ingest.data_types import DATA_TYPE_OF, DataType
from hometrial_ingest.frame import Segment
from hometrial_ingest.local_time import SECOND
from hometrial_ingest.signals import Signal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PUSHED = frozenset(DataType) - {DataType.SKIN_TEMPERATURE}
_DAY = re.compile(rb"(?<![0-9])[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")


@dataclass
class Weighed:
    """How many records and samples there are, when they were observed, and which are not covered.

    `refused`: by data type the numbers of the records that hold something without consent.
    """

    records: int = 0
    samples: Counter[str] = field(default_factory=Counter)
    refused: dict[str, list[int]] = field(default_factory=dict)
    _spans: list[tuple[int, int, int, int]] = field(default_factory=list)

    @property
    def start_at(self) -> datetime:
        """The first instant that anything tells of."""
        return _instant(min(span[0] for span in self._spans))

    @property
    def end_at(self) -> datetime:
        """The last one."""
        return _instant(max(span[1] for span in self._spans))

    @property
    def first_day(self) -> date:
        """The first local day that anything belongs to."""
        return day_of(min(span[2] for span in self._spans))

    @property
    def last_day(self) -> date:
        """The last one."""
        return day_of(max(span[3] for span in self._spans))

    def note(self, signal: Signal, samples: pd.DataFrame, bad: Bools) -> None:
        """Count the placed samples of a signal; `bad` are those that consent does not cover."""
        self.samples[signal] += len(samples)
        at, day = samples["at"].to_numpy(), samples["day"].to_numpy()
        end = at + samples["duration"].to_numpy() * SECOND
        self._spans.append((int(at.min()), int(end.max()), int(day.min()), int(day.max())))
        rows = set(samples["row"].to_numpy()[bad].tolist())
        if rows:
            kind = DATA_TYPE_OF[signal]
            self.refused[kind] = sorted(rows.union(self.refused.get(kind, ())))


def weigh(
    session: Session, person: Participant, segments: Iterable[Segment], consents: Consents
) -> Weighed:
    """Weigh all segments of a push. Raises ZoneNeededError if the person has no zone on record."""
    zones = enrolling.zones_of(session, person)
    owner = Person(person.id, person.code, zones)
    weighed, now = Weighed(), clock.now()
    for segment in segments:
        weighed.records += segment.rows
        for frame in segment.frames:
            samples = placing.place(frame, {None: owner})
            # The rule by which the rows are checked again when they are stored.
            bad = observed.not_covered(
                samples, frame.signal, {person.code: owner}, {person.id: consents}, now
            )
            weighed.note(frame.signal, samples, bad)
    return weighed


def may_hold_anything(consents: Consents, body: bytes) -> bool:
    """Say whether bytes that nobody can read may be kept, whatever they hold.

    They may if the person consents now to every data type that a push can carry, and no day that is
    written in them is as early as the first day of these consents.
    """
    now = clock.now()
    admitted = [consents.admitted(kind, now) for kind in sorted(_PUSHED)]
    present = [[spell for spell in spells if now < spell.end] for spells in admitted]
    if not all(present):
        return False
    since = max(spell.start for spells in present for spell in spells).date().isoformat().encode()
    return all(day > since for day in set(_DAY.findall(body)))


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
