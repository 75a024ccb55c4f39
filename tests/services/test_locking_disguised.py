"""A lock for the public: nobody in it can be told by name, by day, or by the Sundays on which clocks changed."""

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import asked
import pandas as pd
import pytest

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.exports import vouching
from hometrial.exports.deidentifying import Disguise
from hometrial.exports.source.tables import TABLES
from hometrial.models import DataLock, PairedDevice, WearableAccount
from hometrial.protocol.safety.details import Details
from hometrial.services.capturing import capture
from hometrial.services.locking import keeping, making
from hometrial.services.locking.folders import RELEASE_KEY
from hometrial.services.locking.wanted import new_lock, wanted
from hometrial.services.safety import reporting
from hometrial.services.scheduling import schedules
from hometrial.services.scheduling.schedules import Plan
from hometrial.services.streaming import writing

pytestmark = pytest.mark.long

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
SATURDAYS = {1: date(2016, 3, 26), 2: date(2016, 6, 4), 3: date(2016, 10, 29)}
"""Of three people the first of three days: clocks went forward, stayed, went back on the second."""


def _written() -> dict[str, str]:
    """Return the same heart and the same three nights, by the wall clock, of each person."""
    beats, asleep = ["Id,Time,Value"], ["Id,date,value,logId"]
    for who, saturday in SATURDAYS.items():
        for half_hour in range(3 * 48):
            day, minute = saturday + timedelta(days=half_hour // 48), 30 * (half_hour % 48)
            beats.append(
                f"{who},{_fitabase(day)} {_clock(minute)},{60 + half_hour % 48 + half_hour // 48}"
            )
        for night in (0, 1, 2):
            day = saturday + timedelta(days=night)
            asleep += [
                f"{who},{_fitabase(day)} {_clock(300 + minute)},1,{who}00{night}"
                for minute in range(60)
            ]
    return {
        "heartrate_seconds_merged.csv": "\n".join(beats) + "\n",
        "minuteSleep_merged.csv": "\n".join(asleep) + "\n",
    }


def _fitabase(day: date) -> str:
    return f"{day.month}/{day.day}/{day.year}"


def _clock(minute: int) -> str:
    hour = minute // 60
    return f"{hour % 12 or 12}:{minute % 60:02}:00 {'AM' if hour < 12 else 'PM'}"


@dataclass
class Place:
    """A study, its public lock and the lock's folder."""

    study: object
    lock: DataLock
    out: Path

    @property
    def database(self):
        return self.study.database

    def samples(self, stream: str) -> pd.DataFrame:
        """Return a stream's samples."""
        return pd.read_parquet(self.out / "samples" / stream)


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """Set the program's clock to a day on which everybody's records are old enough, as long as the tests last."""
    board = tmp_path_factory.mktemp("clock") / "board"

    def set_(moment):
        clock.turn(board, moment)
        clock.follow(board)

    yield set_
    clock.unfollow()


@pytest.fixture(scope="module")
def place(shared_study, tmp_path_factory, later) -> Place:
    folder = tmp_path_factory.mktemp("fitabase")
    for name, text in _written().items():
        (folder / name).write_text(text)
    shared_study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with shared_study.database.transaction("test", "people come") as session:
        today = clock.now().date()
        begun = ("consent", "run_in_start", "first_dose")
        person = asked.in_trial(session, "ldn-case-series", **dict.fromkeys(begun, today))
        known = Details(verbatim="vivid dreams", start="2026-03-01", severity="mild")
        reporting.report(session, person, known, reporting.Said("ann", "contact", "staff"))
        account = WearableAccount(
            participant_id=person.id,
            provider="fitbit",
            external_id="ACCOUNT-7",
            created_at=clock.now(),
        )
        session.add(account)
        session.flush()
        session.add(
            PairedDevice(
                account_id=account.id,
                key="SERIAL-7",
                model="Charge 6",
                kind="tracker",
                seen_at=clock.now(),
            )
        )
    new = new_lock("public", "final", "for all", wanted(("csv",), "public"))
    out = tmp_path_factory.mktemp("locks")
    with pytest.raises(
        ExportRefusedError, match=r"nobody is that so long ago; make the folder from"
    ):
        making.make(shared_study.database, new, out / "lock", "staff:dana")
    assert list(out.iterdir()) == []
    later(clock.now() + timedelta(weeks=27))
    lock = making.make(shared_study.database, new, out / "lock", "staff:dana")
    return Place(shared_study, lock, out / "lock")


def test_nothing_in_it_tells_a_pseudonym_a_day_or_a_word(place):
    assert vouching.verify(place.out).problems == ()
    everything = b"".join(
        path.relative_to(place.out).as_posix().encode() + path.read_bytes()
        for path in place.out.rglob("*")
        if path.is_file() and path.suffix != ".parquet"
    )
    samples = str(
        [pd.read_parquet(path).to_csv() for path in place.out.rglob("*.parquet")]
    ).encode()
    for told in (b"P-000", b"2026-03-01", b"2016-", b"vivid dreams", b"Berlin"):
        assert told not in everything, told
        assert told not in samples, told
    done = json.loads((place.out / "MANIFEST.json").read_text())["profile"]["done"]
    assert done["people whose records are not old enough"] == 0
    assert done["dates moved"] > 0


def test_it_tells_the_quarter_in_which_it_was_made_and_no_day(place):
    manifest = json.loads((place.out / "MANIFEST.json").read_text())
    made = place.lock.made_at
    assert (
        manifest["made_at"] == f"{made:%Y}-{made.month - (made.month - 1) % 3:02}-01T00:00:00+00:00"
    )
    assert manifest["cutoff"] == {"audit_entry": None}
    assert f"Times in the files  {manifest['made_at']}" in (place.out / "README.txt").read_text()
    told = {f"{made - timedelta(days=1):%Y-%m-%d}", f"{made:%Y-%m-%d}"} - {manifest["made_at"][:10]}
    for path in place.out.rglob("*"):
        if path.is_file():
            assert not [day for day in told if day.encode() in path.read_bytes()], path.name
    assert place.lock.facts["made_at"] == made.isoformat(), "the house keeps it to the second"


def test_no_day_of_it_is_that_of_the_making(place):
    made = place.lock.made_at.date()
    with place.database.reading() as session:
        source = keeping.source_of(session, place.lock)
    asked_of = source.rows("expected_form")
    assert "not_yet" in {row["state"] for row in asked_of}
    assert any(abs((row["day"] - made).days) < 4 for row in asked_of), (
        "the plan runs past the making"
    )
    disguise = Disguise.of(source, place.database.settings.key(RELEASE_KEY))
    back = {disguise.names[who]: by for who, by in disguise.shifts.items()}
    told = 0
    for path in sorted(place.out.rglob("*.csv")):
        for row in pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records"):
            for column, value in row.items():
                if DAY.match(value) and row.get("participant_id"):
                    lived = date.fromisoformat(value[:10]) - back[row["participant_id"]]
                    told += 1
                    assert lived < made - timedelta(days=6), (path.name, column, row)
    assert told > 0


def test_no_profile_lets_out_what_a_provider_calls_a_watch_or_an_account(place):
    with place.database.reading() as session:
        told = str([capture(session).table(each.name).to_pydict() for each in TABLES])
    assert "Charge 6" in told
    for name in ("SERIAL-7", "ACCOUNT-7"):
        assert name not in told, "what no source table holds no folder can tell"


def test_the_clock_of_its_samples_has_no_offset(place):
    beats = place.samples("heart_rate")
    assert (beats["at"].dt.tz_localize(None) == beats["local_at"]).all()


def test_the_sunday_on_which_clocks_changed_is_like_any_other(place):
    beats = place.samples("heart_rate")
    clocks = {
        who: list(zip(mine["local_at"].dt.strftime("%a %H:%M"), mine["value"], strict=True))
        for who, mine in beats.groupby("participant_id")
    }
    forward, stayed, back = clocks.values()
    assert forward == stayed == back
    told = [at for at, _ in stayed]
    assert "Sat 22:30" in told
    assert "Sun 04:00" in told
    assert not {f"Sun {hour:02}:30" for hour in range(4)} & set(told)


def test_of_sleep_no_night_to_a_sunday_is_told(place):
    nights, stages = place.samples("sleep_session"), place.samples("sleep_stage")
    days = pd.to_datetime(nights["local_day"]).dt.day_name()
    assert sorted(days) == ["Monday"] * 3 + ["Saturday"] * 3
    assert set(stages["session"]) == set(nights["session"])


def test_its_parts_end_with_the_months_that_it_shows(place):
    for path in (place.out / "samples").rglob("*.parquet"):
        table = pd.read_parquet(path)
        days = table["local_day"] if "local_day" in table else table["local_at"]
        month = path.parent.name.removeprefix("month=")
        assert set(pd.to_datetime(days).dt.strftime("%Y-%m")) == {month}


def test_it_is_rebuilt_to_the_byte_by_several_processes(place, tmp_path, monkeypatch):
    with place.database.reading() as session:
        source = keeping.source_of(session, place.lock)
    for path in (place.database.settings.home / "samples").glob("??/*.parquet"):
        path.unlink()
    monkeypatch.setattr(writing, "_WORTH_A_PROCESS", 2)
    monkeypatch.setattr(writing, "_AT_ONCE", 2)
    assert making.rebuild(place.database, place.lock, source, tmp_path / "again") == place.lock.root


def test_what_changed_since_the_lock_before_is_not_told(place, tmp_path):
    new = new_lock("next", "final", "for all", wanted(("csv",), "public"))
    making.make(place.database, new, tmp_path / "lock", "staff:dana")
    assert not list((tmp_path / "lock").glob("changes-since-*"))


def test_a_schedule_that_sends_what_came_since_is_refused_for_the_public(place):
    plan = Plan("02:30", "UTC", ("mon",), "/srv/out", None, is_incremental=True)
    with (
        place.database.reading() as session,
        pytest.raises(ExportRefusedError, match="make the schedule without --incremental"),
    ):
        schedules.add(session, "weekly", wanted(("csv",), "public"), plan, "staff:dana")
