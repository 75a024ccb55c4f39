"""The demo's watches begin on the day of the consent where the person lives, at whatever hour the demo is made."""

import csv
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from hometrial.cli.stage import watches
from hometrial.cli.stage.cast import cast
from hometrial.cli.stage.playing import Stage


@pytest.mark.parametrize("hour", [12, 23])
def test_nothing_is_worn_before_the_consent_when_the_day_there_is_another_than_in_utc(
    tmp_path, hour
):
    stage = SimpleNamespace(today=datetime(2026, 11, 28, hour, 30, tzinfo=UTC))
    part = next(each for each in cast() if watches.wears(each) and each.zone == "Europe/Berlin" and each.signed == 3)  # fmt: skip
    study = watches.study_until(stage, part.number)
    watches.write(stage, [SimpleNamespace(part=part)], study, tmp_path)
    signed = stage_day(stage, part)
    with (tmp_path / "heartrate_seconds_merged.csv").open() as lines:
        days = [
            datetime.strptime(line["Time"].split()[0], "%m/%d/%Y").date()  # noqa: DTZ007 - a wall clock
            for line in csv.DictReader(lines)
        ]
    assert min(days) == signed


def stage_day(stage, part):
    """Return the day of the consent as the demo plays it."""
    return Stage(None, None, stage.today).ago(part.signed, part.zone).date()
