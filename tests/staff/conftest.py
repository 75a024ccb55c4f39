"""A small study: two people by import, six with linked accounts, made once for all tests of the site."""

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import linked
import pytest
import signed_in
from flask import Flask
from flask.testing import FlaskClient

from hometrial.db import Database
from hometrial.services import importing, migrating
from hometrial.settings import Settings
from hometrial.staff import create_app

WORN, OTHER = "2022484408", "4020332650"
ZONE = "Europe/Berlin"


def _stamp(moment: datetime) -> str:
    return f"{moment.month}/{moment.day}/{moment.year} {moment:%I:%M:%S %p}"


def _heart_rates(person: str, day: datetime, *, hours: range) -> list[str]:
    chance = random.Random(f"{person}{day}")  # noqa: S311
    return [
        f"{person},{_stamp(day + timedelta(hours=hour, minutes=minute))},{60 + chance.randrange(30)}"
        for hour in hours
        for minute in range(60)
    ]


def write_archive(folder: Path) -> None:
    """Write heart rates and minute steps of three days about the clock change of 2026-10-25.

    One heart rate of 400 on 2026-10-24 at 12:00:30, and all of the hour that comes twice, fail the gate.
    """
    days = [datetime(2026, 10, number) for number in (24, 25, 26)]  # noqa: DTZ001
    lines = ["Id,Time,Value"]
    for day in days:
        lines += _heart_rates(WORN, day, hours=range(24))
    lines.append(f"{WORN},10/24/2026 12:00:30 PM,400")
    lines += _heart_rates(OTHER, days[0], hours=range(8, 14))
    (folder / "heartrate_seconds_merged.csv").write_text("\n".join(lines) + "\n")
    steps = ["Id,ActivityMinute,Steps"]
    steps += [
        f"{WORN},{_stamp(day + timedelta(minutes=minute))},{minute % 7}"
        for day in days
        for minute in range(600, 1200)
    ]
    (folder / "minuteStepsNarrow_merged.csv").write_text("\n".join(steps) + "\n")
    (folder / "minuteSleep_merged.csv").write_text(
        "Id,date,value,logId\n"
        + "".join(
            f"{WORN},{_stamp(days[2] + timedelta(minutes=n))},{1 + n // 200},77\n"
            for n in range(420)
        )
    )


@pytest.fixture(scope="session")
def database(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The study's database; tests that decide about rows each take rows of their own."""
    archive = tmp_path_factory.mktemp("fitabase")
    write_archive(archive)
    database = Database(Settings(home=home.with_name("staff"), actor="tests"))
    migrating.require_newest(database)
    options = importing.ImportOptions(create_participants=True, zone=ZONE)
    with database.transaction("tests", "make the study") as session:
        importing.import_archive(session, "fitabase", archive, options)
    with database.transaction("tests", "link accounts") as session:
        linked.sample_study(session)
    yield database
    database.close()


@pytest.fixture(scope="session")
def empty_database(home: Path) -> Iterator[Database]:
    """A study into which nothing was brought yet."""
    database = Database(Settings(home=home.with_name("empty"), actor="tests"))
    migrating.require_newest(database)
    yield database
    database.close()


@pytest.fixture(scope="session")
def app(database: Database) -> Flask:
    return create_app(database)


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    """A browser that has not logged in."""
    return app.test_client()


@pytest.fixture
def staff(app: Flask, database: Database) -> FlaskClient:
    """A browser of somebody with every role (but the safety board's) at every site."""
    return signed_in.client(app, database, "tests")


@pytest.fixture
def as_role(app: Flask, database: Database) -> Callable[..., FlaskClient]:
    """Make a browser of somebody with one role, at the study's first site."""

    def sign_in(role: str) -> FlaskClient:
        return signed_in.client(app, database, f"the-{role.replace('_', '-')}", (role,), ("S-01",))

    return sign_in
