"""The report of an event as a file: what a sponsor asks for, from the record, the same bytes each time, no name in it."""

import paper_read
import pytest

from hometrial import clock
from hometrial.protocol.safety.details import Details
from hometrial.services.safety import duties, papering, reporting


@pytest.fixture
def event(session, person, staff):
    known = Details(
        verbatim="could not breathe",
        start="2026-03-01",
        serious=("life_threatening", "hospitalisation"),
        grade=4,
        related=True,
        who_umc="probable",
    )
    return reporting.report(session, person, known, staff())


def text_of(session, event):
    return paper_read.read(papering.report(session, event, compressed=False).body).text


def test_it_says_what_is_known_and_that_the_rest_is_not(session, person, event):
    said = text_of(session, event)
    for words in (
        "Serious adverse event report",
        person.code,
        "could not breathe",
        "life threatening, hospitalisation",
        "probable",
        "not known",
        "Serious event to the sponsor",
    ):
        assert words in said, words


def test_it_is_the_same_until_the_record_changes(session, event, staff):
    first = papering.report(session, event)
    assert papering.report(session, event).body == first.body
    duties.report_sent(
        session, event, "serious_to_sponsor", sent_at=clock.now(), by="dr-a", reference="mail"
    )
    assert papering.report(session, event).sha256 != first.sha256
    reporting.amend(session, event, {"outcome": "recovered"}, staff(), because="call")
    later = papering.report(session, event)
    assert later.name.endswith("-v2.pdf")
    assert "follow-up" in text_of(session, event)


def test_an_event_that_is_not_serious_is_called_so(session, person, staff):
    event = reporting.report(session, person, Details(verbatim="tired", serious=()), staff())
    said = text_of(session, event)
    assert "Adverse event report" in said
    assert "not serious" in said
