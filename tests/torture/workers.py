"""Workers and the participant site killed at random while people are read: nothing lost, nothing doubled.

    python tests/torture/run.py workers --kills 200 --seed 7

Half of the kills fall anywhere, half just after something has begun or pages were kept. Who was killed is
started again; the jobs of the dead come back by the study's own means. In the end every sample is held
against the truth.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import requests
from comparison import compare
from procrastinate.tasks import configure_task
from recovery_engines import StuckError, Workers, environment_of
from rehearsal import Rehearsal

from hometrial.services import auditing
from hometrial.tasks import engine, keeping

PROCESS = Path(__file__).with_name("workers_process.py")
WORKER, SITE = "worker", "site"
STUCK = 40.0
_BEGUN = {
    "a read has begun": "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'doing'"
    " AND task_name = 'read'",
    "pages were kept": "SELECT count(*) FROM sync.pull WHERE state = 'fetched'",
    "pages are taken in": "SELECT count(*) FROM jobs.procrastinate_jobs WHERE status = 'doing'"
    " AND task_name = 'absorb'",
}
"""Moments at which to strike, and what shows that they are there."""
_PATIENCE = 4.0
_BREATH, _LONGEST_BREATH = 8, 20.0


@dataclass
class Result:
    """What a run came to; `left`: what should not be there at its end, in words."""

    kills: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)
    samples: int = 0
    differing: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    notices: Counter[str] = field(default_factory=Counter)
    asked: list[str] = field(default_factory=list)
    """Who was asked to connect again because the simulated hours leap."""
    calls: int = 0
    most_in_a_minute: int = 0
    seconds: float = 0

    @property
    def sound(self) -> bool:
        """Whether everything is as it must be."""
        return not (self.differing or self.left)

    def as_json(self) -> dict[str, object]:
        """Return the result for a program to read."""
        counted = {name: dict(getattr(self, name)) for name in ("kills", "at", "notices")}
        return vars(self) | counted | {"sound": self.sound, "seconds": round(self.seconds, 1)}


class Zygote:
    """Starts processes of the study, quickly."""

    def __init__(self, rehearsal: Rehearsal, variant: str) -> None:
        log = (rehearsal.database.settings.home / "workers.log").open("ab")
        self.parent = subprocess.Popen(
            [sys.executable, str(PROCESS), variant, "2"], env=environment_of(rehearsal),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip

    def start(self, kind: str) -> int:
        """Start a process and return its id."""
        assert self.parent.stdin
        assert self.parent.stdout
        self.parent.stdin.write(f"{kind}\n")
        self.parent.stdin.flush()
        return int(self.parent.stdout.readline())

    def stop(self) -> None:
        """End all that were started."""
        assert self.parent.stdin
        self.parent.stdin.close()
        self.parent.wait(timeout=30)


class Killing:
    """One run beside the simulators."""

    def __init__(
        self, rehearsal: Rehearsal, variant: str, seed: int, say: Callable[[str], None]
    ) -> None:
        self.rehearsal, self.say = rehearsal, say
        self.sims = rehearsal.sims
        self.rng = random.Random(seed)  # noqa: S311 - no secret
        self.zygote = Zygote(rehearsal, variant)
        self.workers = Workers(rehearsal, stuck=STUCK)
        self.result = Result()
        self.alive: dict[str, list[int]] = {WORKER: [], SITE: []}
        self.posts = ThreadPoolExecutor(4)

    def run(self, kills: int, people: int) -> Result:
        """Kill so often, let everything come to an end, and judge."""
        started = time.monotonic()
        try:
            self._begin(people)
            for number in range(kills):
                self._strike()
                if number % 20 == 19:
                    self.say(f"{number + 1} kills, {sum(self.sims.google.calls.values())} calls")
            self._end()
            self._judge()
        except StuckError as error:
            self.result.left.append(str(error))
        finally:
            self.posts.shutdown()
            self.zygote.stop()
        self.result.seconds = time.monotonic() - started
        return self.result

    def _begin(self, people: int) -> None:
        for number in range(1, people + 1):
            self.rehearsal.link(number)
        self.alive = {
            WORKER: [self.zygote.start(WORKER) for _ in range(2)],
            SITE: [self.zygote.start(SITE)],
        }
        self._await_site()

    def _await_site(self) -> None:
        for _ in range(300):
            try:
                requests.get(self.rehearsal.database.settings.public_url, timeout=5)
            except requests.RequestException:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the participant site does not come up")

    def _strike(self) -> None:
        """Let time pass, so that there is work, and kill somebody in the middle of it."""
        self.sims.clock.advance(timedelta(minutes=self.rng.randint(60, 300)))
        keeping.plan_now(self.rehearsal.house)
        self._have_put_right()
        posts = [self.posts.submit(self._notify) for _ in range(self.rng.randint(0, 3))]
        self._await_moment()
        kind = SITE if posts and self.rng.random() < 0.4 else WORKER
        place = self.rng.randrange(len(self.alive[kind]))
        _kill(self.alive[kind][place])
        self.result.kills[kind] += 1
        self.alive[kind][place] = self.zygote.start(kind)
        self._count(posts)
        if kind == SITE:
            self._await_site()
        if self.result.kills.total() % _BREATH == 0:
            self._let_them_come_to_an_end()

    def _let_them_come_to_an_end(self) -> None:
        """Now and then let everything be taken in, so that not all of it is one backlog."""
        ends = time.monotonic() + _LONGEST_BREATH
        while self.workers.busy() and time.monotonic() < ends:
            self._have_put_right()
            time.sleep(1)

    def _await_moment(self) -> None:
        what = self.rng.choice(["anywhere", "anywhere", "anywhere", *_BEGUN])
        if what not in _BEGUN:
            time.sleep(self.rng.uniform(0, 1.5))
        else:
            ends = time.monotonic() + _PATIENCE
            while not self.rehearsal.one(_BEGUN[what]):
                if time.monotonic() > ends:
                    what = "nothing was going on"
                    break
                time.sleep(0.005)
            time.sleep(self.rng.uniform(0, 0.6))
        self.result.at[what] += 1

    def _notify(self) -> int:
        """Post a notification as the provider does; return the answer's status, 0 for none."""
        person = self.rng.randint(1, len(self.rehearsal.people))
        url = f"{self.rehearsal.database.settings.public_url}/hooks/google-health"
        kinds = self.rng.sample(["steps", "sleep", "heart_rate", "distance"], 2)
        return self.sims.google.deliver(url, person, kinds)

    def _count(self, posts: list[Future[int]]) -> None:
        for post in posts:
            self.result.notices[str(post.result())] += 1

    def _have_put_right(self) -> None:
        """Have the clock's own jobs done now rather than at the next full minute."""
        for name in ("revive", "tidy"):
            with self.rehearsal.database.transaction("torture", "put right") as session:
                job = configure_task(
                    name=name, job_manager=engine._deferring, queueing_lock=name,
                    lock=name if name == "tidy" else None, connection=engine.connection_of(session),
                )  # fmt: skip
                engine.defer(session, job, timestamp=0)

    def _end(self) -> None:
        """Let the time come to its end with nobody killed any more, in two calm days."""
        last = self.sims.truth.scene.last_day
        now = self.sims.clock.now()
        assert now.date() < last - timedelta(days=1), f"{now} is too late for two calm days"
        morning = now.replace(hour=15, minute=30, second=0) + timedelta(days=1)
        self._link_those_asked()
        for day in (morning, morning + timedelta(days=1)):
            self.sims.clock.set(day)
            time.sleep(5)  # the dead are silent for so long now
            self._have_put_right()
            time.sleep(1)
            self.workers.work()
            self._have_put_right()
            self.workers.work()

    def _link_those_asked(self) -> None:
        """Link again whom a token that ran out twice within a read, as hours leap here, made us ask."""
        for number, code in self.rehearsal.asked_to_reconnect().items():
            self.result.asked.append(code)
            self.rehearsal.link_again(number)

    def _judge(self) -> None:
        self.rehearsal.settle()
        for person in self.rehearsal.people.values():
            made = compare(self.rehearsal, person)
            self.result.samples += made.equal
            self.result.differing += made.differing
        self.result.calls = sum(self.sims.google.calls.values())
        self.result.most_in_a_minute = self.sims.google.most_in_a_minute()
        self.result.left += self._left()

    def _left(self) -> list[str]:
        queries = {
            "orphan or failed jobs": "SELECT count(*) FROM jobs.procrastinate_jobs WHERE task_name IN"
            " ('read', 'absorb', 'revoke') OR status = 'failed'",
            "reads that were not finished": "SELECT count(*) FROM sync.pull WHERE state IN"
            " ('fetching', 'fetched')",
            "reads that the program could not take in": "SELECT count(*) FROM sync.pull WHERE"
            " error_kind IN ('our_bug', 'rejected')",
            "batches of no read": "SELECT count(*) FROM batch b WHERE NOT EXISTS"
            " (SELECT FROM sync.pull p WHERE p.batch_id = b.id)",
            "versions that change nothing": "SELECT count(*) FROM day_chunk a JOIN day_chunk b"
            " USING (participant_id, stream, day) WHERE b.version = a.version + 1"
            " AND a.content_sha256 = b.content_sha256",
            "rows in quarantine": "SELECT count(*) FROM quarantined_row",
            "links that are not active": "SELECT count(*) FROM connection WHERE status <> 'active'",
        }
        counts = {what: self.rehearsal.one(query) for what, query in queries.items()}
        left = [f"{count} {what}" for what, count in counts.items() if count]
        stored = int(
            str(self.rehearsal.one("SELECT count(*) FROM sync.webhook_event WHERE hints > 0"))
        )
        if not self.result.notices["204"] <= stored <= self.result.notices.total():
            left.append(f"{stored} notifications stored, {dict(self.result.notices)} answered")
        if self.result.most_in_a_minute > self.sims.google.quotas.per_minute:
            left.append("more calls than Google's limit allows")
        with self.rehearsal.database.reading() as session:
            key = self.rehearsal.database.settings.key("audit")
            left += auditing.verify(session, key, ()).problems
        return left


def _kill(pid: int) -> None:
    """Kill a process as `kill -9` does, and wait until it is gone."""
    try:
        os.kill(pid, signal.SIGKILL)
        while True:
            os.kill(pid, 0)
            time.sleep(0.002)
    except ProcessLookupError:
        return
