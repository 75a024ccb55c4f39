"""Frames of several reads merged into day chunks: consent asked, gated, compared, absent samples taken out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.services import baselines, comparing, consenting, gating, placing, seeing, storing
from hometrial.services.comparing import Origin
from hometrial.services.fates import (
    ACCEPTED,
    DUPLICATE,
    QUARANTINED,
    HeldFrame,
    Judgement,
    RowFates,
)
from hometrial.services.gating import Failure
from hometrial.services.placing import Person
from hometrial.services.rehearsing_rules import limits
from hometrial.services.reporting import SHOWN_UNREADABLE, SeenDevice
from hometrial.services.syncing import source_rows
from hometrial.services.syncing.absence import Absence
from hometrial.services.syncing.kept import Kept
from hometrial.services.syncing.observed import not_covered
from hometrial.services.versioning import ChunkStore
from hometrial_ingest.frame import Frame, Segment
from hometrial_ingest.signals import SIGNALS, Shape, Signal
from hometrial_validation.frame import Context, Settings

_SECOND = 1_000_000


class Merge:
    """Takes the frames of some reads in. Lists by read have the order of `kept.pulls`."""

    def __init__(
        self,
        session: Session,
        kept: Kept,
        people: Mapping[UUID, Person],
        store: ChunkStore,
        origin: Origin,
    ) -> None:
        self.session, self.kept, self.store, self.origin = session, kept, store, origin
        self.people = {person.code: person for person in people.values()}
        self.consents = consenting.of_people(session, people)
        self.quarantine = gating.Quarantine(session, origin.batch_id, store.people)
        self.absence = Absence(kept, self.people)
        self.verdict = gating.BatchVerdict()
        self.by_rule: Counter[str] = Counter()
        self.counts: list[Counter[str]] = [Counter() for _ in kept.pulls]
        self.devices: list[tuple[str, SeenDevice]] = []
        self.refused: dict[int, str] = {}
        self.data_until: dict[int, datetime] = {}
        self._span: list[int] = []
        self.now = clock.now()

    @property
    def vanished(self) -> Mapping[int, str]:
        """Reads that no longer tell of anything where samples are stored: nothing was taken out."""
        return self.absence.vanished

    def run(self) -> None:
        """Take everything in, the source's daily values first: what is summed is checked against them."""
        placed = self._covered(self._placed())
        daily = {s: f for s, f in placed.items() if SIGNALS[s].shape is Shape.DAILY}
        self._take(daily)
        self._take({signal: frame for signal, frame in placed.items() if signal not in daily})
        self._keep_deletions(set(placed))
        for place, count in enumerate(self.kept.rows):
            counts = self.counts[place]
            counts["rows_read"] += count if place not in self.kept.broken else 0
            counts["rows_unreadable"] += len(self.kept.unreadable[place])
            counts["rows_absent"] += self.absence.counts[place]

    def observed(self) -> tuple[datetime | None, datetime | None]:
        """Return the first and the last instant that was told of, None if none was."""
        if not self._span:
            return None, None
        return clock.instant(min(self._span)), clock.instant(max(self._span))

    def unreadable(self) -> list[dict[str, Any]]:
        """Return the first rows that could not be read."""
        rows = [vars(row) for found in self.kept.unreadable for row in found]
        return rows[:SHOWN_UNREADABLE]

    def _placed(self) -> dict[Signal, pd.DataFrame]:
        """Place every frame; stages take their day from their session, so that sessions come first."""
        placed: dict[Signal, pd.DataFrame] = {}
        frames = self.kept.frames
        for signal in sorted(frames, key=lambda each: (each is not Signal.SLEEP_SESSION, each)):
            placed[signal] = self._place(frames[signal], placed.get(Signal.SLEEP_SESSION))
        return placed

    def _place(self, frame: Frame, sessions: pd.DataFrame | None) -> pd.DataFrame:
        people = {code: self.people[str(code)] for code in placing.person_ids(frame.table)}
        samples = placing.place(frame, people)
        if frame.signal is Signal.SLEEP_SESSION:
            return placing.place_sessions(samples, frame, people)
        if frame.signal is Signal.SLEEP_STAGE:
            return placing.place_stages(samples, sessions)
        return samples

    def _covered(self, placed: dict[Signal, pd.DataFrame]) -> dict[Signal, pd.DataFrame]:
        """Take out every source row of which a part is not consented to, and count it (N4)."""
        bad = [
            frame.loc[
                not_covered(frame, signal, self.people, self.consents, self.now), source_rows.KEY
            ]
            for signal, frame in placed.items()
        ]
        refused = pd.concat(bad).drop_duplicates() if bad else pd.DataFrame(columns=source_rows.KEY)
        for place, count in refused.groupby("read").size().items():
            self.counts[int(str(place))]["rows_not_consented"] += int(count)
        if not len(refused):
            return {signal: frame for signal, frame in placed.items() if len(frame)}
        rows = refused["row"].to_numpy(dtype=np.int64)
        left = {
            signal: source_rows.fresh(frame[~np.isin(frame["row"].to_numpy(), rows)])
            for signal, frame in placed.items()
        }
        return {signal: frame for signal, frame in left.items() if len(frame)}

    def _take(self, frames: Mapping[Signal, pd.DataFrame]) -> None:
        """Judge some frames, settle the fate of their source rows, and store what may be stored."""
        rows = RowFates(Segment(0))
        sessions = frames.get(Signal.SLEEP_SESSION)
        superseded = (
            source_rows.superseded(sessions) if sessions is not None else np.empty(0, np.int64)
        )
        known = {s: self._compared(samples, s, superseded) for s, samples in frames.items()}
        if sessions is not None:
            sessions = sessions[~np.isin(sessions["row"].to_numpy(), superseded)]
        failures = self._failures({s: each.asked for s, each in known.items()}, sessions)
        for signal, samples in frames.items():
            self._note(samples, signal)
            each = known[signal]
            rows.hold(signal, samples, Judgement(failures.get(signal, {}), each.fate, each.before))
        rows.spread_over_nights()
        fate_of = source_rows.fates(rows.frames)
        self._refuse(fate_of, rows)
        self._count(fate_of)
        self.by_rule.update(rows.rules())
        for held in rows.frames:
            self._keep(held)

    def _note(self, samples: pd.DataFrame, signal: Signal) -> None:
        """Remember what the reads tell of: span of time, newest sample, instruments."""
        sound = samples[(samples["placement"] == "placed") & (samples["at"] >= Settings.earliest)]
        if not len(sound):
            return
        self._span += [int(sound["at"].min()), int(sound["at"].max())]
        provider_of = np.array([pull.provider for pull in self.kept.pulls])
        for provider in np.unique(provider_of).tolist():
            found = sound[(provider_of == provider)[sound["read"].to_numpy()]]
            self.devices += [(provider, each) for each in seeing.devices_in(found)]
        if SIGNALS[signal].shape is Shape.DAILY:
            return
        end = sound["at"] + sound["duration"] * _SECOND
        past = end[end <= clock.microseconds(self.now)]
        for place, last in past.groupby(sound["read"]).max().items():
            known = self.data_until.get(int(str(place)))
            moment = clock.instant(int(last))
            self.data_until[int(str(place))] = max(known, moment) if known else moment

    def _compared(
        self, samples: pd.DataFrame, signal: Signal, superseded: np.ndarray
    ) -> "_Compared":
        repeated, contradicting = comparing.within(samples, signal)
        before = storing.of_days(self.session, signal, self.absence.days(signal, samples))
        fate = comparing.compare(samples, before.samples, before.as_of(), signal, self.origin)
        fate = self.store.settle_history(samples, fate, before, signal)
        # Later pages stand first: an earlier page's other word was overtaken during the read.
        old = repeated | contradicting | np.isin(samples["row"].to_numpy(), superseded)
        fate[old] = comparing.DUPLICATE
        return _Compared(source_rows.of_changed_days(samples, fate, old), fate, before)

    def _failures(
        self, frames: Mapping[Signal, pd.DataFrame], sessions: pd.DataFrame | None
    ) -> dict[Signal, dict[int, Failure]]:
        """Ask the gate about the days on which anything is new; what is stored was judged before."""
        asked = {signal: frame for signal, frame in frames.items() if len(frame)}
        contexts = {signal: self._context(each, signal, sessions) for signal, each in asked.items()}
        verdicts = gating.check_many(asked, contexts)
        for signal, verdict in verdicts.items():
            self.verdict.add(0, signal, verdict)
        return {signal: gating.failures(verdict) for signal, verdict in verdicts.items()}

    def _context(
        self, asked: pd.DataFrame, signal: Signal, sessions: pd.DataFrame | None
    ) -> Context:
        own = sessions if sessions is not None else self._stored_sessions(signal, asked)
        return Context(
            now=clock.microseconds(self.now),
            settings=limits.settings(self.session),
            baselines=baselines.of(self.session, signal, asked),
            daily_totals=baselines.daily_totals(self.session, signal, asked),
            sessions=own if signal is Signal.SLEEP_STAGE else None,
        )

    def _stored_sessions(self, signal: Signal, stages: pd.DataFrame) -> pd.DataFrame | None:
        if signal is not Signal.SLEEP_STAGE:
            return None
        return storing.stored(self.session, Signal.SLEEP_SESSION, stages).samples

    def _refuse(self, fate_of: pd.DataFrame, rows: RowFates) -> None:
        """Refuse a read whose rows fail for the most part: it is not to be trusted as a whole."""
        if not len(fate_of):
            return
        by_rule = rows.rules()
        for place in fate_of["read"].unique().tolist() if by_rule else []:
            fates = fate_of.loc[fate_of["read"] == place, "fate"]
            said = self.verdict.refusal(int((fates == QUARANTINED).sum()), len(fates), by_rule)
            if said is not None:
                self.refused[place] = said
                stream = self.kept.pulls[place].stream
                gating.open_batch_query(self.session, self.origin.batch_id, stream, said)

    def _count(self, fate_of: pd.DataFrame) -> None:
        names = {DUPLICATE: "rows_duplicate", ACCEPTED: "rows_accepted", QUARANTINED: _ASIDE}
        sizes = fate_of.groupby(["read", "fate"], as_index=False).size()
        for place, fate, count in sizes.to_numpy(dtype=np.int64).tolist():
            name = names[QUARANTINED if place in self.refused else fate]
            self.counts[place][name] += count

    def _keep(self, held: HeldFrame) -> None:
        """Set the failing samples aside and store the others."""
        trusted = ~np.isin(held.samples["read"].to_numpy(), list(self.refused))
        bad = held.failing()
        samples = held.samples.assign(row=held.samples["source_row"])
        aside = bad & trusted
        if aside.any():
            why = [held.failures[i] for i in np.flatnonzero(aside).tolist()]
            self.quarantine.add(samples[aside], held.signal, why)
        good = ~bad & trusted
        before = held.judgement.before
        # A sample in quarantine is told of all the same: what it revises must not count as absent.
        absent = self.absence.of(held.signal, held.samples, before, set(self.refused))
        fate = held.judgement.fate[good]
        self.store.merge(samples[good], fate, before, held.signal, self.origin, absent)

    def _keep_deletions(self, told: set[Signal]) -> None:
        """Take out what was deleted at the provider where nothing else of its kind is told any more."""
        for signal in self.absence.signals() - told:
            before = storing.of_days(self.session, signal, self.absence.days(signal, None))
            if len(before.samples):
                nothing = before.samples.iloc[:0]
                absent = self.absence.of(signal, nothing, before, set(self.refused))
                fate = np.empty(0, np.int8)
                self.store.merge(nothing, fate, before, signal, self.origin, absent)


@dataclass(frozen=True)
class _Compared:
    """A frame beside what is stored: the samples to ask the gate about, each sample's fate."""

    asked: pd.DataFrame
    fate: npt.NDArray[np.int8]
    before: storing.Stored


_ASIDE = "rows_quarantined"
