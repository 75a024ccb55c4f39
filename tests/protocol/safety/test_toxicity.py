"""The bound of toxicity: both check values, the whole table, and an independent implementation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from hometrial.protocol.safety import stopping
from hometrial.protocol.safety.toxicity import above

BOUND = stopping.shipped().toxicity
TABLE = {
    3: 2, 4: 3, 5: 3, 6: 3, 7: 4, 8: 4, 9: 4, 10: 5, 11: 5, 12: 5, 13: 5, 14: 6, 15: 6, 16: 6, 17: 6,
    18: 7, 19: 7, 20: 7, 21: 7, 22: 8, 23: 8, 24: 8, 25: 8, 26: 9, 27: 9, 28: 9, 29: 9, 30: 10,
}  # fmt: skip


def test_the_rule_is_that_of_the_specification():
    assert (BOUND.prior_events, BOUND.prior_others) == (0.4, 1.6)
    assert (BOUND.highest_rate, BOUND.certainty, BOUND.grade) == (0.20, 0.90, 3)


def test_the_check_values():
    assert BOUND.probability(6, 3) == pytest.approx(0.9139, abs=5e-5)
    assert BOUND.is_crossed(6, 3)
    assert BOUND.probability(10, 4) == pytest.approx(0.8951, abs=5e-5)
    assert not BOUND.is_crossed(10, 4)


@pytest.mark.parametrize(("people", "events"), list(TABLE.items()))
def test_enrolment_pauses_at_the_number_of_the_table(people, events):
    assert BOUND.pauses_at(people) == events
    assert all(BOUND.is_crossed(people, n) == (n >= events) for n in range(people + 1))


def test_one_of_one_is_not_certain_enough_and_two_of_two_are():
    assert [BOUND.pauses_at(people) for people in (0, 1, 2)] == [None, None, 2]


@given(st.integers(0, 400), st.data())
def test_the_probability_is_that_of_scipy(people, data):
    events = data.draw(st.integers(0, people))
    expected = beta.sf(0.2, 0.4 + events, 1.6 + people - events)
    assert BOUND.probability(people, events) == pytest.approx(expected, abs=1e-11)


@given(st.floats(0.01, 0.99), st.floats(0.1, 300), st.floats(0.1, 300))
def test_the_two_tails_are_everything(rate, a, b):
    assert above(rate, a, b) + above(1 - rate, b, a) == pytest.approx(1, abs=1e-9)


def test_nothing_is_above_a_rate_of_one_and_impossible_counts_are_refused():
    assert above(1, 2, 3) == 0
    for people, events in ((3, 4), (3, -1)):
        with pytest.raises(ValueError, match="cannot be"):
            BOUND.probability(people, events)
