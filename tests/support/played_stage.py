"""The stage of a played trial: one simulated clock for all its people, who wake one after the other."""

import heapq
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import agreed
from ruamel.yaml import YAML

from hometrial import clock
from hometrial.db import Database
from hometrial.protocol import consent_text, loading
from hometrial.services import reaching
from hometrial.services.agreeing import texts
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.trial import publishing, schemes

Script = Iterator[datetime]
"""A life: it says when it wants to be woken next, and acts when it is."""


def completed(protocol: str) -> str:
    """Return the file of a shipped protocol as a sponsor completes it: registered, approved by a committee."""
    body = loading.shipped_text(protocol)
    body = body.replace("{registry: null, id: null}", "{registry: ISRCTN, id: ISRCTN00000000}")
    return body.replace("ethics_reference: null", 'ethics_reference: "EK 17/2026"')


def revised(body: str) -> str:
    """Return the next version: its consent tells of dizziness, and all who signed are to sign anew."""
    start = body.index("    - id: main\n")
    old = body[start : body.index("  quiz:\n    questions")]
    old = old[: old.find("    - id: main\n", 5)] if "    - id: main\n" in old[5:] else old
    new = old.replace("version: 1.0.0", "version: 1.1.0").replace(
        "impact: none", "impact: reconsent"
    )
    at = body.index("  quiz:\n    questions")
    body = body[:at] + new.replace("affects: new", "affects: all") + body[at:]
    return body.replace("version: 1.0.0", "version: 1.1.0", 1)


@dataclass
class Stage:
    """A study with one protocol in force, its clock, and who is to be woken when."""

    database: Database
    board: Path
    protocol: str
    begin: datetime
    say: Callable[[str], None] = lambda told: None  # noqa: ARG005
    scripts: list[tuple[datetime, int, Script]] = field(default_factory=list)
    looks: int = 0
    faults: list[str] = field(default_factory=list)
    sites: tuple[str | None, ...] = (None,)
    """Where people are looked after, in turn; None: the only site there is."""
    now: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._order = count()
        self._stack = ExitStack()
        self._session: Any = None
        self._since = self.begin
        clock.turn(self.board, None)
        clock.follow(self.board)
        self.keys = Keys.of(self.database.settings)
        self.key = self.database.settings.key("allocation")
        self.body = completed(self.protocol)
        self.file = YAML(typ="safe", pure=True).load(self.body)
        self._set(self.begin)

    def _set(self, moment: datetime) -> None:
        self.now = moment
        clock.turn(self.board, moment)

    @property
    def session(self) -> Any:
        """The session of this day, begun by who needs it first."""
        if self._session is None or self.now - self._since >= timedelta(hours=12):
            self._stack.close()
            self._since = self.now
            self._session = self._stack.enter_context(
                self.database.transaction("test", "a day of a played trial")
            )
        return self._session

    def prepare(self) -> None:
        """Put the protocol into force, with its texts and, where it allocates, an open scheme."""
        with self.database.transaction("test", "a trial begins") as session:
            if self.file["design"]["sites"] == "several":
                self.sites = ("S-01", "S-02", "S-03")
                for code in self.sites:
                    reaching.add_site(session, code, name=f"Centre {code}")
            self._publish(session, self.body)
            if self.file["allocation"]["method"] != "not_allocated":
                version = publishing.in_force(session, self.protocol)
                schemes.open_scheme(session, self.key, version, by="ann")

    def publish(self, body: str) -> Any:
        """Put another version into force."""
        return self._publish(self.session, body)

    def _publish(self, session: Any, body: str) -> Any:
        version = publishing.load(session, body, "trial.yaml", by="ann")
        publishing.approve(session, version, by="bob", because="reviewed")
        publishing.publish(session, version)
        for document in publishing.of(version).consent.documents:
            words, quiz = consent_text.shipped(document)
            words = agreed.filled(words)
            if document.version != "1.0.0":
                words = words.replace("headache, nausea.", "headache, nausea, dizziness.")
            texts.keep(session, version, document, body=words, quiz=quiz, by="ann")
        return version

    def wake(self, script: Script) -> None:
        """Have a life begin: it is woken whenever it says."""
        when = next(script, None)
        if when is not None:
            # Who asks for a moment that is over is woken at once.
            heapq.heappush(self.scripts, (max(when, self.now), next(self._order), script))

    def play(self) -> None:
        """Live until nobody wants to be woken any more; half a day of the clock is one transaction."""
        while self.scripts:
            when, _, script = heapq.heappop(self.scripts)
            self._set(when)
            self.wake(script)

    def close(self) -> None:
        """Keep what the last day brought."""
        self._stack.close()
        self._session = None

    def fault(self, told: str) -> None:
        """Keep what is not as it should be."""
        self.faults.append(f"{self.now:%Y-%m-%d %H:%M} UTC {told}")
        self.say(self.faults[-1])
