"""Accountability of lots, how long a supply lasts, and what a count says."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from courses import LIQUID, START, Person, day, split
from hypothesis import given
from hypothesis import strategies as st

from hometrial.protocol.dosing.amounts import DayDose, Form, Formulation, Part, once
from hometrial.protocol.dosing.composing import packed
from hometrial.protocol.dosing.lasting import (
    Level,
    OnHand,
    counted_adherence,
    days_covered,
    days_left,
    supply_level,
)
from hometrial.protocol.dosing.refusing import DoseRefusedError, SupplyRefusedError
from hometrial.protocol.dosing.supply import (
    Lot,
    Move,
    Movement,
    Recalled,
    Use,
    moved,
    participant_balance,
    place_balance,
    places_with,
    recall,
    remaining_mg,
    use_of,
)

LATER = START + timedelta(days=999)
L1 = Lot("L1", "cap", Decimal("1.5"), LATER)
L2 = Lot("L2", "cap", Decimal("4.5"), LATER)
CAPSULE = Formulation("cap", Form.CAPSULE, tuple(map(Decimal, ("0.5", "1.0", "1.5", "3", "4.5"))))


def moves(*told):
    """Record movements given as (move, units, participant), of L1 at the pharmacy unless told."""
    made = ()
    for number, (move, units, *rest) in enumerate(told):
        participant = rest[0] if rest else None
        lot, place = rest[1] if len(rest) > 1 else "L1", rest[2] if len(rest) > 2 else "pharmacy"
        made = moved(
            made,
            Movement(
                f"m{number}",
                move,
                lot,
                Decimal(units),
                day(number),
                place,
                "pharmacist",
                participant,
            ),
        )
    return made


def test_of_a_lot_at_a_place_everything_received_is_somewhere():
    made = moves(
        (Move.RECEIVED, 500),
        (Move.DISPENSED, 84, "P-1"),
        (Move.DESTROYED, 10),
        (Move.QUARANTINED, 100),
        (Move.RELEASED, 60),
        (Move.QUARANTINE_DESTROYED, 30),
        (Move.TRANSFERRED, 50),
        (Move.RETURNED, 20, "P-1"),
        (Move.RETURNS_DESTROYED, 5),
    )
    balance = place_balance(made, "pharmacy", "L1")
    assert (balance.destroyed, balance.quarantined, balance.returned) == (40, 10, 15)
    assert balance.on_hand == 500 - 84 - 40 - 10 - 50
    assert balance.discrepancy(Decimal(315)) == -1
    assert balance.discrepancy(Decimal(316)) == 0


def test_other_lots_and_places_are_counted_apart():
    made = moves(
        (Move.RECEIVED, 500),
        (Move.RECEIVED, 7, None, "L2"),
        (Move.RECEIVED, 9, None, "L1", "depot"),
    )
    assert place_balance(made, "pharmacy", "L2").on_hand == 7
    assert place_balance(made, "depot", "L1").on_hand == 9


@pytest.mark.parametrize(
    ("told", "short"),
    [
        ([(Move.RECEIVED, 10), (Move.DISPENSED, 11, "P-1")], "1 more than there are"),
        ([(Move.RECEIVED, 10), (Move.TRANSFERRED, 12)], "2 more"),
        ([(Move.RECEIVED, 10), (Move.RELEASED, 1)], "1 more"),
        ([(Move.RECEIVED, 10), (Move.QUARANTINED, 2), (Move.QUARANTINE_DESTROYED, 3)], "1 more"),
        (
            [(Move.RECEIVED, 10), (Move.DISPENSED, 5, "P-1"), (Move.RETURNED, 6, "P-1")],
            "1 more",
        ),
        ([(Move.RECEIVED, 10), (Move.DISPENSED, 5, "P-1"), (Move.LOST, 3, "P-2")], "3 more"),
        ([(Move.RECEIVED, 10), (Move.RETURNS_DESTROYED, 1)], "1 more"),
    ],
)
def test_units_that_are_not_there_do_not_move(told, short):
    with pytest.raises(SupplyRefusedError, match=short):
        moves(*told)


def test_a_movement_names_a_person_if_one_took_part_and_moves_something():
    with pytest.raises(SupplyRefusedError, match="a person is named"):
        moves((Move.DISPENSED, 1))
    with pytest.raises(SupplyRefusedError, match="a person is named"):
        moves((Move.RECEIVED, 1, "P-1"))
    with pytest.raises(SupplyRefusedError, match="give more than 0"):
        moves((Move.RECEIVED, 0))
    made = moves((Move.RECEIVED, 1))
    with pytest.raises(SupplyRefusedError, match="recorded already"):
        moved(made, made[0])


def test_of_what_a_person_got_everything_is_somewhere():
    made = moves(
        (Move.RECEIVED, 500),
        (Move.DISPENSED, 84, "P-1"),
        (Move.DISPENSED, 10, "P-2"),
        (Move.RETURNED, 20, "P-1"),
        (Move.LOST, 4, "P-1"),
    )
    uses = [Use("P-1", "L1", Decimal(1), day(n)) for n in range(50)]
    uses += [Use("P-1", "L2", Decimal(1), day(0)), Use("P-2", "L1", Decimal(1), day(0))]
    balance = participant_balance(made, uses, "P-1", "L1")
    assert balance.on_hand == 84 - 50 - 20 - 4
    assert balance.discrepancy(Decimal(13)) == 3


def test_a_dose_of_a_lot_uses_up_its_milligrams_in_units():
    person = Person()
    person.start(mg="3")
    person.took(0, "3", lot="L1")
    person.took(1, None, formulation="cream", lot="L9")
    dose, cream = person.course.intakes
    assert use_of("P-1", dose, L1) == Use("P-1", "L1", Decimal(2), day(0))
    with pytest.raises(SupplyRefusedError, match="it was not of lot L2"):
        use_of("P-1", dose, L2)
    ointment = Lot("L9", "cream", Decimal(1), LATER)
    with pytest.raises(SupplyRefusedError, match="a cream has no milligrams"):
        use_of("P-1", cream, ointment)


def test_milligrams_left_do_not_need_to_know_the_lot_of_each_dose():
    made = moves(
        (Move.RECEIVED, 100),
        (Move.RECEIVED, 100, None, "L2"),
        (Move.DISPENSED, 10, "P-1"),
        (Move.DISPENSED, 10, "P-1", "L2"),
        (Move.LOST, 2, "P-1"),
        (Move.RETURNED, 1, "P-1", "L2"),
        (Move.DISPENSED, 50, "P-2"),
    )
    assert remaining_mg(made, [L1, L2], "P-1", Decimal("7.5")) == 12 + Decimal("40.5") - Decimal(
        "7.5"
    )


def test_a_recall_finds_everybody_who_was_ever_given_the_lot():
    made = moves(
        (Move.RECEIVED, 100),
        (Move.RECEIVED, 10, None, "L2"),
        (Move.DISPENSED, 10, "P-2"),
        (Move.DISPENSED, 5, "P-1"),
        (Move.DISPENSED, 5, "P-2"),
        (Move.DISPENSED, 5, "P-3", "L2"),
        (Move.RETURNED, 5, "P-1"),
    )
    uses = [Use("P-2", "L1", Decimal(3), day(5))]
    assert recall(made, uses, "L1") == (
        Recalled("P-1", Decimal(5), Decimal(0), day(3)),
        Recalled("P-2", Decimal(15), Decimal(12), day(4)),
    )
    assert places_with(made, "L1") == ("pharmacy",)
    assert recall(made, uses, "L0") == ()
    assert places_with(moves((Move.RECEIVED, 1), (Move.DISPENSED, 1, "P-1")), "L1") == ()


def stock(*told):
    """Return capsules given as (strength, units) or (strength, units, last day of use)."""
    return [
        OnHand(Lot(f"L{n}", "cap", Decimal(mg), day(rest[0]) if rest else LATER), Decimal(units))
        for n, (mg, units, *rest) in enumerate(told)
    ]


@pytest.mark.parametrize(
    ("dose", "held", "days"),
    [
        (once("4.5"), [("4.5", 42)], 42),
        (once("4.5"), [("1.5", 42)], 14),
        (once("1.5"), [("4.5", 42)], 0),
        (once("4.5"), [("3", 5), ("1.5", 7)], 5),
        (once("4.5"), [("3", 5), ("1.5", 8)], 6),
        (once("1.5"), [], 0),
        (split("1.5", "3"), [("1.5", 9)], 3),
        (split("1.5", "1.5"), [("3", 9)], 0),
        (once("4.5"), [("4.5", 42, 9)], 10),
        (once("4.5"), [("4.5", 5, 9), ("4.5", 42, 19)], 20),
        (once("4.5"), [("4.5", 42, -1)], 0),
    ],
)
def test_days_left_are_those_that_the_strengths_in_hand_make_up_in_time(dose, held, days):
    assert days_left(dose, CAPSULE, stock(*held), START) == days


def test_capsules_to_be_used_first_are_used_first():
    held = stock(("4.5", 5, 30), ("4.5", 5, 4))
    assert days_left(once("4.5"), CAPSULE, held, START) == 10


def test_stock_of_another_formulation_does_not_count():
    other = [OnHand(Lot("L1", "liq", Decimal(1), LATER), Decimal(50))]
    assert days_left(once("4.5"), CAPSULE, other, START) == 0


@pytest.mark.parametrize(
    ("bottles", "days"),
    [
        ([(60, 30)], 31),
        ([(50, 30)], 28),
        ([(20, 30)], 11),
        ([(20, 30), (20, 30)], 22),
        ([(20, 5), (20, 30)], 6 + 11),
        ([(20, 12), (20, 15)], 11 + 5),
        ([(1.5, 30)], 0),
        ([(20, -3)], 0),
        ([(20, -3), (20, 30)], 11),
    ],
)
def test_a_bottle_ends_when_it_is_empty_or_beyond_its_last_day(bottles, days):
    held = [
        OnHand(Lot(f"L{n}", "liq", Decimal(1), day(last)), Decimal(str(ml)))
        for n, (ml, last) in enumerate(bottles)
    ]
    assert days_left(once("1.75"), LIQUID, held, START) == days


def test_a_dose_that_no_stock_could_ever_make_is_refused():
    with pytest.raises(DoseRefusedError, match=r"0\.1 mg cannot be made"):
        days_left(once("0.1"), CAPSULE, stock(("0.5", 9)), START)


@given(
    st.dictionaries(st.sampled_from(["0.5", "1.0", "1.5", "3", "4.5"]), st.integers(0, 8)),
    st.lists(st.sampled_from(["0.5", "1.5", "2", "3", "4.5"]), min_size=1, max_size=2),
)
def test_days_left_never_promise_more_than_there_is_and_leave_no_whole_day(held, parts):
    dose = DayDose(tuple(Part(Decimal(mg)) for mg in parts))
    days = days_left(dose, CAPSULE, stock(*held.items()), START)
    amount = sum(Decimal(mg) * count for mg, count in held.items())
    assert days * dose.mg <= amount
    counts = {Decimal(mg): count for mg, count in held.items()}
    for _ in range(days):
        for part in packed(dose, counts):
            for mg, count in part.items():
                counts[mg] -= count
    assert min(counts.values(), default=0) >= 0
    assert packed(dose, counts) is None


@pytest.mark.parametrize(
    ("days", "level"),
    [
        (14, Level.ENOUGH),
        (13, Level.REORDER),
        (7, Level.REORDER),
        (6, Level.LOW),
        (1, Level.LOW),
        (0, Level.NOTHING),
    ],
)
def test_few_days_left_ask_for_an_order_a_courier_or_an_interruption(days, level):
    assert supply_level(days, 14, 7) is level


@pytest.mark.parametrize(
    ("returned", "lost", "percent", "flagged"),
    [
        (0, 0, 100.0, False),
        (8, 0, 80.0, False),
        (8, 1, 77.5, True),
        (-4, 0, 110.0, False),
        (-5, 0, 112.5, True),
    ],
)
def test_adherence_by_count_is_flagged_when_far_off(returned, lost, percent, flagged):
    # 40 planned; more than planned was dispensed where less than nothing came back.
    base = Decimal(40)
    told = counted_adherence(
        base - min(returned, 0), Decimal(max(returned, 0)), Decimal(lost), base
    )
    assert told.percent == (percent if lost == 0 else pytest.approx(percent))
    assert told.is_flagged == flagged


def test_nothing_planned_has_no_adherence_by_count():
    assert counted_adherence(Decimal(40), Decimal(0), Decimal(0), Decimal(0)) is None


@pytest.mark.parametrize(
    ("supplies", "percent"),
    [
        ([], 0.0),
        ([(0, 10)], 100.0),
        ([(0, 5)], 50.0),
        ([(0, 5), (5, 5)], 100.0),
        ([(0, 5), (3, 5)], 100.0),
        ([(0, 5), (7, 3)], 80.0),
        ([(-5, 8)], 30.0),
        ([(8, 50)], 20.0),
        ([(-20, 5)], 0.0),
        ([(-2, 4), (-1, 4)], 60.0),
    ],
)
def test_days_covered_carry_over_what_came_early(supplies, percent):
    told = [(day(on), days) for on, days in supplies]
    assert days_covered(told, day(0), day(9)) == percent


def test_the_order_of_telling_supplies_does_not_matter():
    told = [(date(2026, 3, 9), 5), (date(2026, 3, 2), 5)]
    assert days_covered(told, date(2026, 3, 2), date(2026, 3, 11)) == 80.0
