"""A coder's file: read whole or not at all, kept beside the words that were coded."""

from datetime import timedelta

import pytest

from hometrial import clock
from hometrial.protocol.safety.details import Details
from hometrial.services.safety import coding, events, reporting
from hometrial.services.safety.coding import Coded
from hometrial.services.safety.events import AdverseEventRefusedError

HEADER = "participant,number,version,llt_code,pt_code,pt_name,soc_name,meddra_version\n"
# The numbers are invented: no code of MedDRA is shipped.
ROW = "P-0001,1,1,111,222,Headache,Nervous system disorders,29.0\n"


@pytest.fixture
def event(session, person, told):
    return reporting.report(session, person, Details(verbatim="head"), told)


def coded(session, text=HEADER + ROW):
    return coding.import_codings(session, text, "coded.csv", by="coder")


def test_events_are_not_coded_until_a_file_comes(session, event):
    assert events.state_of(session, event).coding is None
    assert [each.event.id for each in coding.to_code(session)] == [event.id]
    assert coded(session) == Coded(new=1, same=0)
    state = events.state_of(session, event)
    assert (state.coding.pt_code, state.coding.pt_name) == ("222", "Headache")
    assert (state.coding.coded_by, state.coding.coded_at) == ("coder", clock.now())
    assert coding.to_code(session) == []


def test_the_same_file_again_changes_nothing_and_a_newer_coding_holds(session, event, at_clock):
    coded(session)
    assert coded(session) == Coded(new=0, same=1)
    at_clock(clock.now() + timedelta(hours=1))
    assert coded(session, HEADER + ROW.replace("222,Headache", "333,Migraine")) == Coded(1, 0)
    assert events.state_of(session, event).coding.pt_name == "Migraine"


def test_an_event_whose_words_changed_is_to_be_coded_again(session, event, staff):
    coded(session)
    reporting.amend(session, event, {"grade": 1}, staff(), because="graded")
    assert coding.to_code(session) == []
    reporting.amend(session, event, {"verbatim": "migraine"}, staff(), because="asked again")
    assert len(coding.to_code(session)) == 1
    assert not events.state_of(session, event).is_coded


def test_columns_may_stand_in_another_order_with_others_and_a_mark_at_the_start(session, event):
    text = "\ufeffsoc_name, pt_name,note,pt_code,llt_code,meddra_version,version,number,participant\nA,B,,2,1,29.0,1,1,P-0001\n"
    assert coded(session, text).new == 1
    assert events.state_of(session, event).coding.pt_name == "B"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: no column participant, number"),
        (HEADER.replace("pt_code,", "") + ROW, "line 1: no column pt_code"),
        (HEADER + ROW.replace("P-0001", "P-0009"), "line 2: there is no event '1' of 'P-0009'"),
        (HEADER + ROW.replace("P-0001,1,1", "P-0001,1,2"), "line 2: event 1 of P-0001 has no version '2'; its newest is 1"),
        (HEADER + ROW.replace("Headache", " "), "line 2: pt_name is empty"),
        (HEADER + ROW.replace("222", "R51"), "line 2: pt_code: 'R51' is no MedDRA code"),
        (HEADER + ROW + ROW, "line 3: the same version as line 2"),
        (HEADER + ROW.replace("29.0", "29.0,x"), "line 2: more fields than there are columns"),
        (HEADER + ROW + 'P-0001,"1', "after line 2: unexpected end"),
    ],
)  # fmt: skip
def test_a_file_with_faults_is_refused_with_their_lines_and_nothing_is_kept(session, event, text, said):  # fmt: skip
    with pytest.raises(AdverseEventRefusedError) as caught:
        coded(session, text)
    assert f"coded.csv, {said}" in str(caught.value)
    assert events.state_of(session, event).coding is None


def test_every_fault_of_a_file_is_told_and_what_is_right_in_it_is_not_kept(session, event):
    text = HEADER + ROW + ROW.replace("P-0001", "P-0009") + ROW.replace("222", "x")
    with pytest.raises(AdverseEventRefusedError) as caught:
        coded(session, text)
    assert str(caught.value).count("coded.csv, line") == 3
    assert events.state_of(session, event).coding is None
