"""Trials: an import killed again and again, run to its end, and compared with a clean run."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import children
import harness
import numpy as np
from broken import Variant, sound
from children import Moment, Phase
from imports import announce, import_all
from material import Step
from sqlalchemy.exc import OperationalError
from studies import Server

from hometrial.db import Database
from hometrial.services import auditing

_JITTER = 0.008
"""Seconds after a stage within which an aimed kill falls: as long as a commit takes."""
_MOST_KILLS_A_TRIAL = 8


@dataclass
class Torture:
    """What all trials share: the server, the archives, and what a clean run makes of them."""

    server: Server
    steps: Sequence[Step]
    rng: np.random.Generator
    made: int = 0
    clean: harness.Content = field(init=False)
    stages: tuple[str, ...] = field(init=False)
    seconds: float = field(init=False)

    def warm_up(self) -> None:
        """Import once in this process, so that no child has to load and compile what all need.

        No connection stays open: children must not share one.
        """
        study = self.study()
        import_all(study.database, self.steps, study.anchors, children.Board())
        study.database.close()
        self.server.drop(study.name)

    def measure_clean_run(self) -> "Outcome":
        """Run once without a kill: the content, duration and stages that trials are held against."""
        study = self.study()
        started = time.monotonic()
        self.stages = children.answer(lambda: study.take_in(sound, children.Board()))
        self.seconds = time.monotonic() - started
        self.clean = children.answer(lambda: harness.content(study.database))
        return self.judge(study, Outcome())

    def study(self) -> "Study":
        """Return a fresh study, its anchors beside it."""
        self.made += 1
        name = f"trial_{self.made}"
        return Study(name, self.server.fresh(name), self.steps, self.server.home / f"{name}.jsonl")

    def moment(self, left: float) -> Moment:
        """Draw a moment: half fall anywhere in what is left of a run, half just after a stage of it."""
        if self.rng.random() < 0.5:
            return Moment(self.rng.uniform(0, self.seconds * left))
        stages = max(1, int(len(self.stages) * left))
        return Moment(self.rng.uniform(0, _JITTER), int(self.rng.integers(1, stages + 1)))

    def trial(
        self, kills: int, variant: Variant = sound, victim: Callable[[int], None] = children.kill
    ) -> "Outcome":
        """Kill an import so many times, let it run to its end, and compare."""
        study, outcome = self.study(), Outcome()
        for _ in range(kills):
            moment = self.moment(study.left(self.stages))
            phase = children.kill_at(moment, lambda board: study.take_in(variant, board), victim)
            outcome.landed[phase] += 1
            if phase is Phase.ENDED:
                break
        children.answer(lambda: study.take_in(variant, children.Board()))
        return self.judge(study, outcome)

    def server_trial(self) -> "Outcome":
        """Kill the server in the middle of an import, start it again, import again, and compare."""
        study, outcome = self.study(), Outcome()

        def strike(pid: int) -> None:
            self.server.kill()
            children.kill(pid)
            self.server.restart()

        phase = children.kill_at(self.moment(1.0), study.take_in_while_it_stands, strike)
        outcome.landed[phase] += 1
        children.answer(lambda: study.take_in(sound, children.Board()))
        return self.judge(study, outcome)

    def judge(self, study: "Study", outcome: "Outcome") -> "Outcome":
        """Compare a study with the clean run's, verify its audit trail, and remove it."""
        outcome.difference, outcome.problems = children.answer(
            lambda: (
                harness.compare(self.clean, harness.content(study.database)),
                study.audit_problems(),
            )
        )
        self.server.drop(study.name)
        return outcome

    def kills_of_a_trial(self, left: int) -> int:
        """Draw how often a trial is killed."""
        return min(left, int(self.rng.integers(1, _MOST_KILLS_A_TRIAL + 1)))


@dataclass(frozen=True)
class Study:
    """One trial's study."""

    name: str
    database: Database
    steps: Sequence[Step]
    anchors: Path

    def take_in(self, variant: Variant, board: children.Board) -> tuple[str, ...]:
        """Import all archives with a variant of the code; return the stages passed."""
        variant(self.database)
        announce(board)
        return import_all(self.database, self.steps, self.anchors, board)

    def take_in_while_it_stands(self, board: children.Board) -> None:
        """Import all archives until the server is gone, then wait to be killed."""
        try:
            self.take_in(sound, board)
        except OperationalError:
            time.sleep(60)

    def left(self, stages: Sequence[str]) -> float:
        """Return the share of a clean run's stages that comes after the imports anchored so far."""
        done = len(set(auditing.read_anchors(self.anchors))) if self.anchors.exists() else 0
        ends = [place for place, stage in enumerate(stages, 1) if stage == "anchored"]
        return 1 - ends[done - 1] / len(stages) if 0 < done < len(ends) else 1.0

    def audit_problems(self) -> tuple[str, ...]:
        """Verify the audit trail with every anchor that was taken."""
        taken = auditing.read_anchors(self.anchors)
        with self.database.reading() as session:
            key = self.database.settings.key("audit")
            return auditing.verify(session, key, taken).problems


@dataclass
class Outcome:
    """What one trial came to."""

    landed: Counter[Phase] = field(default_factory=Counter)
    difference: harness.Difference | None = None
    problems: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """True if nothing differs from a clean run and the audit trail is whole."""
        return not self.difference and not self.problems

    @property
    def kills(self) -> int:
        """How many kills struck before the import ended by itself."""
        return self.landed.total() - self.landed[Phase.ENDED]
