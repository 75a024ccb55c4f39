"""How the team is reached: emergencies first, the person's own site, wishes that somebody of the staff sees."""

import re

import pytest
from sqlalchemy import select

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Contact, Participant, WorkItem
from hometrial.services import enrolling, owning, reaching
from hometrial.services.syncing import invitations


@pytest.fixture(scope="module", autouse=True)
def site(place):
    with place.database.transaction("staff") as session:
        enrolling.default_site(session)
        told = {"phone": "+49 30 450 50", "email": "team@example.org", "hours": "Weekdays, 9 to 15"}
        reaching.set_site(session, "S-01", name="Centre A", **told)


def come(place, zone="Europe/Berlin"):
    """Return somebody on their page, and their pseudonym."""
    with place.database.transaction("staff") as session:
        person = enrolling.add_participant(session)
        if zone:
            enrolling.set_zone(session, person, zone, source="test")
        path = f"/join/{invitations.invite(session, person, 'test')}"
    client = place.app.test_client()
    client.post(path, data={"csrf_token": token(client, path)})
    return client, person.code


def token(client, page):
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    return found[1]


def send(client, way, words):
    address = f"/team/{way}"
    return client.post(address, data={"csrf_token": token(client, address), "words": words})


def kept(place, code):
    with place.database.reading() as session:
        of = (Participant.code == code, Participant.id)
        contacts = session.scalars(
            select(Contact).join(Participant, Participant.id == Contact.participant_id).where(of[0])
        ).all()
        work = session.scalars(
            select(WorkItem)
            .join(Participant, Participant.id == WorkItem.participant_id)
            .where(of[0])
        ).all()
    return [(row.direction, row.note) for row in contacts], sorted(
        (row.kind, row.reason) for row in work
    )


def test_emergencies_come_before_the_team_and_every_number_can_be_tapped(place):
    client, _ = come(place)
    page = client.get("/team").text
    order = [page.index(f"tel:{number}") for number in ("112", "08001110111", "+493045050")]
    assert order == sorted(order)
    assert "Weekdays, 9 to 15" in page
    assert "mailto:team@example.org" in page


@pytest.mark.parametrize(
    ("zone", "number"), [("Europe/London", "tel:999"), ("Australia/Perth", "tel:000")]
)
def test_the_numbers_are_those_of_the_country_where_somebody_lives(place, zone, number):
    client, _ = come(place, zone)
    assert number in client.get("/team").text


def test_whose_country_nobody_knows_is_told_how_to_find_help(place):
    client, _ = come(place, None)
    page = client.get("/team").text
    assert "In most of Europe it is 112" in page
    assert "https://findahelpline.com" in page


def test_without_a_visit_the_numbers_of_all_countries_stand_there_and_no_site(place):
    page = place.app.test_client().get("/team").text
    assert {"tel:112", "tel:999", "tel:911", "tel:000"} <= set(re.findall(r"tel:\d{3}", page))
    assert "sheet that you were given" in page
    assert "450 50" not in page
    for way in ("call", "message"):
        assert place.app.test_client().get(f"/team/{way}").status_code == 401


def test_a_wish_and_a_message_reach_the_log_and_the_work_of_the_staff(place):
    client, code = come(place)
    assert send(client, "call", "  after four  ").status_code == 303
    assert send(client, "message", "the box came open").status_code == 303
    contacts, work = kept(place, code)
    assert contacts == [
        ("from_person", "asks to be called: after four"),
        ("from_person", "writes: the box came open"),
    ]
    assert work == [
        ("call_wanted", "asks to be called: after four"),
        ("message", "writes: the box came open"),
    ]
    page = client.get("/team?sent=message").text
    assert "We have your message." in page
    assert "today: the box came open" in page


def test_a_button_that_is_pressed_twice_sends_once(place):
    client, code = come(place)
    for _ in range(3):
        assert send(client, "call", "").status_code == 303
    contacts, work = kept(place, code)
    assert len(contacts) == len(work) == 1


def test_after_several_a_day_the_telephone_is_the_way_and_what_was_typed_stays(place):
    client, code = come(place)
    for number in range(reaching.MOST_A_DAY):
        assert send(client, "message", f"line {number}").status_code == 303
    refused = send(client, "message", "one more line")
    assert refused.status_code == 409
    assert "one more line</textarea>" in refused.text
    assert "Nothing was sent" in refused.text
    assert len(kept(place, code)[0]) == reaching.MOST_A_DAY


@pytest.mark.parametrize("words", ["", "   ", "x" * (reaching.LONGEST + 1)])
def test_nothing_and_too_much_are_refused_beside_the_field(place, words):
    client, code = come(place)
    refused = send(client, "message", words)
    assert refused.status_code == 400
    assert 'aria-invalid="true"' in refused.text
    assert 'href="#words"' in refused.text
    assert kept(place, code) == ([], [])


def test_the_site_reads_of_nobody_else_and_of_nobody_before_it_says_whom(place):
    (one, first), (_, second) = come(place), come(place)
    send(one, "message", "only mine")
    with place.database.transaction("participant-site", role=PARTICIPANT_ROLE) as session:
        person = session.scalars(select(Participant).where(Participant.code == second)).one()
        assert session.scalars(select(Contact)).all() == []
        owning.show_own(session, person.id)
        assert session.scalars(select(Contact)).all() == []
        owner = session.scalars(select(Participant).where(Participant.code == first)).one()
        owning.show_own(session, owner.id)
        assert [row.note for row in session.scalars(select(Contact))] == ["writes: only mine"]
