"""A new participant from the screening to the arm, and recruitment counted as the tables hold it."""

import re
from datetime import date, timedelta
from itertools import pairwise

import enrolled
import homes
import pytest
import signed_in
from sqlalchemy import select

from hometrial import clock
from hometrial.db import Database
from hometrial.models import (
    Allocation,
    LinkInvitation,
    Participant,
    Site,
)
from hometrial.services import enrolling, identifying, migrating
from hometrial.services.trial import (
    answering,
    counting,
    following,
    publishing,
    schemes,
    screening,
    sealed,
)
from hometrial.services.trial.answering import Told
from hometrial.services.viewing import recruitment
from hometrial.settings import Settings
from hometrial.staff import create_app

ANSWERS = {f"answer-{name}": value for name, value in enrolled.ANSWERS.items()}
AS_TYPED = {
    name: {True: "yes", False: "no"}.get(value, str(value))
    if isinstance(value, bool)
    else str(value)
    for name, value in ANSWERS.items()
}


@pytest.fixture(scope="module")
def database(home):
    database = Database(Settings(home=homes.beside(home, "entering"), actor="tests"))
    migrating.require_newest(database)
    with database.transaction("test", "two sites and a trial") as session:
        enrolling.default_site(session)
        session.add(Site(code="S-02", name="Elsewhere"))
        session.flush()
        version = enrolled.published(session)
        schemes.open_scheme(session, database.settings.key(sealed.KEY), version, by="ann")
        other = enrolling.find_site(session, "S-02")
        screening.open_screening(session, version, by="ann", site=other)
    yield database
    database.close()


@pytest.fixture(scope="module")
def app(database):
    return create_app(database)


@pytest.fixture
def staff(app, database):
    return signed_in.client(app, database, "cora", ("coordinator",), ("S-01",))


def token_in(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


def send(client, form_at, to, **fields):
    token = token_in(client.get(form_at))
    return client.post(to, data={**fields, "csrf_token": token})


@pytest.fixture
def newcomer(staff):
    """The address of the page of somebody new."""
    begun = send(staff, "/enrol", "/enrol", trial="ldn-mecfs", site="S-01", zone="Europe/Berlin")
    assert begun.status_code == 303, begun.text
    return begun.location


def code_of(address):
    return address.rsplit("/", 1)[1]


def sign(database, code):
    with database.transaction("test", "sign") as session:
        enrolled.consent(session, enrolling.find_participant(session, code))


def test_a_new_person_gets_the_next_pseudonym_of_all_sites_and_is_at_the_site_that_was_chosen(
    staff, database, newcomer
):
    with database.reading() as session:
        person = enrolling.find_participant(session, code_of(newcomer))
        assert session.get_one(Site, person.site_id).code == "S-01"
        numbers = [int(each[2:]) for each in session.scalars(select(Participant.code))]
        assert int(person.code[2:]) == max(numbers)
        assert screening.of_person(session, person).opened_by == "staff:cora"
    assert "not signed yet" in staff.get(newcomer).text


def test_nobody_is_screened_at_a_site_that_is_not_ones_own(staff):
    refused = send(staff, "/enrol", "/enrol", trial="ldn-mecfs", site="S-02", zone="Europe/Berlin")
    assert refused.status_code == 422
    assert "Not a valid choice" in refused.text


def test_a_zone_that_is_none_is_refused_and_stays_typed(staff):
    refused = send(staff, "/enrol", "/enrol", trial="ldn-mecfs", site="S-01", zone="Berlin")
    assert refused.status_code == 422
    assert 'value="Berlin"' in refused.text
    assert "is no time zone" in refused.text


def test_a_person_of_another_site_is_not_found(staff):
    assert staff.get("/enrol/P-0001").status_code == 404
    assert send(staff, "/enrol", "/enrol/P-0001/decision").status_code == 404
    assert send(staff, "/enrol", "/enrol/P-0001/arm", sure="y").status_code == 404
    contact = send(staff, "/enrol", "/enrol/P-0001/contact", email="x@example.org")
    assert contact.status_code == 404


def test_the_verdict_follows_what_is_typed_and_keeps_nothing(staff, database, newcomer):
    said = send(staff, newcomer, f"{newcomer}/verdict", **{"answer-age": "75"}).json
    assert said["states"]["I1"] == "not met"
    assert "Not eligible" in said["verdict"]
    assert "Age 18-70" in said["verdict"]
    said = send(staff, newcomer, f"{newcomer}/verdict", **{"answer-age": "forty"})
    assert (said.status_code, list(said.json["faults"])) == (422, ["age"])
    with database.reading() as session:
        person = enrolling.find_participant(session, code_of(newcomer))
        opened = screening.of_person(session, person)
        assert answering.rows(session, opened) == []


def test_an_answer_that_cannot_be_is_refused_beside_its_question_and_nothing_is_kept(
    staff, database, newcomer
):
    sent = {**AS_TYPED, "answer-egfr": "900", "source": "staff"}
    refused = send(staff, newcomer, f"{newcomer}/answers", **sent)
    assert refused.status_code == 422
    assert re.search(r'id="answer-egfr-wrong">900 is not in 0 to 250', refused.text)
    assert 'value="900"' in refused.text
    with database.reading() as session:
        person = enrolling.find_participant(session, code_of(newcomer))
        assert not answering.rows(session, screening.of_person(session, person))


def test_a_correction_needs_its_reason(staff, database, newcomer):
    first = send(
        staff, newcomer, f"{newcomer}/answers", **{"answer-age": "41", "source": "participant"}
    )
    assert first.status_code == 303
    changed = {"answer-age": "42", "source": "document"}
    refused = send(staff, newcomer, f"{newcomer}/answers", **changed)
    assert refused.status_code == 422
    assert "say why that is corrected" in refused.text
    done = send(staff, newcomer, f"{newcomer}/answers", **changed, because="passport seen")
    assert done.status_code == 303
    with database.reading() as session:
        opened = screening.of_person(
            session, enrolling.find_participant(session, code_of(newcomer))
        )
        rows = [(row.value, row.source, row.because) for row in answering.rows(session, opened)]
        assert rows == [(41, "participant", None), (42, "document", "passport seen")]


def test_somebody_new_comes_all_the_way_to_an_arm_that_is_drawn_once(staff, database, newcomer):
    code = code_of(newcomer)
    early = send(staff, newcomer, f"{newcomer}/decision")
    assert early.status_code == 422
    assert "cannot be decided yet" in early.text
    kept = send(staff, newcomer, f"{newcomer}/answers", **AS_TYPED, source="staff")
    assert kept.status_code == 303, kept.text
    sign(database, code)
    assert "Every criterion is met" in staff.get(newcomer).text
    assert send(staff, newcomer, f"{newcomer}/decision").status_code == 303
    unsure = send(staff, newcomer, f"{newcomer}/arm")
    assert (unsure.status_code, "an arm that was drawn stays" in unsure.text) == (422, True)
    before = send(staff, newcomer, f"{newcomer}/arm", sure="y")
    assert (before.status_code, "that day is not known yet" in before.text) == (422, True)
    with database.transaction("test", "the run-in is over") as session:
        person = enrolling.find_participant(session, code)
        following.anchor(session, person, "run_in_end", date(2026, 11, 20), because="over")
    assert send(staff, newcomer, f"{newcomer}/arm", sure="y").status_code == 303
    with database.reading() as session:
        person = enrolling.find_participant(session, code)
        made = session.scalars(
            select(Allocation).where(Allocation.participant_id == person.id)
        ).one()
        assert made.allocated_by == "staff:cora"
        randomised = following.anchors(session, person)["randomisation"]
    page = staff.get(newcomer).text
    assert f"Arm <strong>{made.arm}</strong>" in page
    first = randomised + timedelta(weeks=8 if made.arm == "DEL" else 0)
    assert str(first) in page, (
        "the plan begins with the allocation, eight weeks later for who waits"
    )
    assert page.count("mg/day") == 1
    again = send(staff, newcomer, f"{newcomer}/answers", **AS_TYPED, source="staff")
    assert (again.status_code, "locked" in again.text) == (422, True)


def test_how_a_person_is_reached_is_kept_encrypted_and_never_shown_here(staff, database, newcomer):
    told = {"name": "Zoë Müller", "email": f"{code_of(newcomer)}@example.org", "phone": "+49 30 1"}
    assert send(staff, newcomer, f"{newcomer}/contact", **told).status_code == 303
    page = staff.get(newcomer).text
    assert "Zoë" not in page
    assert "example.org" not in page
    key = database.settings.key("identity")
    with database.reading() as session:
        person = enrolling.find_participant(session, code_of(newcomer))
        assert identifying.reveal(session, key, person.id) == told
    nothing = send(staff, newcomer, f"{newcomer}/contact", name=" ")
    assert (nothing.status_code, "Give a name" in nothing.text) == (422, True)


def test_an_address_of_a_person_at_another_site_is_refused_without_telling_whose_it_is(
    staff, database, newcomer
):
    with database.transaction("test", "an address elsewhere") as session:
        other = enrolling.find_participant(session, "P-0001")
        key = database.settings.key("identity")
        identifying.keep(session, key, other.id, email="taken@example.org")
    refused = send(staff, newcomer, f"{newcomer}/contact", email="taken@example.org")
    assert refused.status_code == 422
    assert "already" in refused.text
    assert "P-0001" not in refused.text


def test_the_link_is_shown_once_with_its_picture_and_only_its_hash_is_kept(
    staff, database, newcomer
):
    shown = send(staff, newcomer, f"{newcomer}/invitation", days="3")
    token = re.search(r"/join/([\w-]+)<", shown.text)[1]
    assert shown.text.count("<svg") == 1
    assert "style=" not in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert token not in staff.get(newcomer).text
    with database.reading() as session:
        person = enrolling.find_participant(session, code_of(newcomer))
        kept = session.scalars(
            select(LinkInvitation).where(LinkInvitation.participant_id == person.id)
        ).one()
        assert token not in kept.token_sha256
        assert 2.9 < (kept.expires_at - clock.now()).total_seconds() / 86400 <= 3


def test_recruitment_adds_up_and_shows_nothing_that_foretells_an_arm(app, database, staff):
    with database.transaction("test", "people at every stage") as session:
        version = publishing.in_force(session, "ldn-mecfs")
        here = enrolling.find_site(session, "S-01")
        old, unwilling = (
            screening.open_screening(session, version, by="ann", site=here) for _ in range(2)
        )
        answering.answer(session, old, {"age": 75}, Told("ann"))
        screening.decide(session, old, by="ann")
        screening.decline(session, unwilling, by="ann", because="too far")
        scheme = schemes.scheme_for(session, version)
        seed = sealed.seed_of(sealed.opened(session, database.settings.key(sealed.KEY), scheme.id))
    with database.reading() as session:
        shown = recruitment.recruitment(session, version)
        flow = counting.flow(session, "ldn-mecfs")
    for box, after in pairwise(shown.flow):
        assert box.people == sum(count for _, count in box.left) + after.people, box
    assert shown.flow[0].people == flow.assessed == sum(each.assessed for each in shown.sites)
    assert dict(shown.flow[0].left)["not eligible"] == sum(n for _, _, n in shown.reasons)
    assert shown.enrolled == flow.allocated == sum(n for _, _, n in shown.arms)
    page = staff.get("/trial/recruitment").text
    assert "Age 18-70" in page
    assert scheme.commitment in page
    assert seed.text not in page
    assert "me_severity" not in page


def test_each_site_sees_the_numbers_of_its_own_people(app, database, staff):
    elsewhere = signed_in.client(app, database, "eve", ("coordinator",), ("S-02",))
    page = elsewhere.get("/trial/recruitment").text
    assert re.search(r"<strong>1</strong> Assessed", page)
    assert "S-01" not in page
    log = elsewhere.get("/enrol/log").text
    assert set(re.findall(r"enrol/(P-\d{4})", log)) == {"P-0001"}


def test_a_monitor_sees_numbers_and_enrols_nobody(app, database):
    monitor = signed_in.client(app, database, "mona", ("monitor",), ("S-01",))
    assert monitor.get("/trial/recruitment").status_code == 200
    assert monitor.get("/enrol/log").status_code == 200
    assert monitor.get("/enrol").status_code == 403
    assert "New participant" not in monitor.get("/trial/recruitment").text


def test_the_allocation_is_opened_once_and_only_its_commitment_is_told(database, app):
    with database.transaction("test", "a rehearsal") as session:
        enrolled.published(session, is_test=True)
    staff = signed_in.client(app, database, "cora", ("coordinator",), ("S-01",))
    page = "/trial/recruitment?trial=ldn-mecfs rehearsal"
    opened = send(staff, page, "/trial/recruitment/allocation?trial=ldn-mecfs rehearsal")
    assert opened.status_code == 303
    with database.reading() as session:
        version = publishing.in_force(session, "ldn-mecfs", is_test=True)
        scheme = schemes.scheme_for(session, version)
    told = staff.get(page).text
    assert scheme.commitment in told
    assert "Open the allocation" not in told
    again = send(staff, page, "/trial/recruitment/allocation?trial=ldn-mecfs rehearsal")
    assert (again.status_code, "open already" in again.text) == (409, True)
    monitor = signed_in.client(app, database, "mona", ("monitor",), ("S-01",))
    assert send(monitor, page, "/trial/recruitment/allocation").status_code == 403
