"""The simulators as one process: a truth, a clock, two faces and the control panel behind one port."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

from hometrial_ingest.simulators.clock import Clock
from hometrial_ingest.simulators.control import Control
from hometrial_ingest.simulators.fitbit import FitbitFace, FitbitFaults
from hometrial_ingest.simulators.google import GoogleFace, GoogleFaults
from hometrial_ingest.simulators.truth import Scene, Truth
from hometrial_ingest.simulators.wire import App, Server, mounted

_ROUND = 0.5  # real seconds between two rounds of automatic notifications


@dataclass
class Faults:
    """The switches of both faces."""

    google: GoogleFaults = field(default_factory=GoogleFaults)
    fitbit: FitbitFaults = field(default_factory=FitbitFaults)


class Simulators:
    """Google Health and Fitbit on 127.0.0.1 over one seeded truth, with a clock that tests set.

    with Simulators(seed=7, people=3, first_day=date(2026, 2, 1), days=30) as sims:
        sims.base_url, sims.clock, sims.truth, sims.google, sims.fitbit, sims.faults
    """

    def __init__(
        self,
        seed: int = 7,
        people: int = 3,
        first_day: date = date(2026, 2, 1),
        days: int = 30,
        heart_rate_every: int = 5,
        clock_file: Path | None = None,
    ) -> None:
        """Draw the people; the clock stands at noon UTC of the last day and does not run by itself.

        `heart_rate_every`: seconds between heart-rate samples, 5 the device's own. `clock_file`: where
        the clock writes what it shows, for `hometrial.clock.follow`.
        """
        scene = Scene(seed, people, first_day, days, heart_rate_every)
        start = datetime.combine(scene.last_day, time(12), UTC)
        self.clock = Clock(start, clock_file)
        self.truth = Truth(scene, self.clock)
        self.faults = Faults()
        self.fitbit = FitbitFace(self.truth, self.clock, self.faults.fitbit)
        self.google = GoogleFace(self.truth, self.faults.google, self.fitbit.account_id)
        self._server: Server | None = None
        self._notifier: Thread | None = None
        self._stopped = Event()

    @property
    def base_url(self) -> str:
        """The address of the running server. Raises RuntimeError before `start`."""
        if self._server is None:
            raise RuntimeError("the simulators are not running: call start() first")
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self, port: int = 0) -> Self:
        """Serve in the background on a port (0: a free one)."""
        control = Control(self.clock, self.truth, self.google, self.fitbit, self.faults)
        faces: dict[str, App] = {"google": self.google, "fitbit": self.fitbit, "control": control}
        self._server = Server(port, mounted(faces))
        self._server.start()
        self._stopped.clear()
        return self

    def watch(self) -> None:
        """From now on tell subscribers by itself, twice a second, what changes."""
        self._notifier = Thread(target=self._notify, daemon=True)
        self._notifier.start()

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self._stopped.set()
        if self._notifier is not None:
            self._notifier.join()
            self._notifier = None
        if self._server is not None:
            self._server.stop()
            self._server = None

    def wait(self) -> None:
        """Serve until `stop` is called from elsewhere or the process is interrupted."""
        self._stopped.wait()

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _notify(self) -> None:
        while not self._stopped.wait(_ROUND):
            self.google.deliver_due()
            self.fitbit.deliver()
