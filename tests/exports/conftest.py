"""One small study and its export, for the tests of what stands in the files."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from hometrial.services.locking import making
from hometrial.services.locking.wanted import wanted

FILES = {
    "heartrate_seconds_merged.csv": "Id,Time,Value\n"
    + "".join(
        f"{who},{month}/12/2016 7:{n:02}:05 AM,{60 + n}\n"
        for who in (1, 2)
        for month in (4, 5)
        for n in range(20)
    )
    + "1,4/12/2016 8:00:00 AM,255\n",
    "minuteStepsNarrow_merged.csv": "Id,ActivityMinute,Steps\n"
    + "".join(f"1,4/12/2016 7:{n:02}:00 AM,{n}\n" for n in range(20)),
    "minuteSleep_merged.csv": "Id,date,value,logId\n"
    + "".join(f"1,4/12/2016 2:{n:02}:30 AM,{1 + n // 10 % 3},11380564589\n" for n in range(40)),
}


@pytest.fixture(scope="session")
def export() -> Callable[..., Path]:
    """Write a draft of a study: export(study, folder, formats) -> folder."""

    def write(study, out: Path, formats=("parquet", "csv")) -> Path:
        with study.database.reading() as session:
            making.draft(session, study.database, wanted(tuple(formats)), out)
        return out

    return write


@pytest.fixture(scope="session")
def sums() -> Callable[[Path], dict[str, str]]:
    """Return the SHA-256 of each file below a folder."""

    def read(folder: Path) -> dict[str, str]:
        found = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in found
        }

    return read


@pytest.fixture(scope="module")
def exported(shared_study, export, tmp_path_factory):
    """Two people, two months, one night and one quarantined beat, and the export of them."""
    folder = tmp_path_factory.mktemp("source")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    return shared_study, export(shared_study, tmp_path_factory.mktemp("out") / "draft")
