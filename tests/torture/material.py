"""The archives that are imported: a synthetic study's folder, the same later and longer, and pages."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hometrial.services.importing import ImportOptions
from hometrial_ingest.simulate import study

_FIRST_DAY = date(2026, 3, 6)  # the clocks of New York change on 8 March
_ZONE = "America/New_York"
_GOOGLE_DROPPED = 2  # pages of heart rate from this number on: one is enough, and keeps a run short


@dataclass(frozen=True)
class Step:
    """One import command."""

    provider: str
    path: Path
    options: ImportOptions


def write(folder: Path, *, people: int, days: int, seed: int) -> list[Step]:
    """Write the archives and return the commands that import them, in their order.

    The first folder lacks what arrives late, so that the second overlaps it and revises its last days.
    """
    made = study(seed, people, days, _FIRST_DAY)
    early, late, pages = folder / "early", folder / "late", folder / "pages"
    made.write_fitabase(early, before_late_sync=True)
    made.write_fitabase(late)
    made.write_google(made.people[0], pages)
    for page in sorted((pages / "heart-rate").iterdir())[_GOOGLE_DROPPED - 1 :]:
        page.unlink()
    _cut(early / "heartrate_seconds_merged.csv")
    everyone = ImportOptions(create_participants=True, zone=_ZONE)
    return [
        Step("fitabase", early, everyone),
        Step("fitabase", late, everyone),
        Step("google-health", pages, ImportOptions(participant="P-0001")),
    ]


def _cut(file: Path) -> None:
    """Leave the last tenth of the rows for the second folder."""
    lines = file.read_bytes().splitlines(keepends=True)
    draft = file.with_suffix(".cut")
    draft.write_bytes(b"".join(lines[: len(lines) - len(lines) // 10]))
    shutil.move(draft, file)
