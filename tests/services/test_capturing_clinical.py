"""People, consent, visits, doses and health as they are taken out of the database for a lock."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import enrolled
import pytest
from dosed import DOCTOR, NURSE, why
from sqlalchemy import event, select

from hometrial import clock
from hometrial.errors import ExportRefusedError, ZoneNeededError
from hometrial.exports.source.tables import TABLES
from hometrial.models import Participant, ToldHistory
from hometrial.protocol import loading
from hometrial.protocol.dosing.amounts import once
from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.history import Effect, History, OtherTreatment
from hometrial.protocol.dosing.history import Told as Change
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.dosing.supply import Move
from hometrial.protocol.safety.details import Details
from hometrial.services import capturing, consenting, enrolling
from hometrial.services.agreeing import leaving, standing
from hometrial.services.capturing.partial import partial
from hometrial.services.capturing.registry import CAPTURES
from hometrial.services.dosing import (
    medicating,
    ordering,
    registering,
    remembering,
    reporting,
    storing,
    supplying,
    telling,
)
from hometrial.services.dosing.registering import NewLot, NewProduct
from hometrial.services.dosing.supplying import Moved, Shipped
from hometrial.services.safety import coding, deviating, events
from hometrial.services.safety import reporting as safety
from hometrial.services.safety.deviating import Departure
from hometrial.services.trial import (
    allocating,
    answering,
    calendars,
    following,
    laboratory,
    schemes,
    screening,
    visiting,
)
from hometrial.services.trial.sampling import Result
from hometrial.services.trial.visiting import Held
from hometrial_ingest.data_types import DataType

KEY = b"k" * 32
NOON = datetime(2026, 4, 10, 10, tzinfo=UTC)
"""In Berlin; in New York it is 6 in the morning."""
ADA, BOB, CARL = "P-0001", "P-0002", "P-0003"
CODED = (
    "participant,number,version,llt_code,pt_code,pt_name,soc_name,meddra_version\n"
    "P-0001,1,2,111,222,Headache,Nervous system disorders,29.0\n"
)
ALT = {"form": "labs", "analyte": "alt", "unit": "U/L", "laboratory": "Central", "upper_limit": 40}


def at(month, day, hour=9, minute=0):
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """Set the program's clock for this module."""
    file = tmp_path_factory.mktemp("clock") / "board"

    def set_(moment):
        clock.turn(file, moment)
        clock.follow(file)

    yield set_
    clock.unfollow()


@pytest.fixture(scope="module")
def lived(shared_study, board):
    """Six weeks of three people, one of a rehearsal, one who never came; it is noon of 10 April in Berlin."""
    with shared_study.database.transaction("test", "six weeks") as session:
        board(at(3, 2))
        version = enrolled.published(session)
        ada, bob, carl = _enter(session, version)
        _beside(session)
        _run_in(session, ada)
        board(at(3, 30))
        _allocate(session, version, ada, carl)
        _visits(session, ada)
        _doses(session, board, ada)
        _health(session, ada)
        _end(session, board, carl)
        _leave(session, board, ada, carl)
        assert [ada.code, bob.code, carl.code] == [ADA, BOB, CARL]
    board(NOON)
    return shared_study


def _enter(session, version):
    ada = enrolled.eligible(session, version)
    opened = screening.open_screening(session, version, by="ann")
    bob = session.get_one(Participant, opened.participant_id)
    answering.answer(session, opened, {"age": 41}, answering.Told("ann"))
    wrong = answering.Told("ann", because="a slip of the pen")
    answering.answer(session, opened, {"age": 17, "pregnant": None}, wrong)
    screening.decide(session, opened, by="ann")
    carl = enrolled.eligible(session, version)
    for person in (ada, bob, carl):
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    enrolling.set_zone(session, ada, "America/New_York", valid_from=at(4, 9), source="moved")
    consenting.grant(session, ada, [DataType.STEPS], since=at(3, 2), source="form")
    consenting.withdraw(session, ada, [DataType.STEPS], since=at(3, 20), keep_late=True, source="x")
    return ada, bob, carl


def _beside(session):
    """Somebody of a rehearsal, and somebody who never signed nor was screened."""
    rehearsed = enrolled.published(session, is_test=True)
    other = enrolled.eligible(session, rehearsed)
    enrolling.set_zone(session, other, "Europe/Berlin", source="test")
    enrolling.add_participant(session)


def _run_in(session, ada):
    following.anchor(session, ada, "run_in_start", date(2026, 3, 15), because="begun")
    following.anchor(session, ada, "run_in_start", date(2026, 3, 16), because="a day later")


def _allocate(session, version, ada, carl):
    schemes.open_scheme(session, KEY, version, by="ann")
    for person in (ada, carl):
        allocating.allocate(session, KEY, person, by="ann")
    allocating.mark_in_error(session, carl, by="ann", because="was in another trial")


def _visits(session, ada):
    visiting.hold(session, ada, "V1", Held(date(2026, 3, 29), "phone", "ann"))
    again = Held(date(2026, 3, 28), "phone", "ann", because="it was the Saturday")
    visiting.hold(session, ada, "V1", again)
    visiting.hold(session, ada, "U", Held(date(2026, 3, 30), "video", "ann"))


def _doses(session, board, ada):
    board(at(3, 31))
    product = registering.add_product(
        session, NewProduct("ldn-mecfs", "liq", Decimal("1.0"), "naltrexone", ()), by="ph"
    )
    lot = NewLot("B1", "pharmacy", date(2026, 1, 1), date(2026, 9, 1))
    bottle = registering.add_lot(session, product, lot, by="ph")
    supplying.receive(session, bottle, Shipped("S-01", Decimal(100), date(2026, 3, 1)), by="ph")
    supplying.move(session, bottle, Moved(Move.DISPENSED, Decimal(30), "S-01", ada), by="ph")
    ordering.start(session, ada, DOCTOR, formulation="liq")
    for day in (31, 32, 33, 34):
        board(at(3, 1, 19) + timedelta(day - 1))
        telling.taken(session, ada, NURSE)
    half = telling.Told(mg=Decimal("0.25"))
    telling.corrected(session, ada, why("half was spilt", corrects=4), half)
    ordering.void(session, ada, why("told for another", corrects=5))
    board(at(4, 4, 19))
    telling.missed(session, ada, NURSE, Reason.FORGOT)
    board(at(4, 8, 17))
    telling.interrupted(session, ada, NURSE, Reason.RAN_OUT, date(2026, 4, 5))
    telling.resumed(session, ada, NURSE, date(2026, 4, 8), called=True)
    telling.taken(session, ada, NURSE)
    step = Change("one", Kind.START, CoarseDate.of("2020-05"), once("1.5"), "ran out of it")
    oil = OtherTreatment(
        "CBD oil", CoarseDate.of("2024-03"), CoarseDate.of("2025-01/2025-04"), "cost"
    )
    first = History(CoarseDate.of("2026-04-08"), (), (), (oil,))
    remembering.tell(session, ada, why("at the call"), first)
    whole = replace(first, told=(step,), effects=(Effect("dreams", "one"),))
    remembering.tell(session, ada, why("remembered more"), whole)


def _health(session, ada):
    medicating.add(session, ada, NURSE, medicating.Told("paracetamol", began="2026-03"))
    ended = medicating.Told("paracetamol", dose="500 mg", began="2026-03", ended="2026-03-20")
    medicating.add(session, ada, why("it is over", corrects=1), ended)
    medicating.add(session, ada, NURSE, medicating.Told("ibuprofen"))
    medicating.void(session, ada, why("another person's", corrects=3))
    safety.record_baseline(session, ada, "headache", 1, by="ann", because="run-in")
    safety.record_baseline(session, ada, "headache", 2, by="ann", because="worse than told")
    told = safety.Said(ADA, "participant", "participant", clock.now() - timedelta(hours=3))
    for words in (Details(verbatim="head bursts", start="2026-04"), Details(verbatim="dreams")):
        safety.report(session, ada, words, told)
    first, _ = (each.event for each in events.states(session, person=ada))
    said = safety.Said("ann", "contact", "staff", clock.now())
    exact = {"start": "2026-04-01", "start_time": "21:30", "grade": 2, "term": "headache", "serious": ()}  # fmt: skip
    safety.amend(session, first, exact, said, because="asked")
    coding.import_codings(session, CODED, "coded.csv", by="coder")
    result = Result(**{**ALT, "upper_limit": Decimal(40)}, sampled_at=at(3, 20), value=Decimal(31))
    row = laboratory.record(session, ada, result, by="ann").row
    right = Result(**{**ALT, "upper_limit": Decimal(40)}, sampled_at=at(3, 20), below=Decimal("13.5"))  # fmt: skip
    laboratory.correct(session, ada, row.id, right, because="mistyped", by="ann")
    late = Departure(
        category="visit_window", impact="minor", happened_on=date(2026, 4, 1),
        found_on=date(2026, 4, 2), description="too late",
    )  # fmt: skip
    deviating.record(session, ada, late, by="ann")
    deviating.amend(session, ada, 1, {"impact": "important"}, by="bob", because="weighed again")


def _end(session, board, carl):
    """He begins, takes two doses, and stops for good from 5 April on."""
    board(at(3, 31))
    ordering.start(session, carl, DOCTOR, formulation="liq")
    for day in (31, 32):
        board(at(3, 1, 19) + timedelta(day - 1))
        telling.taken(session, carl, NURSE)
    board(at(4, 5))
    ordering.take_away(session, carl, DOCTOR, Kind.END)


def _leave(session, board, ada, carl):
    board(at(4, 9, 15))
    said = leaving.Said(ADA)
    leaving.choose(session, {}, ada, "stop_diaries", said=said)
    leaving.take_back(session, ada, "stop_diaries", said=said)
    leaving.choose(session, {}, ada, "delete_raw_data", said=leaving.Said(ADA, reason="I fear"))
    leaving.choose(session, {}, carl, "stop_contact", said=leaving.Said(CARL))


@pytest.fixture(scope="module")
def source(lived):
    with lived.database.reading() as session:
        return capturing.capture(session)


@pytest.fixture
def session(lived):
    with lived.database.reading() as opened:
        yield opened


@pytest.fixture
def moved(board):
    """Set the clock for a test; afterwards it is noon again."""
    yield board
    board(NOON)


@pytest.fixture
def ada(session):
    return enrolling.find_participant(session, ADA)


def of(source, table, person=ADA):
    return source.by_person(table).get(person, [])


def ids(rows):
    return sorted(str(each.id) for each in rows)


def test_every_source_table_is_taken_out_of_the_database():
    assert sorted(CAPTURES) == sorted(each.name for each in TABLES)


def test_a_capture_is_of_one_snapshot_or_refused(lived):
    with (
        lived.database.transaction("test", "reads") as session,
        pytest.raises(ExportRefusedError, match="one snapshot"),
    ):
        capturing.capture(session)


def test_nobody_of_a_rehearsal_and_nobody_who_never_came_is_in_any_table(source):
    assert source.people == [ADA, BOB, CARL]
    for table in TABLES:
        if "participant" in table.schema.names:
            people = {row["participant"] for row in source.rows(table.name)}
            assert people <= {ADA, BOB, CARL, None}, table.name
    assert [row["in_force"] for row in source.rows("protocol_version")] == [True]
    assert source.protocol.id == "ldn-mecfs"


def test_ids_are_unique_and_everything_is_the_same_taken_twice(lived, source):
    with lived.database.reading() as session:
        again = capturing.capture(session)
    for table in TABLES:
        named = [row["id"] for row in source.rows(table.name)]
        assert len(set(named)) == len(named), table.name
        assert None not in named
        assert again.table(table.name).equals(source.table(table.name)), table.name


def test_a_clock_is_that_on_the_persons_wall_with_its_offset(source):
    (grant, stop) = sorted(of(source, "consent_event"), key=lambda row: row["decision"])
    assert (grant["effective"], stop["effective"]) == (
        "2026-03-02T10:00:00+01:00",
        "2026-03-20T10:00:00+01:00",
    )
    (choice,) = of(source, "withdrawal")
    assert choice["decided"] == "2026-04-09T11:00:00-04:00"
    doses = sorted(row["at"] for row in of(source, "intake") if row["at"])
    assert doses[0] == "2026-03-31T21:00:00+02:00"


def test_a_choice_that_was_taken_back_and_an_allocation_in_error_are_gone(source, session, ada):
    in_force = standing.in_force(session, ada)
    assert [row["id"] for row in of(source, "withdrawal")] == ids(in_force)
    assert [row["choice"] for row in of(source, "withdrawal")] == ["delete_raw_data"]
    assert of(source, "withdrawal")[0]["reason"] == "I fear"
    (drawn,) = source.rows("allocation")
    assert (drawn["participant"], drawn["arm"]) == (ADA, allocating.arm_of(session, ada))


def test_the_answer_that_holds_is_the_last_one_and_unknown_is_no_value(source, session):
    bob = enrolling.find_participant(session, BOB)
    known = answering.known(session, screening.of_person(session, bob))
    assert sorted(row["variable"] for row in of(source, "screening_answer", BOB)) == sorted(known)
    answers = {row["variable"]: row for row in of(source, "screening_answer", BOB)}
    assert (answers["age"]["value"], answers["age"]["number"]) == ("17", 17.0)
    assert (answers["age"]["type"], answers["age"]["source"]) == ("number", "staff")
    assert (answers["pregnant"]["value"], answers["pregnant"]["type"]) == (None, "yes_no")
    (screened,) = of(source, "screening", BOB)
    assert (screened["outcome"], screened["because"]) == ("screen_failure", None)
    assert screened["failing"].split("; ")[0] == "I1"  # 18 to 70 years
    wearing = next(r for r in of(source, "screening_answer") if r["variable"] == "wear_ok")
    assert (wearing["value"], wearing["number"]) == ("true", None)


def test_anchors_and_epochs_are_those_that_stand(source, session, ada):
    days = {row["anchor"]: row["day"] for row in of(source, "anchor")}
    assert days == following.anchors(session, ada)
    assert days["run_in_start"] == date(2026, 3, 16)
    spent = sorted(of(source, "epoch"), key=lambda row: row["number"])
    assert [(row["epoch"], row["first"]) for row in spent[:2]] == [
        ("screen", date(2026, 3, 2)),
        ("run_in", date(2026, 3, 16)),
    ]
    assert (spent[-1]["epoch"], spent[-1]["last"]) == ("titrate", None)
    assert of(source, "epoch", BOB) == []


def test_visits_are_those_of_the_agenda_and_those_held_besides(source, session):
    agenda = calendars.agenda_of_all(session)
    planned = {(line.code, line.due.visit, line.due.number): line for line in agenda.lines}
    found = {(r["participant"], r["visit"], r["number"]): r for r in source.rows("visit")}
    assert found.keys() - planned.keys() == {(ADA, "U", 1)}
    assert planned.keys() <= found.keys()
    for key, line in planned.items():
        row = found[key]
        assert (row["outcome"], row["due"]) == (line.status.value, line.due.due)
        assert (row["first"], row["last"]) == (line.due.window.first, line.due.window.last)
    held = found[ADA, "V1", 1]
    assert (held["day"], held["mode"], held["days_outside"]) == (date(2026, 3, 28), "phone", 0)
    assert found[ADA, "W4", 1]["id"] == "P-0001/W4/1"
    assert found[ADA, "W4", 1]["outcome"] == "upcoming"
    assert found[CARL, "W4", 1]["outcome"] == "stopped"
    assert (found[ADA, "U", 1]["outcome"], found[ADA, "U", 1]["due"]) == ("held", None)


def test_a_deviation_is_as_its_newest_version_tells_it(source):
    (row,) = source.rows("deviation")
    assert (row["number"], row["impact"], row["closed"]) == (1, "important", False)
    assert (row["happened"], row["found"]) == (date(2026, 4, 1), date(2026, 4, 2))


def test_orders_and_doses_are_those_that_stand(source, session, ada):
    course = storing.course_of(session, ada)
    rows = {row["number"]: row for row in of(source, "intake")}
    assert sorted(rows) == sorted(int(each.entry.id) for each in course.intakes)
    assert {2, 3} <= rows.keys()
    assert not {4, 5} & rows.keys()  # corrected, and void
    half = next(row for row in rows.values() if row["day"] == date(2026, 4, 2))
    assert (half["mg"], half["ml"], half["taken"]) == (0.25, 0.25, True)
    forgotten = next(row for row in rows.values() if row["day"] == date(2026, 4, 4))
    assert (forgotten["mg"], forgotten["taken"], forgotten["reason"]) == (0.0, False, "forgot")
    (order,) = of(source, "dose_order")
    assert (order["kind"], order["mg"], order["step"], order["times_a_day"]) == ("start", 0.5, 1, 1)
    assert (order["route"], order["formulation"], order["actor"]) == ("oral", "liq", "staff")
    (gap,) = of(source, "interruption")
    assert (gap["first"], gap["last"]) == (date(2026, 4, 5), date(2026, 4, 7))
    assert gap["reason"] == "ran_out"


def test_a_dose_day_is_what_the_dose_report_says_of_it(source, session, ada):
    told = reporting.report(session, ada)
    rows = sorted(of(source, "dose_day"), key=lambda row: row["day"])
    assert (rows[0]["day"], rows[-1]["day"]) == (told.first, told.last)
    assert [
        (row["day"], row["mg_planned"], row["mg_least"], row["mg_most"], row["status"])
        for row in rows
    ] == [
        (each.on, float(each.planned), float(each.least), float(each.most), each.status.value)
        for each in told.days
    ]
    by_day = {row["day"].day: row for row in rows if row["day"].month == 4}
    assert [by_day[n]["status"] for n in (1, 2, 3, 4, 5, 8, 9)] == [
        "taken", "missed", "unknown", "missed", "missed", "taken", "unknown",
    ]  # fmt: skip
    assert (by_day[4]["reason"], by_day[5]["reason"], by_day[3]["reason"]) == (
        "forgot",
        "ran_out",
        None,
    )
    assert by_day[9]["id"] == "P-0001/2026-04-09"


def test_days_of_a_drug_that_is_over_end_on_the_day_before(source):
    rows = sorted(of(source, "dose_day", CARL), key=lambda row: row["day"])
    assert (rows[0]["day"], rows[-1]["day"]) == (date(2026, 3, 31), date(2026, 4, 4))
    assert [row["status"] for row in rows] == ["taken", "taken", "unknown", "unknown", "unknown"]
    orders = sorted(of(source, "dose_order", CARL), key=lambda row: row["day"])
    assert [(row["kind"], row["mg"]) for row in orders] == [("start", 0.5), ("stop for good", None)]


def test_the_day_that_goes_on_counts_once_something_is_told_of_it(lived, moved):
    last = []
    for moment in (at(4, 8, 18), at(4, 9, 18), at(4, 10, 10)):
        moved(moment)
        with lived.database.reading() as session:
            rows = [row for row in CAPTURES["dose_day"](session) if row["participant"] == ADA]
            last.append(max(row["day"] for row in rows).day)
    assert last == [8, 8, 9]


def test_units_that_went_to_a_person_are_there_with_lot_and_strength(source):
    (row,) = source.rows("supply")
    assert (row["participant"], row["move"], row["units"]) == (ADA, "dispensed", 30.0)
    assert (row["lot"], row["formulation"], row["strength_mg"]) == ("B1", "liq", 1.0)


def test_the_time_before_is_told_by_the_newest_telling_as_coarsely_as_it_was(source, session):
    dose, other = sorted(source.rows("treatment_told"), key=lambda row: row["kind"] == "other")
    newest = session.scalar(select(ToldHistory.id).where(ToldHistory.number == 2))
    assert (dose["id"], other["id"]) == (f"{newest}/one", f"{newest}/other/1")
    assert (dose["kind"], dose["mg"], dose["first"]) == ("start", 1.5, "2020-05")
    assert dose["outcome"] == "ran out of it; dreams"
    assert (other["kind"], other["name"], other["outcome"]) == ("other", "CBD oil", "cost")
    assert (other["first"], other["last"]) == ("2024-03", "2025")


def test_medicines_and_results_are_those_that_stand(source, session, ada):
    assert [row["id"] for row in of(source, "medication")] == ids(
        medicating.medications(session, ada)
    )
    (medicine,) = of(source, "medication")
    assert (medicine["began"], medicine["ended"], medicine["ongoing"]) == (
        "2026-03",
        "2026-03-20",
        False,
    )
    assert [row["id"] for row in of(source, "laboratory")] == ids(laboratory.results(session, ada))
    (result,) = of(source, "laboratory")
    assert (result["value"], result["below"], result["upper_limit"]) == (None, 13.5, 40.0)
    assert result["sampled"] == "2026-03-20T10:00:00+01:00"


def test_an_event_is_its_newest_version_with_the_coders_words(source, session, ada):
    states = {str(each.event.id): each for each in events.states(session, person=ada)}
    rows = {row["id"]: row for row in of(source, "adverse_event")}
    assert rows.keys() == states.keys()
    first, second = sorted(rows.values(), key=lambda row: row["number"])
    assert (first["version"], first["start"], first["grade"]) == (2, "2026-04-01T21:30", 2)
    assert (first["serious"], second["serious"]) == ("", None)  # judged as not, and not judged
    assert (first["pt_name"], first["soc_name"]) == ("Headache", "Nervous system disorders")
    assert (second["verbatim"], second["pt_code"]) == ("dreams", None)


def test_an_event_that_was_amended_says_still_when_it_was_first_learned_of(source, session, ada):
    [state] = [each for each in events.states(session, person=ada) if len(each.versions) > 1]
    told, amended = (each.learned_at for each in state.versions)
    [row] = [row for row in of(source, "adverse_event") if row["id"] == str(state.event.id)]
    assert told < amended
    assert datetime.fromisoformat(row["learned"]) == told


def test_the_newest_word_on_a_symptom_before_the_drug_holds(source, session, ada):
    rows = of(source, "baseline_symptom")
    assert {row["term"]: row["grade"] for row in rows} == events.baseline(session, ada)
    assert [row["grade"] for row in rows] == [2]


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (None, None),
        ("2010", "2010"),
        ("2010-07-03", "2010-07-03"),
        ("2010/2012-05", None),
        ("2010-03/2010-05", "2010"),
        ("2010/2010-05", "2010"),
        ("2010-03-01/2010-03-09", "2010-03"),
    ],
)
def test_a_date_between_two_is_as_far_as_both_agree(told, known):
    assert partial(told) == known
    assert partial(told and CoarseDate.of(told)) == known


def test_everybody_without_a_zone_is_named_at_once(study):
    with study.database.transaction("test", "two people") as session:
        version = enrolled.published(session)
        for _ in range(2):
            screening.open_screening(session, version, by="ann")
    with (
        study.database.reading() as session,
        pytest.raises(ZoneNeededError, match=r"P-0001 .*hometrial participant zone.*P-0002"),
    ):
        capturing.capture(session)


def test_two_protocols_in_force_are_no_one_trial(study):
    with study.database.transaction("test", "two trials") as session:
        for name in ("ldn-mecfs", "ldn-ms"):
            enrolled.published(session, loading.shipped_text(name))
    with (
        study.database.reading() as session,
        pytest.raises(ExportRefusedError, match="ldn-mecfs, ldn-ms are in force together"),
    ):
        capturing.capture(session)


OF_EACH = {"epoch", "visit", "expected_form"}
"""Tables whose services ask once for each person who is not allocated: for their arm."""
MINE = [
    "protocol_version", "instrument", "site", "participant", "participation", "anchor", "epoch", "screening",
    "screening_answer", "consent_signature", "consent_event", "withdrawal", "allocation", "visit", "deviation",
    "dose_order", "intake", "interruption", "dose_day", "supply", "treatment_told", "medication",
    "adverse_event", "baseline_symptom", "laboratory", "expected_form", "data_day",
]  # fmt: skip


def asked(database, name):
    """Return how many queries a table takes."""
    seen = []

    def note(*arguments):
        seen.append(arguments[2])

    with database.reading() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        try:
            list(CAPTURES[name](session))
        finally:
            event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)


def test_queries_do_not_grow_with_the_people(study, moved):
    moved(at(3, 2))
    with study.database.transaction("test", "one person") as session:
        version = enrolled.published(session)
    counts = []
    for _ in range(2):
        with study.database.transaction("test", "people") as session:
            for _ in range(3):
                person = enrolled.eligible(session, version)
                enrolling.set_zone(session, person, "Europe/Berlin", source="test")
                medicating.add(session, person, NURSE, medicating.Told("paracetamol"))
                safety.record_baseline(session, person, "headache", 1, by="a", because="b")
        counts.append({name: asked(study.database, name) for name in MINE})
    grown = {name for name in MINE if counts[1][name] > counts[0][name]}
    assert grown <= OF_EACH
    assert all(count <= 12 for name, count in counts[0].items() if name not in OF_EACH)
    for name in OF_EACH:
        assert counts[1][name] - counts[0][name] <= 3, "no more than one for each of three people"
