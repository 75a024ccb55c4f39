"""Who counts as a responder, with the figures of the specification."""

import pytest
from protocols import shipped

from hometrial.protocol.outcomes import Mark

BEFORE = [356, 310, 402, 298, 275, 330, 390, 288, 265, 420, 344, 301, 377, 260, 315, 369, 283]
AFTER = [120, 140, 250, 90, 130, 145, 310, 110, 100, 380, 160, 125, 140, 85, 149, 220, 151]
CROHNS = {each.id: each.marks[0] for each in shipped("ldn-crohns").responders}


@pytest.mark.parametrize(
    ("responder", "count"), [("response_70", 16), ("response_100", 15), ("remission", 11)]
)
def test_responders_of_seventeen_people(responder, count):
    reached = [CROHNS[responder].reached(b, a) for b, a in zip(BEFORE, AFTER, strict=True)]
    assert reached.count(True) == count
    assert reached.count(False) == 17 - count


def test_a_cdai_of_312_that_falls_to_46_is_both_responses_and_remission():
    assert all(mark.reached(312.290, 46.226) for mark in CROHNS.values())


@pytest.mark.parametrize(
    ("mark", "before", "now", "reached"),
    [
        ("response_70", 300, 230, True),
        ("response_70", 300, 230.01, False),
        ("response_70", None, 230, None),
        ("response_70", 300, None, None),
        ("remission", None, 149.99, True),
        ("remission", None, 150, False),
        ("remission", None, None, None),
    ],
)
def test_a_mark_is_reached_at_its_limit_and_unknown_while_a_value_is(mark, before, now, reached):
    assert CROHNS[mark].reached(before, now) is reached


def test_marks_of_every_kind():
    assert Mark(outcome="x", rises_by=0.5).reached(2.0, 2.5)
    assert not Mark(outcome="x", rises_by=0.5).reached(2.5, 2.0)
    assert Mark(outcome="x", at_most=3).reached(None, 3)
    assert not Mark(outcome="x", at_most=3).reached(None, 4)
    assert Mark(outcome="x", at_least=3).reached(None, 3)
    assert not Mark(outcome="x", at_least=3).reached(None, 2)
