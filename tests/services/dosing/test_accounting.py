"""Every unit of the drug is somewhere: received, dispensed, returned, lost or destroyed; what does not add up is told."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tests.support import enrolled
from tests.support.dosed import day

from hometrial import clock
from hometrial.models import Lot, Product, SupplyMovement
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.dosing.refusing import SupplyRefusedError
from hometrial.protocol.dosing.supply import Move
from hometrial.services import enrolling
from hometrial.services.dosing import accounting, supplying
from hometrial.services.dosing.supplying import Moved, Shipped
from hometrial.services.trial.following import NotInTrialError

EVENING = TimeOfDay.EVENING
HERE = "S-01"


@pytest.fixture
def store(somebody):
    """Half and one milligram capsules on the shelf, kept cool, and a bottle."""
    with somebody.study.database.transaction("test", "supply") as session:
        made = {}
        for code, formulation, strength in (
            ("C05", "cap", "0.5"),
            ("C10", "cap", "1.0"),
            ("B1", "liq", "1"),
        ):
            product = Product(
                protocol="ldn-case-series",
                formulation=formulation,
                strength=Decimal(strength),
                name="naltrexone",
                excipients=["microcrystalline cellulose"],
                lowest_c=None if formulation == "cap" else Decimal(2),
                highest_c=None if formulation == "cap" else Decimal(8),
                by="ph",
                at=clock.now(),
            )
            session.add(product)
            session.flush()
            lot = Lot(
                code=code,
                product_id=product.id,
                maker="pharmacy",
                made_on=date(2026, 1, 1),
                use_by=day(60),
                certificate_sha256=None,
                by="ph",
                at=clock.now(),
            )
            session.add(lot)
            session.flush()
            made[code] = lot
        for code in ("C05", "C10"):
            supplying.receive(session, made[code], Shipped(HERE, Decimal(100), day(-2)), by="ph")
    return made


def moved(somebody, lot, move, units, *, whom=None, **more):
    with somebody.study.database.transaction("test", "supply") as session:
        what = Moved(move, Decimal(units), HERE, whom, **more)
        return supplying.move(session, lot, what, by="ph")


def dispensed(somebody, lot, units):
    return moved(somebody, lot, Move.DISPENSED, units, whom=somebody.person)


def read(somebody, question, *arguments):
    with somebody.study.database.reading() as session:
        return question(session, *arguments)


def test_units_are_dispensed_returned_lost_and_destroyed_before_a_witness(somebody, store):
    lot = store["C05"]
    dispensed(somebody, lot, 40)
    moved(somebody, lot, Move.RETURNED, 5, whom=somebody.person)
    moved(somebody, lot, Move.LOST, 2, whom=somebody.person)
    moved(somebody, lot, Move.RETURNS_DESTROYED, 5, witnessed_by="nurse")
    for move, units, more in (
        (Move.DISPENSED, 61, {"whom": somebody.person}),
        (Move.RETURNED, 34, {"whom": somebody.person}),
        (Move.RETURNS_DESTROYED, 1, {"witnessed_by": "nurse"}),
        (Move.RELEASED, 1, {}),
    ):
        with pytest.raises(SupplyRefusedError, match="1 more than there are"):
            moved(somebody, lot, move, units, **more)
    with pytest.raises(SupplyRefusedError, match="name another person who saw it"):
        moved(somebody, lot, Move.DESTROYED, 1, witnessed_by="ph")
    for move, more in ((Move.DESTROYED, {}), (Move.QUARANTINED, {"witnessed_by": "nurse"})):
        with pytest.raises(SupplyRefusedError, match="name who saw it if it was destroyed"):
            moved(somebody, lot, move, 1, **more)
    copied = "number + 99, 'destroyed', lot_id, 1, day, place, 'ph', why, by, at"
    with (
        pytest.raises(DBAPIError, match="witness_is_another"),
        somebody.study.database.transaction("test", "around the service") as session,
    ):
        session.execute(
            text(
                "INSERT INTO supply_movement (id, number, move, lot_id, units, day, place,"  # noqa: S608
                f" witnessed_by, why, by, at) SELECT gen_random_uuid(), {copied}"
                " FROM supply_movement WHERE number = 1"
            )
        )
    assert read(somebody, accounting.check) == ()


def test_days_left_follow_from_doses_taken_and_from_what_they_are_made_of(somebody, store):
    dispensed(somebody, store["C05"], 3)
    dispensed(somebody, store["C10"], 4)
    assert read(somebody, accounting.days_left, somebody.person) is None
    somebody.order(once("1.5", EVENING, "cap"))
    assert read(somebody, accounting.days_left, somebody.person) == 3
    somebody.took_each([0])
    assert read(somebody.at(1), accounting.days_left, somebody.person) == 2
    somebody.took_each([1, 2])
    assert read(somebody.at(3), accounting.days_left, somebody.person) == 0
    assert [
        each.units for each in read(somebody, accounting.stock_of, somebody.person).on_hand
    ] == [0, 1]
    assert read(somebody, accounting.check) == ()
    somebody.took_each([3])
    (fault,) = read(somebody, accounting.check)
    assert (fault.of, fault.says) == ("P-0001", "1.5 mg were told as taken that were not dispensed")


def test_a_delivery_that_was_too_warm_or_not_logged_is_quarantined(somebody, store):
    bottle = store["B1"]
    with somebody.study.database.transaction("test", "supply") as session:
        for low, high in (("3", "9"), (None, None), ("3", "8")):
            told = [each and Decimal(each) for each in (low, high)]
            shipped = Shipped(HERE, Decimal(10), day(-1), lowest_c=told[0], highest_c=told[1])
            supplying.receive(session, bottle, shipped, by="ph")
        reasons = [row.why for row in session.query(SupplyMovement).order_by("number")][2:]
    assert reasons == [
        "delivered",
        "it was between 3 and 9 degrees Celsius",
        "delivered",
        "its temperature was not logged",
        "delivered",
    ]
    with pytest.raises(SupplyRefusedError, match="1 more than there are"):
        dispensed(somebody, bottle, 11)
    dispensed(somebody, bottle, 10)


def test_a_lot_past_its_last_day_is_not_dispensed_and_is_told_of(somebody, store):
    lot = store["C10"]
    dispensed(somebody.at(60), lot, 10)
    with pytest.raises(SupplyRefusedError, match="its last day was 2026-05-01"):
        dispensed(somebody.at(61), lot, 10)
    assert "lot C10: 90 units are past 2026-05-01" in [
        fault.says for fault in read(somebody, accounting.check)
    ]


def test_a_recall_names_everybody_who_was_ever_given_the_lot(somebody, store):
    dispensed(somebody, store["C05"], 30)
    dispensed(somebody.at(9), store["C05"], 20)
    moved(somebody, store["C05"], Move.RETURNED, 50, whom=somebody.person)
    (found,) = read(somebody, accounting.recall, store["C05"])
    assert (found.participant, found.dispensed, found.on_hand) == ("P-0001", 50, 0)
    assert found.last_on == day(9)
    assert read(somebody, accounting.recall, store["C10"]) == ()


def test_nothing_is_dispensed_to_who_may_not_have_it(somebody, store):
    with somebody.study.database.transaction("test", "withdraw") as session:
        enrolled.withdraw(session, somebody.person)
        stranger = enrolling.add_participant(session)
    with pytest.raises(SupplyRefusedError, match="chose to stop the drug"):
        dispensed(somebody, store["C05"], 1)
    with pytest.raises(NotInTrialError, match="follows no protocol"):
        moved(somebody, store["C05"], Move.DISPENSED, 1, whom=stranger)
    with pytest.raises(SupplyRefusedError, match="a person is named"):
        moved(somebody, store["C05"], Move.QUARANTINED, 1, whom=somebody.person)


def test_what_moved_is_never_rewritten(somebody, store):
    dispensed(somebody, store["C05"], 1)
    for table in ("product", "lot", "shipment", "supply_movement"):
        with (
            pytest.raises(DBAPIError, match="append-only"),
            somebody.study.database.transaction("test", "tamper") as session,
        ):
            session.execute(text(f"UPDATE {table} SET by = 'x'"))  # noqa: S608
