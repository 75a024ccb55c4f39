"""Composite grades of PRO-CTCAE: the published examples, and what any such table must keep."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.questionnaires.composite import grade

RATING = st.integers(0, 4)


@pytest.mark.parametrize(
    ("frequency", "severity", "interference", "expected"),
    [
        (3, 3, 2, 3),
        (1, 2, 0, 1),
        (2, 4, 1, 2),
        (4, 1, 4, 3),
        (0, 4, 4, 0),
        (None, 2, 2, 2),
        (None, 3, 0, 1),
        (None, 4, 0, 2),
        (2, None, None, 1),
        (3, 3, None, 3),
        (4, 0, None, 1),
        (1, None, 3, 2),
        (None, None, 4, 2),
        (None, 3, None, 3),
    ],
)
def test_the_published_examples_come_out(frequency, severity, interference, expected):
    assert grade(frequency, severity, interference) == expected


@given(
    st.lists(RATING, min_size=3, max_size=3),
    st.sampled_from([(1, 1, 1), (1, 1, 0), (0, 1, 1), (1, 0, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)]),
    st.integers(0, 2),
)
def test_a_worse_rating_never_lowers_the_grade(ratings, asked, raised):
    worse = [min(4, rating + (number == raised)) for number, rating in enumerate(ratings)]
    first, second = (
        grade(*(rating if wanted else None for rating, wanted in zip(each, asked, strict=True)))
        for each in (ratings, worse)
    )
    assert 0 <= first <= second <= 3
