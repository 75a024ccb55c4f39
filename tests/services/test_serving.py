"""Tidy tables for the read interface: the same as in a folder, made of some people at a time, kept, and told apart by content."""

import os
from datetime import timedelta

import pyarrow as pa
import pytest
from sqlalchemy import select

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.exports import deidentifying
from hometrial.exports.deidentifying import profile
from hometrial.exports.tidy.tables import TIDY
from hometrial.models import Site
from hometrial.services import capturing, enrolling
from hometrial.services.serving import gathering, ledger, snapshots
from hometrial.services.serving.kept import cut, ranges_of
from hometrial.services.serving.snapshots import SnapshotGoneError, Wanted

pytestmark = pytest.mark.long

BEATS = "Id,Time,Value\n" + "".join(
    f"{who},4/{day}/2016 7:{n:02}:05 AM,{60 + n + day}\n"
    for who in range(1, 8)
    for day in (12, 13, 14)
    for n in range(20)
)
STUDY, KEY = profile("study"), bytes(32)


@pytest.fixture
def place(study, fitabase):
    """A study of seven people with heart rates."""
    folder = fitabase({"heartrate_seconds_merged.csv": BEATS})
    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    for path in (study.database.settings.home / "api-cache").glob("*"):
        path.unlink()  # of other tests, which share the home
    return study


def wanted(place, name="participant_day", told=STUDY):
    with place.database.reading() as session:
        return Wanted(TIDY[name], told, frozenset(session.scalars(select(Site.id))))


def newest(place, name="participant_day"):
    return snapshots.newest(place.database, wanted(place, name))


def whole(kept):
    return pa.concat_tables(kept.tables([(0, kept.rows)]))


@pytest.mark.parametrize("at_once", [1, 3, 50])
def test_every_table_is_the_same_made_of_some_people_at_a_time_or_of_all(place, monkeypatch, at_once):  # fmt: skip
    monkeypatch.setattr(gathering, "AT_ONCE", at_once)
    with place.database.reading() as session:
        source = deidentifying.release(capturing.capture(session), STUDY, KEY).source
    for table in TIDY.values():
        with place.database.reading() as session:
            made = pa.concat_tables(gathering.gather(session, table, STUDY))
        assert made.equals(table.rows(source)), table.name
    assert made.num_rows


def test_no_more_source_tables_are_taken_than_a_table_reads(place, monkeypatch):
    taken = []
    for name, read in gathering.CAPTURES.items():
        monkeypatch.setitem(
            gathering.CAPTURES, name, lambda session, n=name, r=read: taken.append(n) or r(session)
        )
    newest(place, "gap")
    assert set(taken) == {"gap"}


def test_an_error_in_taking_a_table_is_no_empty_table(place, monkeypatch):
    def broken(_session):
        raise KeyError("nothing of the kind")

    monkeypatch.setitem(gathering.CAPTURES, "data_day", broken)
    with pytest.raises(KeyError, match="of the kind"):
        newest(place)


def test_a_snapshot_is_made_once_for_what_is_stored_and_anew_after_a_change(place):
    first = newest(place)
    assert newest(place).path == first.path
    with place.database.transaction("ann", "another status") as session:
        enrolling.find_participant(session, "P-0003").status = "withdrawn"
    second = newest(place)
    assert second.path != first.path
    assert whole(first).equals(whole(second)), "the days are what they were"
    assert second.digest == first.digest


def test_whose_rows_changed_since_a_version_is_told_by_their_content_and_nobody_else(place):
    before = newest(place, "participant")
    with place.database.transaction("ann", "another status") as session:
        enrolling.find_participant(session, "P-0003").status = "withdrawn"
    after = newest(place, "participant")
    assert [each.person for each in after.chosen(since=before.at)] == ["P-0003"]
    assert after.chosen(since=after.at) == []
    assert len(after.chosen(since=before.at - timedelta(days=1))) == 7


def test_who_has_no_rows_any_more_is_told_too():
    at = clock.now()
    book = ledger.Ledger(at, {"P-0001": ledger.Standing("x", at - timedelta(days=1))})
    book.end()
    assert book.now == {"P-0001": ledger.Standing("", at)}


def test_where_no_ledger_is_left_everybody_is_new(place):
    before = newest(place)
    at = before.at
    for path in before.path.parent.glob("*.json"):
        path.unlink()
    before.path.unlink()
    assert len(newest(place).chosen(since=at)) == 7


def test_pages_of_some_peoples_rows_put_together_are_their_rows(place):
    kept = newest(place)
    shares = kept.chosen(people={"P-0002", "P-0003", "P-0006"})
    ranges = ranges_of(shares)
    assert len(ranges) == 2, "neighbours are read together"
    pages = [pa.concat_tables(kept.tables(cut(ranges, start, 2))) for start in range(0, 10, 2) if cut(ranges, start, 2)]  # fmt: skip
    rows = pa.concat_tables(pages)
    assert rows["participant_id"].to_pylist() == ["P-0002"] * 3 + ["P-0003"] * 3 + ["P-0006"] * 3


def test_a_snapshot_of_other_sites_is_not_had_by_its_name(place):
    kept = newest(place)
    with pytest.raises(SnapshotGoneError, match="begin again"):
        snapshots.again(place.database, Wanted(TIDY["participant_day"], STUDY, frozenset()), kept.name)  # fmt: skip
    with pytest.raises(SnapshotGoneError):
        snapshots.again(place.database, wanted(place), "../keys/audit")


def test_a_snapshot_that_nobody_reads_goes_after_a_day(place):
    kept = newest(place)
    old = (clock.now() - timedelta(hours=25)).timestamp()
    os.utime(kept.path, (old, old))
    assert snapshots.expire(place.database.settings.home) == 1
    with pytest.raises(SnapshotGoneError, match="kept no longer"):
        snapshots.again(place.database, wanted(place), kept.name)


@pytest.mark.parametrize("days", [400, -400])
def test_a_rehearsal_whose_clock_is_not_the_machines_keeps_its_snapshots_for_a_day(place, at_clock, days):  # fmt: skip
    at_clock(clock.now() + timedelta(days=days))
    kept = newest(place)
    assert kept.path.exists()
    assert snapshots.expire(place.database.settings.home) == 0
    at_clock(clock.now() + timedelta(hours=25))
    assert snapshots.expire(place.database.settings.home) == 1


def test_a_profile_that_disguises_people_is_refused(place):
    with pytest.raises(ExportRefusedError, match="whole folders"):
        snapshots.newest(place.database, wanted(place, told=profile("public")))
    assert not list((place.database.settings.home / "api-cache").glob("*.part"))
