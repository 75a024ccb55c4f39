"""What the demo's people wear: an export of their last weeks, taken in by the command of real ones, beside the rest."""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hometrial.cli.stage.cast import Part
from hometrial.cli.stage.life import Life
from hometrial.cli.stage.playing import SEED, Stage
from hometrial.errors import TrialError
from hometrial.services import enrolling
from hometrial_ingest.simulate import Day, Person, Study, fitabase
from hometrial_ingest.simulate import study as study_of
from hometrial_ingest.simulate.timeline import ZonePeriod

WORN, APART = 24, 60
"""Days of the archives, and seconds between their heart rates."""
LINKED = (28, 29, 30, 32, 33, 38)
"""Numbers in the cast of who have no archive: the demo links them to its simulated clouds."""
QUIET, DEAD = 25, 31
"""Numbers in the cast of whose watch nothing came for four days, and whose account gives nothing any more."""
_QUIET_SINCE = {QUIET: 4, DEAD: 2}
_POST = 2  # days until a watch has come
_LEFT_OUT = ("minuteStepsNarrow", "dailyActivity", "sleepDay")
"""Files of an export that tell again what the others tell."""


def wears(part: Part) -> bool:
    """Whether a person has a watch by now."""
    signed = part.signed is not None and part.signed >= _POST
    return signed and part.number not in LINKED


def enrol(session: Session, everybody: Iterable[Life], study: Study) -> None:
    """Say whose account in the export is whose."""
    for life in everybody:
        if wears(life.part):
            person = study.people[life.part.number - 1]
            account = str(person.fitabase_id)
            enrolling.link_account(
                session, life.person(session).id, provider="fitabase", external_id=account
            )


def study_until(stage: Stage, people: int) -> Study:
    """Return the synthetic study of the last weeks."""
    first = stage.today.date() - timedelta(days=WORN)
    return study_of(SEED, people, WORN, first)


def write(stage: Stage, everybody: Iterable[Life], study: Study, folder: Path) -> None:
    """Write the export of everybody who wears a watch."""
    worn = [life.part for life in everybody if wears(life.part)]
    fitabase.write(_days(stage, worn, study), folder)
    for name in _LEFT_OUT:
        (folder / f"{name}_merged.csv").unlink()


def _days(stage: Stage, parts: Iterable[Part], study: Study) -> Iterator[Day]:
    for part in parts:
        today = stage.today.astimezone(ZoneInfo(part.zone)).date()
        person = _as_cast(study.people[part.number - 1], part, today)
        yield from study.recorded(person)


def _as_cast(person: Person, part: Part, today: date) -> Person:
    last = today - timedelta(days=_QUIET_SINCE.get(part.number, 0) + 1)
    first = max(today - timedelta(days=WORN), today - timedelta(days=part.signed or 0))
    zones = (ZonePeriod(None, part.zone),)
    device = replace(person.devices[-1], first_day=first, last_day=last)
    return replace(
        person,
        zones=zones,
        devices=(device,),
        first_day=first,
        last_day=last,
        beats_apart=APART,
    )


def take_in(stage: Stage, folder: Path) -> "subprocess.Popen[str]":
    """Begin to take the export in, in a process of its own."""
    settings = stage.database.settings
    environment = os.environ | {"HOMETRIAL_HOME": str(settings.home), "HOMETRIAL_ACTOR": "demo"}
    program = [sys.executable, "-m", "hometrial", "import", "fitabase", str(folder)]
    return subprocess.Popen(program, env=environment, stdout=subprocess.PIPE, text=True)  # noqa: S603


def taken_in(process: "subprocess.Popen[str]") -> str:
    """Wait for the end of it and return what it told. Raises TrialError if it failed."""
    told, _ = process.communicate()
    if process.returncode != 0:
        raise TrialError(f"the export of the demo's watches was not taken in: {told}")
    return told
