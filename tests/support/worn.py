"""A study whose wearable data came as real files do: an archive of two people, and a third one's linked account."""

import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import enrolled
import reads

from hometrial import clock
from hometrial.services import consenting, enrolling
from hometrial.services.trial import following, publishing
from hometrial_ingest.data_types import DataType
from hometrial_ingest.simulate import study as simulated
from hometrial_ingest.simulate.points import POINTS

FIRST, DAYS = date(2026, 3, 5), 5
EVENING = datetime(2026, 3, 12, 20, tzinfo=UTC)
SIGNED = datetime(2026, 3, 2, 9, tzinfo=UTC)
STREAMS = {
    "heart_rate": "heart-rate", "steps": "steps", "sleep": "sleep", "resting_heart_rate": "daily-resting-heart-rate",
}  # fmt: skip


@contextmanager
def told(folder):
    """Stop the program's clock; the context sets it."""
    board = folder / "board"

    def set_(moment):
        board.write_bytes(clock.microseconds(moment).to_bytes(8, "little", signed=True))
        clock.follow(board)

    try:
        yield set_
    finally:
        clock.unfollow()


def fill(study, folder, set_clock, seed=7):
    """Fill the study: P-0001 and P-0002 by a Fitabase archive with planted faults, P-0003 by a linked account."""
    made = simulated(seed, 3, DAYS, FIRST)
    set_clock(SIGNED)
    with study.database.transaction("test", "enrol") as session:
        version = publishing.in_force(session, "ldn-mecfs") or enrolled.published(session)
        for person in made.people[:2]:
            mine = _signed(session, version)
            enrolling.link_account(
                session, mine.id, provider="fitabase", external_id=str(person.fitabase_id)
            )
    set_clock(EVENING)
    archive = folder / "fitabase"
    archive.mkdir()
    simulated(seed, 2, DAYS, FIRST).write_fitabase(archive)
    study.take_in("fitabase", archive)
    linked = reads.link(study)
    set_clock(SIGNED)
    with study.database.transaction("test", "enrol") as session:
        mine = enrolling.find_participant(session, linked.code)
        following.move(session, mine, version)
        enrolled.consent(session, mine)
        following.anchor(session, mine, "consent", date(2026, 3, 2), because="signed")
    set_clock(EVENING)
    for stream, data_type in STREAMS.items():
        for number in range(DAYS):
            day = FIRST + timedelta(number)
            points = list(POINTS[data_type](made.day(made.people[2], day)))
            body = json.dumps({"dataPoints": points}).encode()
            reads.keep(study, linked, stream, [body], day, day)
    reads.absorb(study)
    return made


def _signed(session, version):
    person = enrolling.add_participant(session)
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    following.move(session, person, version)
    enrolled.consent(session, person)
    following.anchor(session, person, "consent", date(2026, 3, 2), because="signed")
    types = tuple(DataType)
    consenting.grant(session, person, types, since=SIGNED - timedelta(1), source="test")
    return person
