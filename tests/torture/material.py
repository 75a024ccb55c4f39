"""The archives that are imported: a synthetic study's folder, a later one that overlaps it, and pages."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hometrial.services.importing import ImportOptions
from hometrial_ingest.simulate import study

_FIRST_DAY = date(2026, 3, 7)  # the clocks of New York change on 8 March
_ZONE = "America/New_York"
# One page of heart rate is enough: a run of two seconds leaves time for two hundred kills.
_FILES = ("dailyActivity", "heartrate_seconds", "minuteSleep", "minuteStepsNarrow", "sleepDay")
_PAGES = ("heart-rate/page-001.json", "sleep/page-001.json")


@dataclass(frozen=True)
class Step:
    """One import command."""

    provider: str
    path: Path
    options: ImportOptions


def write(folder: Path, *, people: int, days: int, seed: int) -> list[Step]:
    """Write the archives and return the commands that import them, in their order.

    The later folder adds a tenth of the heart rate and revises a day's total of steps.
    """
    made = study(seed, people, days, _FIRST_DAY)
    early, late, pages = folder / "early", folder / "late", folder / "pages"
    made.write_fitabase(late)
    made.write_google(made.people[0], pages)
    _keep_only(late, tuple(f"{name}_merged.csv" for name in _FILES))
    _keep_only(pages, _PAGES)
    shutil.copytree(late, early)
    _cut(early / "heartrate_seconds_merged.csv")
    _lower_first_total(early / "dailyActivity_merged.csv")
    everyone = ImportOptions(create_participants=True, zone=_ZONE)
    return [
        Step("fitabase", early, everyone),
        Step("fitabase", late, everyone),
        Step("google-health", pages, ImportOptions(participant="P-0001")),
    ]


def _keep_only(folder: Path, paths: tuple[str, ...]) -> None:
    for file in folder.rglob("*"):
        if file.is_file() and file.relative_to(folder).as_posix() not in paths:
            file.unlink()


def _cut(file: Path) -> None:
    """Leave the last tenth of the rows for the later folder."""
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[: len(lines) - len(lines) // 10]))


def _lower_first_total(file: Path) -> None:
    """Make the first day's total what it was before the device had told of all steps."""
    # Id,ActivityDate,TotalSteps,...
    header, first, *rest = file.read_text().splitlines(keepends=True)
    person, day, total, *others = first.split(",")
    lower = ",".join([person, day, str(int(total) // 2), *others])
    file.write_text("".join([header, lower, *rest]), newline="")
