"""Many people read through random faults: in the end the study holds what the clouds hold, to the sample.

    python tests/torture/run.py recovery --people 500 --days 90 --seed 7

Everybody is read once in each step of the simulated time, while calls fail at random and things befall
people (tokens die and are linked again or not, scopes are refused, consent is withdrawn, nights are
deleted). Two calm rounds end it; then every stored sample is held against the truth, and the cause of
every missing hour against what befell the person.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import recovery_people
from recovery_engines import Engine
from recovery_judging import Judge, read_at_of
from recovery_people import Fate
from recovery_result import Result, Size
from rehearsal import Rehearsal

from hometrial import clock
from hometrial.services import auditing, consenting, enrolling
from hometrial_ingest.data_types import DataType

CALM_ROUNDS = 2
OUTAGES = 2
MINUTE = timedelta(minutes=1)


class Recovery:
    """One run beside the simulators."""

    def __init__(
        self, rehearsal: Rehearsal, engine: Engine, size: Size, say: Callable[[str], None]
    ) -> None:
        self.rehearsal, self.engine, self.size, self.say = rehearsal, engine, size, say
        self.sims = rehearsal.sims
        self.read_last = rehearsal.sims.clock.now()
        self.read_before: dict[int, dict[str, datetime]] = {}
        self.result = Result(person_days=size.people * size.days)
        self.fates = {
            number: recovery_people.Draw(self.sims, size.seed, number).fate()
            for number in range(1, size.people + 1)
        }

    def run(self) -> Result:
        """Play all of it and judge."""
        started = time.monotonic()
        moments = recovery_people.rounds(
            self.sims.truth.scene.first_day, self.size.days, self.size.step
        )
        acts = self._acts(moments)
        self._begin(moments[0] - self.size.step / 2)
        for place, moment in enumerate(moments):
            calm = place >= len(moments) - CALM_ROUNDS
            self.sims.faults.google.storm(0 if calm else self.size.storm, self.size.seed + place)
            while acts and acts[0][0] <= moment:
                at, act = acts.pop(0)
                self.sims.clock.set(max(at, self.sims.clock.now()))
                act()
            self._round(moment)
            self.rehearsal.settle()  # as a worker does each night; time leaps here
            self.say(f"{moment:%Y-%m-%d}: {sum(self.sims.google.calls.values())} calls")
        self.result.seconds["reading"] = time.monotonic() - started
        self._judge()
        self.result.seconds["all"] = time.monotonic() - started
        return self.result

    def _begin(self, moment: datetime) -> None:
        self.sims.clock.set(moment)
        self.read_last = moment
        faults = self.sims.faults.google
        faults.page_cap, faults.duplicate_at_border = self.size.page_cap, True
        for number, fate in self.fates.items():
            self.rehearsal.link(number, since=fate.begins, streams=fate.streams)
            self.result.befell[fate.kind] += 1

    def _acts(self, moments: list[datetime]) -> list[tuple[datetime, Callable[[], None]]]:
        """Return everything that is to happen, in order."""
        acts = [
            (at, self._act(fate, what)) for fate in self.fates.values() for at, what in fate.acts
        ]
        acts += [
            (fate.pause[0], self._act(fate, "pause")) for fate in self.fates.values() if fate.pause
        ]
        hours = self.size.step.total_seconds() / 7200
        for number in range(OUTAGES):
            at = moments[(number + 1) * len(moments) // (OUTAGES + 2)] - timedelta(minutes=30)
            acts.append((at, lambda: self.sims.faults.google.incident(hours)))
        return sorted(acts, key=lambda act: act[0])

    def _act(self, fate: Fate, what: str) -> Callable[[], None]:
        google, number = self.sims.google, fate.number
        acts: dict[str, Callable[[], object]] = {
            "lose": lambda: google.lose_refresh_tokens(number),
            "revoke": lambda: google.revoke_by_user(number),
            "link": lambda: self._link(number),
            "withdraw": lambda: self._withdraw(fate),
            "pause": lambda: self._pause(fate),
            "refuse": lambda: self.sims.faults.google.incident(fate.hours, number),
            "delete": lambda: self._edit(number, what),
            "correct": lambda: self._edit(number, what),
        }

        def act() -> None:
            self.result.befell[what] += 1
            acts[what]()

        return act

    def _link(self, number: int) -> None:
        self.rehearsal.link_again(number, self.fates[number].streams)

    def _withdraw(self, fate: Fate) -> None:
        self.read_before[fate.number] = read_at_of(
            self.rehearsal, self.rehearsal.people[fate.number]
        )
        with self.rehearsal.database.transaction("staff", "withdraw") as session:
            person = enrolling.find_participant(session, self.rehearsal.people[fate.number].code)
            consenting.withdraw(
                session, person, [DataType.HEART_RATE], since=fate.at("withdraw"), keep_late=True,
                source="rehearsal",
            )  # fmt: skip

    def _pause(self, fate: Fate) -> None:
        assert fate.pause is not None
        with self.rehearsal.database.transaction("staff", "pause") as session:
            person = enrolling.find_participant(session, self.rehearsal.people[fate.number].code)
            consenting.pause(session, person, *fate.pause, "rest")

    def _edit(self, number: int, what: str) -> None:
        """Delete, or move the beginning of, the last night of those that the last round read."""
        window = (self.read_last - timedelta(days=3), self.read_last)
        nights = self.sims.truth.records(number, "sleep", window=window)
        done = [key for key, night in zip(nights.ids, nights.nights, strict=True) if night.ends_at]
        if done and what == "delete":
            self.sims.truth.delete(number, "sleep", done[-1])
        elif done:
            self.sims.truth.correct(number, done[-1])
        if not done:
            self.result.befell["nothing to edit"] += 1

    def _round(self, moment: datetime) -> None:
        """Read everybody until nothing is due; a retry that is due within minutes is waited for."""
        self.sims.clock.set(max(moment, self.sims.clock.now()))
        self.read_last = moment
        for _ in range(12):
            self.engine.work()
            self._link_those_asked()
            if not self._retries():
                self.engine.work()
                return
            self.sims.clock.advance(3 * MINUTE)

    def _link_those_asked(self) -> None:
        """Link again whom two refusals in a row, by chance, made the platform ask."""
        asked = self.rehearsal.asked_to_reconnect()
        now = self.sims.clock.now()
        for number in asked:
            fate = self.fates[number]
            lost = fate.at("lose") or fate.at("revoke")
            mended = fate.at("link")
            is_dead = lost is not None and lost <= now and (mended is None or now < mended)
            if not is_dead:
                self.result.befell["asked to reconnect by chance"] += 1
                self._link(number)

    def _retries(self) -> bool:
        soon = clock.now() + 8 * MINUTE
        return bool(
            self.rehearsal.one(
                "SELECT count(*) FROM sync.stream_state s JOIN connection c USING (account_id)"
                " WHERE c.status = 'active' AND s.obstacle IN ('try_later', 'rate_limited')"
                " AND s.retry_at < :soon",
                soon=soon,
            )
        )

    def _judge(self) -> None:
        started = time.monotonic()
        self.rehearsal.settle()
        self.result.seconds["settling"] = time.monotonic() - started
        judge = Judge(self.rehearsal, self.fates, self.read_last, self.read_before)
        for number, made in enumerate(judge.everybody(), 1):
            self.result.samples += made.samples
            self.result.differing += made.differing
            self.result.causes.add(made.causes)
            if number % 50 == 0:
                self.say(f"{number} people compared, {self.result.samples} samples equal")
        self.result.left = self._left()
        self.result.most_in_a_minute = self.sims.google.most_in_a_minute()
        for (_, endpoint), count in self.sims.google.calls.items():
            self.result.calls[endpoint] += count
        self.result.needed = self._needed()
        self.result.seconds["judging"] = time.monotonic() - started

    def _left(self) -> list[str]:
        """Return what a finished study must not hold."""
        queries = {
            "jobs": "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name IN"
            " ('read', 'absorb', 'revoke') OR status = 'failed'",
            "reads that were not finished": "SELECT count(*) FROM sync.pull WHERE state IN"
            " ('fetching', 'fetched')",
            "reads that the program could not take in": "SELECT count(*) FROM sync.pull WHERE"
            " error_kind IN ('our_bug', 'rejected')",
            "rows in quarantine": "SELECT count(*) FROM quarantined_row",
            "links of the living that are not active": "SELECT count(*) FROM connection c"
            " WHERE c.status <> 'active' AND c.participant_id <> ALL (:dead)",
        }
        dead = [
            self.rehearsal.people[fate.number].participant_id
            for fate in self.fates.values()
            if fate.kind == "token stays dead"
        ]
        left: list[str] = []
        if not self.engine.takes_jobs:
            del queries["jobs"]
        for what, query in queries.items():
            count = self.rehearsal.one(query, **({"dead": dead} if ":dead" in query else {}))
            left += [f"{count} {what}"] if count else []
        if self.sims.google.most_in_a_minute() > self.sims.google.quotas.per_minute:
            left.append("more calls than Google's limit allows")
        with self.rehearsal.database.reading() as session:
            key = self.rehearsal.database.settings.key("audit")
            left += auditing.verify(session, key, ()).problems
        return left

    def _needed(self) -> int:
        """Return the calls of one good read a day of each account: token, devices, each page once."""
        rows = self.rehearsal.rows(
            "SELECT count(*), coalesce(sum(pages), 0) FROM (SELECT account_id, stream, last_day,"
            " (started_at + interval '8.5 hours')::date AS step, min(pages) AS pages FROM sync.pull"
            " WHERE state = 'done' AND kind IN ('nightly', 'hourly') GROUP BY 1, 2, 3, 4) each"
        )
        steps = self.rehearsal.one(
            "SELECT count(*) FROM (SELECT DISTINCT account_id, (started_at + interval '8.5 hours')::date"
            " FROM sync.pull WHERE kind IN ('nightly', 'hourly') AND state = 'done') each"
        )
        return int(str(rows[0][1])) + 2 * int(str(steps))
