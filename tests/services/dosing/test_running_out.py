"""Nothing left: one item of work and one interruption however often it is told; both end when it is there again."""

import pytest
from tests.support.dosed import SELF, day

from hometrial.protocol.dosing.events import Reason
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.services import working
from hometrial.services.dosing import running_out, stepping, telling


def work(somebody):
    with somebody.study.database.reading() as session:
        return [each.item.kind for each in working.open_items(session, somebody.person.id)]


def test_told_twice_it_is_one_interruption_until_it_is_there_again(somebody):
    somebody.start()
    for _ in range(2):
        somebody.do(running_out.ran_out, SELF, Reason.RAN_OUT, day(0))
    assert len(somebody.course.gaps) == 1
    assert work(somebody) == ["out_of_drug"]
    somebody.at(2)
    somebody.do(telling.resumed, SELF, day(2))
    assert work(somebody) == []


def test_before_a_dose_was_left_out_it_is_work_alone(somebody):
    somebody.start()
    somebody.do(running_out.ran_out, SELF, Reason.COURIER, None)
    assert somebody.course.gaps == ()
    assert somebody.do(running_out.is_told)
    somebody.do(running_out.there_again)
    assert not somebody.do(running_out.is_told)


def test_it_is_not_told_ahead(somebody):
    somebody.start()
    with pytest.raises(RecordRefusedError, match="told once it is so"):
        somebody.do(running_out.ran_out, SELF, Reason.RAN_OUT, day(1))
    assert work(somebody) == []


def test_a_step_that_the_investigator_approves_is_nobody_elses(somebody):
    somebody.start()
    somebody.took_each(range(28))
    somebody.at(28)
    assert somebody.do(stepping.next_step) is None
