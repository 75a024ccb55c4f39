"""Amounts, the capsules or millilitres that make them up, and coarse dates."""

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from courses import CAPSULE, CREAM, LIQUID
from hypothesis import given
from hypothesis import strategies as st

from hometrial.protocol.dosing.amounts import (
    DayDose,
    Form,
    Formulation,
    Part,
    TimeOfDay,
    milligrams,
    once,
    twice,
    written,
)
from hometrial.protocol.dosing.coarse import CoarseDate, Span, months_later
from hometrial.protocol.dosing.composing import capsules, millilitres, packed, require_makeable
from hometrial.protocol.dosing.refusing import DoseRefusedError, RecordRefusedError

STRENGTHS = ("0.5", "1", "1.5", "3", "4.5")
stocks = st.dictionaries(st.sampled_from(STRENGTHS).map(Decimal), st.integers(0, 4))
halves = st.integers(1, 18).map(lambda half: Decimal(half) / 2)


def amounts(**counts):
    return {Decimal(mg.strip("m").replace("_", ".")): count for mg, count in counts.items()}


def test_a_day_s_dose_is_the_sum_of_its_parts_exactly():
    dose = DayDose(tuple(Part(Decimal("0.1")) for _ in range(3)))
    assert dose.mg == Decimal("0.3")


@pytest.mark.parametrize(
    ("dose", "told"),
    [
        (once("1.50"), "1.5 mg"),
        (once("10"), "10 mg"),
        (once("4.5", TimeOfDay.EVENING), "4.5 mg evening"),
        (twice("7.5"), "7.5 mg twice a day"),
        (
            DayDose((Part(Decimal("1.5"), TimeOfDay.MORNING), Part(Decimal(3), TimeOfDay.EVENING))),
            "1.5 mg morning + 3 mg evening",
        ),
    ],
)
def test_a_dose_reads_as_people_say_it(dose, told):
    assert str(dose) == told


@pytest.mark.parametrize("value", ["", "four", "-1", "nan", "inf"])
def test_what_is_no_amount_is_refused(value):
    with pytest.raises(DoseRefusedError, match="give milligrams"):
        milligrams(value)


@given(st.decimals(0, 100, places=3))
def test_an_amount_is_written_without_loss(amount):
    assert Decimal(written(amount)) == amount
    assert not written(amount).endswith(".")


@pytest.mark.parametrize(
    "parts",
    [
        (),
        (Part(Decimal(1), TimeOfDay.EVENING), Part(Decimal(2), TimeOfDay.EVENING)),
    ],
)
def test_a_dose_without_parts_or_with_one_time_twice_is_none(parts):
    with pytest.raises(DoseRefusedError):
        DayDose(parts)


def test_a_part_of_nothing_is_refused():
    with pytest.raises(DoseRefusedError, match="more than 0"):
        Part(Decimal(0))


@pytest.mark.parametrize(
    "fields",
    [
        {"form": Form.CAPSULE},
        {"form": Form.CREAM, "strengths": (Decimal(1),)},
        {"form": Form.LIQUID, "mg_per_ml": Decimal(1)},
        {"form": Form.CREAM, "mg_per_ml": Decimal(1), "measure_step_ml": Decimal(1)},
        {"form": Form.CAPSULE, "strengths": (Decimal(0),)},
    ],
)
def test_a_formulation_has_what_its_form_needs_and_nothing_else(fields):
    with pytest.raises(DoseRefusedError):
        Formulation("x", **fields)


def test_the_fewest_capsules_make_up_a_dose():
    assert capsules(Decimal("4.5"), CAPSULE) == amounts(m4_5=1)
    assert capsules(Decimal(6), CAPSULE) == amounts(m3=2)
    assert sum(capsules(Decimal("7.75"), CAPSULE).values()) == 3
    sixes = Formulation("x", Form.CAPSULE, (Decimal(4), Decimal(3), Decimal(1)))
    assert capsules(Decimal(6), sixes) == amounts(m3=2)


def test_one_and_a_half_cannot_be_made_of_four_and_a_half():
    large = Formulation("x", Form.CAPSULE, (Decimal("4.5"),))
    with pytest.raises(DoseRefusedError, match=r"1\.5 mg cannot be made of capsules of 4\.5 mg"):
        capsules(Decimal("1.5"), large)


def test_no_more_capsules_than_are_swallowed_at_once():
    small = Formulation("x", Form.CAPSULE, (Decimal("0.5"),), most_at_once=3)
    assert capsules(Decimal("1.5"), small) == amounts(m0_5=3)
    with pytest.raises(DoseRefusedError, match="3 at most at once"):
        capsules(Decimal(2), small)


def test_a_solution_is_measured_in_its_steps():
    assert millilitres(Decimal("1.75"), LIQUID) == Decimal("1.75")
    double = Formulation("x", Form.LIQUID, mg_per_ml=Decimal(2), measure_step_ml=Decimal("0.25"))
    assert millilitres(Decimal("1.5"), double) == Decimal("0.75")
    with pytest.raises(DoseRefusedError, match=r"0\.1 mg are 0\.1 ml of liq"):
        millilitres(Decimal("0.1"), LIQUID)
    with pytest.raises(DoseRefusedError, match="only a solution is measured"):
        millilitres(Decimal(1), CAPSULE)


def test_no_oral_dose_is_made_of_a_cream():
    with pytest.raises(DoseRefusedError, match="no oral dose is ordered of it"):
        require_makeable(once("1"), CREAM)


def test_one_part_leaves_to_the_other_what_that_needs():
    # The fewest capsules for 3 mg are two of 1.5, and then nothing is left for the 1.5 of the evening.
    dose = DayDose((Part(Decimal(3)), Part(Decimal("1.5"))))
    made = packed(dose, amounts(m1_5=2, m1=3))
    assert made == [amounts(m1=3), amounts(m1_5=1)]


@given(stocks, st.lists(halves, min_size=1, max_size=2))
def test_packed_parts_add_up_and_never_take_more_than_there_is(stock, parts):
    dose = DayDose(tuple(map(Part, parts)))
    made = packed(dose, stock)
    assert (made is not None) == _can(parts, stock)
    if made is None:
        return
    assert [sum(mg * count for mg, count in part.items()) for part in made] == parts
    used = Counter()
    for part in made:
        used.update(part)
    assert all(count <= stock[mg] for mg, count in used.items())


def _can(parts, stock):
    """Whether a stock holds capsules for each part, found by trying all."""
    sums = {(Decimal(0),) * len(parts)}
    for strength, count in stock.items():
        for _ in range(count):
            sums |= {
                (*known[:place], known[place] + strength, *known[place + 1 :])
                for known in sums
                for place in range(len(parts))
            }
    return tuple(parts) in sums


@pytest.mark.parametrize(
    ("told", "first", "last"),
    [
        ("2010", "2010-01-01", "2010-12-31"),
        ("2012-02", "2012-02-01", "2012-02-29"),
        ("2012-02-03", "2012-02-03", "2012-02-03"),
        ("2010/2012", "2010-01-01", "2012-12-31"),
        ("2010-05/2010-06-02", "2010-05-01", "2010-06-02"),
    ],
)
def test_a_date_is_as_coarse_as_it_was_told(told, first, last):
    when = CoarseDate.of(told)
    assert (when.first.isoformat(), when.last.isoformat()) == (first, last)
    assert str(when) == told
    assert when.is_exact == (first == last)


@pytest.mark.parametrize(
    "told",
    ["", "10", "2010-13", "2010-02-30", "2010-1", "2012/2010", "2010/2011/2012", "0201", "x"],
)
def test_what_is_no_date_is_refused(told):
    with pytest.raises(RecordRefusedError, match="date"):
        CoarseDate.of(told)


def test_a_known_day_is_told_as_such():
    assert str(CoarseDate.on(date(2026, 3, 2))) == "2026-03-02"


@pytest.mark.parametrize(
    ("months", "told"), [(1, "1 month"), (10, "10 months"), (12, "1 year"), (84, "7 years")]
)
def test_a_length_of_time_is_told_in_years_where_they_are_whole(months, told):
    assert str(Span(months, 0)) == told


@pytest.mark.parametrize(("months", "off"), [(10, 11), (10, -1), (1300, 0)])
def test_a_length_of_time_that_is_none_is_refused(months, off):
    with pytest.raises(RecordRefusedError, match="give or take"):
        Span(months, off)


def test_months_end_where_a_month_does():
    assert months_later(date(2011, 1, 31), 1) == date(2011, 2, 28)
    assert months_later(date(2011, 1, 31), -2) == date(2010, 11, 30)
    assert months_later(date(2011, 1, 15), 24) == date(2013, 1, 15)
