"""The bytes of a file are kept as they came and given back the same."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from hometrial.models import Payload
from hometrial.services import receiving
from hometrial_ingest.archive import MemoryFile

PART = receiving.PART_BYTES


def kept(study, data):
    file = MemoryFile("file.csv", data)
    with study.database.transaction("test") as session:
        sha256 = receiving.sha256_of(file)
        payload = receiving.keep(session, file, provider="fitabase", sha256=sha256)
        found = receiving.read(session, payload).read()
        session.rollback()
        return sha256, found


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(min_size=1))
def test_any_bytes_come_back_as_they_were(study, data):
    assert kept(study, data) == (hashlib.sha256(data).hexdigest(), data)


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 2 * PART])
def test_a_file_of_several_parts_comes_back_whole(study, size):
    data = bytes(range(251)) * (size // 251) + b"x" * (size % 251)

    assert kept(study, data)[1] == data


def test_a_refused_file_can_be_had_back_as_it_was(study, fitabase):
    lines = [f"9,4/12/2016 7:{n:02}:00 AM,999" for n in range(40)]
    content = "\r\n".join(["Id,Time,Value", *lines, ""])
    folder = fitabase({})
    (folder / "heartrate_seconds_merged.csv").write_bytes(content.encode())
    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")

    with study.database.reading() as session:
        payload = session.scalars(select(Payload)).one()
        assert receiving.read(session, payload).read() == content.encode()


def test_the_same_bytes_are_found_again_by_provider(study):
    file = MemoryFile("a.csv", b"Id,Time,Value\n")
    with study.database.transaction("test") as session:
        sha256 = receiving.sha256_of(file)
        payload = receiving.keep(session, file, provider="fitabase", sha256=sha256)

        assert receiving.find(session, "fitabase", sha256) is payload
        assert receiving.find(session, "omh", sha256) is None
