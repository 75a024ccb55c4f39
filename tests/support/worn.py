"""A study whose wearable data came as real files do: an archive of two people, and a third one's linked account."""

import json
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import enrolled
import reads
from asked import SELF, STAFF

from hometrial import clock
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.events import Entry, Intake, Order, Source
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.safety.details import Details
from hometrial.services import consenting, enrolling
from hometrial.services.asking import opening, saving, submitting
from hometrial.services.asking.saving import Entry as AnswerEntry
from hometrial.services.dosing import storing
from hometrial.services.safety import reporting
from hometrial.services.trial import following, publishing
from hometrial_ingest.data_types import DataType
from hometrial_ingest.simulate import study as simulated
from hometrial_ingest.simulate.points import POINTS

FIRST, DAYS = date(2026, 3, 5), 4
EVENING = datetime(2026, 3, 12, 20, tzinfo=UTC)
SIGNED = datetime(2026, 3, 2, 9, tzinfo=UTC)
FULL = {
    "dose_taken": 1, "crash": 3, "new_problem": 0, "fatigue": 5, "pain": 5, "thinking": 4, "sleep": 6, "dreams": 1,
}  # fmt: skip
STREAMS = {
    "heart_rate": "heart-rate", "steps": "steps", "sleep": "sleep", "resting_heart_rate": "daily-resting-heart-rate",
}  # fmt: skip


@contextmanager
def told(folder):
    """Stop the program's clock; the context sets it."""
    board = folder / "board"

    def set_(moment):
        clock.turn(board, moment)
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


def live(study, set_clock):
    """Have P-0001 answer a diary each evening and correct one, fall ill, take doses and be visited."""
    with study.database.transaction("test", "the run-in begins") as session:
        person = enrolling.find_participant(session, "P-0001")
        following.anchor(session, person, "run_in_start", FIRST, because="test")
        following.anchor(session, person, "first_dose", FIRST + timedelta(1), because="test")
    for number in range(DAYS):
        day = FIRST + timedelta(number)
        set_clock(datetime(day.year, day.month, day.day, 19, tzinfo=UTC))
        with study.database.transaction("P-0001", "answers") as session:
            person = enrolling.find_participant(session, "P-0001")
            _diary(session, person, day, FULL | {"fatigue": number + 2}, SELF)
            mg = Decimal("0.5")
            at = clock.now().astimezone(ZoneInfo("Europe/Berlin"))
            if number == 0:
                order = Entry("1", "dr-ada", at, "as planned")
                dose = once("0.5", TimeOfDay.EVENING, "cap")
                session.add(storing.row_of(person.id, Order(order, Kind.START, day, dose, 1)))
            entry = Entry(str(number + 2), "P-0001", at, "as told")
            taken = Intake(entry, day, mg, "cap", Source.APP_TAP, TimeOfDay.EVENING, taken_at=at)
            session.add(storing.row_of(person.id, taken))
    set_clock(EVENING)
    with study.database.transaction("nurse-eve", "told by phone") as session:
        person = enrolling.find_participant(session, "P-0001")
        _diary(session, person, FIRST, {"pain": 9}, STAFF)
        said = reporting.Said(by="nurse-eve", source="contact", reporter="participant")
        for known in (
            Details(verbatim="headache after the rise", term="headache", start="2026-03-06", stop="2026-03-08", severity="moderate", grade=2, serious=()),
            Details(verbatim="vivid dreams", term="vivid_dreams", start="2026-03-07", severity="mild", grade=1, serious=()),
        ):  # fmt: skip
            reporting.report(session, person, known, said)


def _diary(session, person, day, said, manner):
    sitting = opening.open_form(session, person, "ldn_diary", f"ldn_diary@{day}", manner)
    for item, value in said.items():
        saving.save(session, person, sitting.id, AnswerEntry(item, value))
    submitting.submit(session, person, sitting.id)
