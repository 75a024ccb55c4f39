"""Data sets leave by themselves: to a folder, a real SFTP server and a real S3 server; whole or new, and nothing half there."""

import asyncio
import csv
import gc
import io
import json
import shutil
import socket
import threading
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import boto3
import pytest
import requests
from moto.server import ThreadedMotoServer

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.exports import vouching
from hometrial.services import enrolling
from hometrial.services.locking import settled
from hometrial.services.locking.wanted import wanted
from hometrial.services.scheduling import destinations, disk, running, schedules
from hometrial.services.scheduling.bucket import Bucket
from hometrial.services.scheduling.destinations import DestinationFailedError
from hometrial.services.scheduling.schedules import Plan

pytestmark = pytest.mark.long

# ruff: noqa: S106 - of servers that live as long as a test
BEATS = "Id,Time,Value\n" + "".join(
    f"{who},4/{day}/2016 7:{n:02}:05 AM,{60 + n}\n"
    for who in (1, 2)
    for day in (12, 13)
    for n in range(10)
)
PASSWORD = "correct horse"  # noqa: S105


@pytest.fixture
def place(study, fitabase):
    """A study of two people without a protocol."""
    folder = fitabase({"heartrate_seconds_merged.csv": BEATS})
    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    shutil.rmtree(study.database.settings.home / "schedules", ignore_errors=True)
    return study


def plan(to, **other):
    usual = {"at": "02:30", "zone": "UTC", "on": (), "destination": str(to), "credentials": None, "is_incremental": False}  # fmt: skip
    return Plan(**(usual | other))


def add(place, to, name="nightly", **other):
    with place.database.transaction("ann", "a schedule") as session:
        return schedules.add(session, name, wanted(("csv",)), plan(to, **other), "ann")


def secret(tmp_path, **told):
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps(told))
    path.chmod(0o600)
    return str(path)


def run(place, schedule):
    return running.run(place.database, schedule, clock.now())


def leave(place, code="P-0002"):
    with place.database.transaction("ann", "somebody leaves") as session:
        enrolling.find_participant(session, code).status = "withdrawn"


@pytest.mark.parametrize(
    "name", ["nächtlich", "a/../b", "-x", "", "x" * 41, "two words", "nightly\n"]
)
def test_a_name_that_cannot_begin_a_folders_name_is_refused_in_words(study, tmp_path, name):
    with pytest.raises(ExportRefusedError, match="will not do; up to 40 of letters"):
        add(study, tmp_path / "out", name)


# A folder


def test_a_run_makes_a_folder_that_vouches_for_itself(place, tmp_path):
    made = run(place, add(place, tmp_path / "out"))
    assert (made.state, made.error) == ("done", None)
    assert [each.name for each in (tmp_path / "out").iterdir()] == [made.folder]
    found = vouching.verify(tmp_path / "out" / made.folder)
    assert (found.problems, found.root) == ((), made.root)
    assert made.sent == made.files == found.files


def test_sending_data_sets_does_not_change_them(place, tmp_path):
    with place.database.reading() as session:
        before = settled.newest(session)
    schedule = add(place, tmp_path / "out")
    first = run(place, schedule)
    with place.database.reading() as session:
        assert settled.newest(session) == before
    assert first.root


def test_an_incremental_run_sends_what_is_new_and_tells_where_the_rest_lies(
    place, tmp_path, at_clock
):
    out, schedule = tmp_path / "out", add(place, tmp_path / "out", is_incremental=True)
    first = run(place, schedule)
    leave(place)
    at_clock(clock.now() + timedelta(days=1))
    second = run(place, schedule)
    assert (first.sent, second.state) == (first.files, "done"), second.error
    assert 0 < second.sent < second.files
    held = list(csv.DictReader(io.StringIO((out / second.folder / "HELD.csv").read_text())))
    assert {each["folder"] for each in held} == {first.folder, second.folder}
    manifest = json.loads((out / second.folder / "MANIFEST.json").read_text())
    assert {each["path"]: each["sha256"] for each in manifest["files"]} == {each["path"]: each["sha256"] for each in held}  # fmt: skip
    whole = (
        tmp_path / "whole"
    )  # what lies in several folders, put together, is the folder that was made
    for each in held:
        (whole / each["path"]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(out / each["folder"] / each["path"], whole / each["path"])
    for name in ("MANIFEST.json", "MANIFEST.sha256"):
        shutil.copy(out / second.folder / name, whole / name)
    assert vouching.verify(whole).problems == ()
    (changed,) = csv.DictReader(
        io.StringIO((out / second.folder / "changes-since.csv").read_text())
    )
    assert (changed["table"], changed["participant_id"], changed["variable"], changed["after"]) == ("participant", "P-0002", "status", "withdrawn")  # fmt: skip


def test_what_somebody_removed_at_the_destination_is_sent_anew(place, tmp_path, at_clock):
    schedule = add(place, tmp_path / "out", is_incremental=True)
    first = run(place, schedule)
    shutil.rmtree(tmp_path / "out" / first.folder)
    at_clock(clock.now() + timedelta(days=1))
    assert run(place, schedule).sent == first.files


def test_what_lay_in_a_folder_that_was_cleared_as_old_is_sent_anew(place, tmp_path, at_clock):
    schedule = add(place, tmp_path / "out", is_incremental=True)
    first = run(place, schedule)
    leave(place)
    at_clock(clock.now() + timedelta(days=1))
    second = run(place, schedule)
    shutil.rmtree(tmp_path / "out" / first.folder)
    at_clock(clock.now() + timedelta(days=1))
    third = run(place, schedule)
    assert third.sent == first.files - second.sent
    text = (tmp_path / "out" / third.folder / "HELD.csv").read_text()
    folders = {each["folder"] for each in csv.DictReader(io.StringIO(text))}
    assert folders == {second.folder, third.folder}


def test_what_was_never_sent_is_not_what_changes_are_told_from(place, tmp_path, monkeypatch, at_clock):  # fmt: skip
    schedule = add(place, tmp_path / "out", is_incremental=True)
    run(place, schedule)
    leave(place)
    at_clock(clock.now() + timedelta(days=1))

    def full(*_given):
        raise DestinationFailedError("the disk is full")

    monkeypatch.setattr(disk.Disk, "put", full)
    assert run(place, schedule).error == "the disk is full"
    monkeypatch.undo()
    at_clock(clock.now() + timedelta(days=1))
    text = (tmp_path / "out" / run(place, schedule).folder / "changes-since.csv").read_text()
    (changed,) = csv.DictReader(io.StringIO(text))
    assert (changed["participant_id"], changed["after"]) == ("P-0002", "withdrawn")


@pytest.mark.parametrize(("spoil", "words"), [(Path.unlink, "is gone"), (lambda path: path.write_bytes(b"x"), "visit was changed")])  # fmt: skip
def test_a_memory_that_is_not_what_was_kept_fails_the_run_and_says_how_to_go_on(place, tmp_path, at_clock, spoil, words):  # fmt: skip
    schedule = add(place, tmp_path / "out", is_incremental=True)
    run(place, schedule)
    home = place.database.settings.home / "schedules" / str(schedule.id)
    (kept,) = home.glob("source/*/visit.parquet")
    spoil(kept)
    at_clock(clock.now() + timedelta(days=1))
    made = run(place, schedule)
    assert made.state == "failed"
    assert words in made.error
    assert f"remove {home / 'sent'}, and the next run begins anew" in made.error


def test_a_run_that_was_killed_leaves_a_half_that_the_next_one_takes_away(place, tmp_path, monkeypatch, at_clock):  # fmt: skip
    schedule, put = add(place, tmp_path / "out"), []

    def killed(self, source, path):
        put.append(path)
        if len(put) > 2:
            raise KeyboardInterrupt
        real(self, source, path)

    real = disk.Disk.put
    monkeypatch.setattr(disk.Disk, "put", killed)
    with pytest.raises(KeyboardInterrupt):
        run(place, schedule)
    (half,) = (tmp_path / "out").iterdir()
    assert half.name.startswith(".")
    monkeypatch.undo()
    at_clock(clock.now() + timedelta(days=1))
    made = run(place, schedule)
    assert [each.name for each in (tmp_path / "out").iterdir()] == [made.folder]


def test_a_run_that_breaks_off_for_a_reason_nobody_foresaw_is_on_record(place, tmp_path, monkeypatch):  # fmt: skip
    schedule = add(place, tmp_path / "out")

    def broken(*_given):
        raise ZeroDivisionError

    monkeypatch.setattr(running.making, "draft", broken)
    with pytest.raises(ZeroDivisionError):
        run(place, schedule)
    with place.database.reading() as session:
        (made,) = schedules.runs(session, schedule)
    assert (made.state, made.root) == ("failed", None)
    assert "the log of the worker says why" in made.error


def test_of_two_runs_of_a_schedule_at_once_the_second_is_refused(place, tmp_path, monkeypatch):
    schedule, real, seconds = add(place, tmp_path / "out"), running.making.draft, []

    def meanwhile(*given):
        monkeypatch.undo()
        seconds.append(run(place, schedule))
        return real(*given)

    monkeypatch.setattr(running.making, "draft", meanwhile)
    first = run(place, schedule)
    assert (first.state, seconds[0].state) == ("done", "failed")
    assert seconds[0].error == "nightly is being run already; wait until that run is done"
    assert vouching.verify(tmp_path / "out" / first.folder).problems == ()


def test_a_disk_that_fails_mid_way_leaves_nothing_half_there_and_the_run_says_why(place, tmp_path, monkeypatch, at_clock):  # fmt: skip
    schedule, copied = add(place, tmp_path / "out"), []
    real = shutil.copyfile

    def failing(source, into):
        if "out" in Path(into).parts:
            copied.append(into)
        if len(copied) > 3:
            raise OSError(28, "No space left on device")
        return real(source, into)

    monkeypatch.setattr(disk.shutil, "copyfile", failing)
    made = run(place, schedule)
    assert (made.state, made.root) == ("failed", None)
    assert "No space left on device" in made.error
    assert list((tmp_path / "out").iterdir()) == []
    monkeypatch.undo()
    at_clock(clock.now() + timedelta(seconds=61))
    assert run(place, schedule).state == "done"


# When


@pytest.mark.parametrize(
    ("now", "zone", "on", "expected"),
    [
        ("2026-11-28T02:29", "UTC", (), "2026-11-27T02:30"),
        ("2026-11-28T02:30", "UTC", (), "2026-11-28T02:30"),
        ("2026-11-28T02:30", "Europe/Berlin", (), "2026-11-28T01:30"),
        ("2026-11-28T12:00", "UTC", ("mon", "thu"), "2026-11-26T02:30"),
        (
            "2026-03-29T12:00",
            "Europe/Berlin",
            (),
            "2026-03-29T01:30",
        ),  # 02:30 does not come that day
        (
            "2026-10-25T12:00",
            "Europe/Berlin",
            (),
            "2026-10-25T00:30",
        ),  # it comes twice; the first counts
    ],
)
def test_the_last_moment_is_told_by_time_of_day_weekday_and_zone(place, tmp_path, at_clock, now, zone, on, expected):  # fmt: skip
    at_clock(datetime(2026, 1, 1, tzinfo=UTC))
    made = add(place, tmp_path, zone=zone, on=on)
    found = schedules.last_moment(made, datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert f"{found:%Y-%m-%dT%H:%M}" == expected


def test_what_is_due_runs_once_and_what_failed_again_some_times(place, tmp_path, at_clock, monkeypatch):  # fmt: skip
    at_clock(datetime(2026, 11, 28, 2, 0, tzinfo=UTC))
    add(place, tmp_path / "out")
    assert running.run_due(place.database) == [], "not before its first time"
    at_clock(datetime(2026, 12, 1, 9, 0, tzinfo=UTC))
    assert [each.state for each in running.run_due(place.database)] == ["done"], (
        "missed ones are one"
    )
    assert running.run_due(place.database) == []
    monkeypatch.setattr(disk.Disk, "put", _refuse)
    states = []
    for minute in range(0, 60, 6):
        at_clock(datetime(2026, 12, 2, 3, minute, tzinfo=UTC))
        states += [each.state for each in running.run_due(place.database)]
    assert states == ["failed"] * 3


def _refuse(*_):
    raise DestinationFailedError("x: gone")


# What is refused


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"at": "2:3x"}, "at: "),
        ({"at": "02:30:15"}, "at: "),
        ({"zone": "Mars/North"}, "zone: "),
        ({"on": ("someday",)}, "on: "),
        ({"destination": "ftp://host/x"}, "to: ftp"),
        ({"destination": "sftp://me:secret@host/x"}, "holds no secret"),
        ({"destination": "sftp://host/x"}, "no user"),
        ({"destination": "out"}, "from the root on"),
        ({"destination": "s3:///x"}, "no bucket"),
        ({"credentials": "/nowhere.json"}, "credentials: "),
    ],
)
def test_a_schedule_that_will_not_do_is_refused_by_name(place, tmp_path, other, words):
    with pytest.raises(ExportRefusedError, match=words):
        add(place, tmp_path, **other)


def test_credentials_that_others_may_read_are_refused_and_none_is_kept_or_told(place, tmp_path):
    path = Path(secret(tmp_path, key="k", secret="s3cret"))
    path.chmod(0o640)
    with pytest.raises(ExportRefusedError, match="chmod 600"):
        add(place, "s3://bucket/x", credentials=str(path))
    path.chmod(0o600)
    add(place, "s3://bucket/x", credentials=str(path))
    assert place.one("SELECT count(*) FROM export_schedule t WHERE t::text LIKE '%s3cret%'") == 0
    assert place.one("SELECT count(*) FROM audit.entry e WHERE e::text LIKE '%s3cret%'") == 0


def test_a_schedule_that_was_ended_sends_nothing_and_its_name_is_free(place, tmp_path, at_clock):
    add(place, tmp_path / "out")
    with place.database.transaction("ann", "no more") as session:
        schedules.end(session, "nightly", "ann")
    at_clock(clock.now() + timedelta(days=2))
    assert running.run_due(place.database) == []
    add(place, tmp_path / "other")
    with pytest.raises(ExportRefusedError, match="a schedule already"):
        add(place, tmp_path / "other")


# A real SFTP server


class Files:
    """An SFTP server in a thread, which can hang up after some files."""

    def __init__(self, root):
        self.root, self.left = root, None
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(20)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _listen(self):
        files = self

        class Server(asyncssh.SSHServer):
            def begin_auth(self, _name):
                return True

            def password_auth_supported(self):
                return True

            def validate_password(self, name, password):
                return (name, password) == ("trial", PASSWORD)

        class Sftp(asyncssh.SFTPServer):
            def __init__(self, channel):
                super().__init__(channel, chroot=str(files.root))

            def open(self, path, pflags, attrs):
                if files.left is not None:
                    files.left -= 1
                    if files.left < 0:
                        self.channel.get_connection().abort()
                return super().open(path, pflags, attrs)

        return await asyncssh.listen(
            "127.0.0.1", 0, server_factory=Server, sftp_factory=Sftp, server_host_keys=[self.key]
        )

    @property
    def host_key(self):
        return self.key.export_public_key().decode().strip()

    def close(self):
        async def end():
            self.server.close()
            await self.server.wait_closed()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for each in others:
                each.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            await asyncio.sleep(0.1)  # for sockets of connections that were broken off

        asyncio.run_coroutine_threadsafe(end(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(20)
        self.loop.close()
        with warnings.catch_warnings(action="ignore"):
            gc.collect()  # what was broken off was not closed


@pytest.fixture
def files(tmp_path):
    (tmp_path / "root").mkdir()
    found = Files(tmp_path / "root")
    yield found
    found.close()


def to_sftp(place, files, tmp_path, **other):
    told = {"host_key": files.host_key, "password": PASSWORD} | other
    path = secret(tmp_path, **told)
    return add(place, f"sftp://trial@127.0.0.1:{files.port}/in/study", credentials=path)


def test_data_sets_come_whole_to_an_sftp_server(place, files, tmp_path):
    made = run(place, to_sftp(place, files, tmp_path))
    assert made.error is None
    there = files.root / "in/study"
    assert [each.name for each in there.iterdir()] == [made.folder]
    assert vouching.verify(there / made.folder).root == made.root


def test_a_connection_that_breaks_off_leaves_nothing_to_be_taken_for_a_folder(place, files, tmp_path, at_clock):  # fmt: skip
    schedule = to_sftp(place, files, tmp_path)
    files.left = 4
    made = run(place, schedule)
    assert made.state == "failed"
    assert made.error
    there = files.root / "in/study"
    assert [each.name for each in there.iterdir() if not each.name.startswith(".")] == []
    files.left = None
    at_clock(clock.now() + timedelta(seconds=61))
    again = run(place, schedule)
    assert again.error is None
    assert [each.name for each in there.iterdir()] == [again.folder], "the half is taken away"


def test_a_server_with_another_host_key_or_that_does_not_let_us_in_is_sent_nothing(place, files, tmp_path):  # fmt: skip
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    for wrong, words in (({"host_key": other}, "another host key"), ({"password": "x"}, "uthentication")):  # fmt: skip
        told = secret(tmp_path, **({"host_key": files.host_key, "password": PASSWORD} | wrong))
        with (
            pytest.raises(DestinationFailedError, match=words),
            destinations.opened(f"sftp://trial@127.0.0.1:{files.port}/x", told),
        ):
            pytest.fail("it was opened")
    assert list(files.root.iterdir()) == []


def test_a_server_that_is_not_there_fails_the_run_with_its_name(place, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    told = secret(tmp_path, host_key="ssh-ed25519 AAAA", password="x")
    made = run(place, add(place, f"sftp://trial@127.0.0.1:{port}/x", credentials=told))
    assert (made.state, f"127.0.0.1:{port}" in made.error) == ("failed", True)


def test_a_key_file_that_is_none_is_refused_by_name(place, files, tmp_path):
    key = tmp_path / "key"
    for text, words in (("no key at all\n", "cannot be used"), (None, "No such file")):
        key.unlink(missing_ok=True)
        if text is not None:
            key.write_text(text)
        told = secret(tmp_path, host_key=files.host_key, key_file=str(key))
        with (
            pytest.raises(
                ExportRefusedError, match=rf"key_file {key} cannot be used.*{words}|{words}"
            ),
            destinations.opened(f"sftp://trial@127.0.0.1:{files.port}/x", told),
        ):
            pytest.fail("it was opened")


# A real S3 server


@pytest.fixture
def bucket(tmp_path):
    """A server that speaks as S3 does, its client, and the file that opens it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    requests.post(f"{url}/moto-api/reset", timeout=10)  # what it holds belongs to the process
    client = boto3.client("s3", endpoint_url=url, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1")  # fmt: skip
    client.create_bucket(Bucket="trial")
    yield client, secret(tmp_path, key="k", secret="s", endpoint_url=url, region="us-east-1")
    client.close()
    server.stop()


def names(client):
    found = client.list_objects_v2(Bucket="trial").get("Contents", [])
    return sorted(each["Key"] for each in found)


def test_data_sets_come_whole_to_a_bucket_and_then_what_is_new(place, bucket, tmp_path, at_clock):
    client, told = bucket
    schedule = add(place, "s3://trial/study", credentials=told, is_incremental=True)
    first = run(place, schedule)
    assert first.error is None
    manifest = json.loads(client.get_object(Bucket="trial", Key=f"study/{first.folder}/MANIFEST.json")["Body"].read())  # fmt: skip
    listed = {f"study/{first.folder}/{each['path']}" for each in manifest["files"]}
    assert listed <= set(names(client))
    leave(place)
    at_clock(clock.now() + timedelta(days=1))
    second = run(place, schedule)
    assert second.error is None
    assert 0 < second.sent < second.files
    held = client.get_object(Bucket="trial", Key=f"study/{second.folder}/HELD.csv")["Body"].read()
    folders = {each["folder"] for each in csv.DictReader(io.StringIO(held.decode()))}
    assert folders == {first.folder, second.folder}


def test_a_bucket_that_fails_mid_way_has_no_manifest_and_nothing_else(place, bucket, monkeypatch):
    client, told = bucket
    schedule, real, put = add(place, "s3://trial/study", credentials=told), Bucket.put, []

    def failing(self, *given):
        put.append(given)
        if len(put) > 3:
            raise DestinationFailedError("the server hung up")
        real(self, *given)

    monkeypatch.setattr(Bucket, "put", failing)
    made = run(place, schedule)
    assert made.state == "failed"
    assert "hung up" in made.error
    assert len(put) == 4
    assert names(client) == []


def test_a_bucket_that_is_not_there_or_does_not_let_us_in_fails_the_run(place, bucket):
    _, told = bucket
    made = run(place, add(place, "s3://elsewhere/study", credentials=told))
    assert made.state == "failed"
    assert "NoSuchBucket" in made.error or "does not exist" in made.error


def test_what_a_bucket_does_not_let_us_remove_is_told(bucket):
    client, told = bucket
    client.put_object(Bucket="trial", Key="study/old/a.csv", Body=b"x")
    with destinations.opened("s3://trial/study", told) as server:
        server.client.meta.events.register(
            "after-call.s3.DeleteObjects",
            lambda parsed, **_: parsed.update(
                Errors=[{"Key": "a.csv", "Message": "Access Denied"}]
            ),
        )
        with pytest.raises(DestinationFailedError, match=r"a\.csv: not removed: Access Denied"):
            server.remove("old")
