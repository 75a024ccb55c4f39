"""The pages about one person: each is there for whoever may see it, at every stage, with no query a row."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import linked
import pytest
import signed_in
from dosed import Dosed, eligible

from hometrial import clock
from hometrial.services import enrolling
from hometrial.services.messaging import states
from hometrial.services.messaging.states import Draft, Step, Topic
from hometrial.services.trial import contacting
from hometrial.services.trial.contacting import Spoke
from hometrial.staff import create_app

pytestmark = pytest.mark.long

TABS = (
    "", "/consent", "/visits", "/questionnaires", "/doses", "/events", "/medicines", "/laboratory",
    "/messages", "/contacts", "/leaving", "/sync", "/doctor", "/audit", "/identity",
)  # fmt: skip
ACTS = (
    "/contacts/new", "/messages/watch", "/messages/reminder", "/messages/test", "/link", "/doses/taken",
    "/doses/missed", "/doses/interrupted", "/doses/resumed", "/doses/ran-out", "/doses/order",
    "/supply/dispense", "/supply/return", "/supply/lost", "/supply/count", "/consent/talk", "/consent/call",
    "/medicines/new", "/laboratory/new", "/leaving/stop", "/leaving/bad-day", "/leaving/better",
    "/leaving/pause", "/leaving/pause/end", "/identity/keep", "/contacts/lost", "/contacts/found",
)  # fmt: skip
NOON = datetime(2026, 3, 2, 11, tzinfo=UTC)


@pytest.fixture
def people(study, at_clock):
    """P-0001 takes the drug, P-0002 is a pseudonym and nothing else."""
    at_clock(NOON)
    with study.database.transaction("test", "people") as session:
        person = eligible(session)
        enrolling.add_participant(session)
    taker = Dosed(study, at_clock, person).at(0)
    taker.start()
    taker.took_each(range(3))
    return taker.at(4)


@pytest.fixture
def client(study, people):
    return signed_in.client(create_app(study.database), study.database)


@pytest.mark.parametrize("code", ["P-0001", "P-0002"])
def test_each_page_is_there_for_somebody_on_the_drug_and_for_a_bare_pseudonym(client, code):
    for tab in TABS:
        if (code, tab) == ("P-0001", "/consent"):
            continue  # signed for tests alone: who signed a real text is on the page in test_person_acts
        answer = client.get(f"/people/{code}{tab}")
        assert answer.status_code == 200, (tab, answer.get_data(as_text=True)[-600:])
        assert code in answer.get_data(as_text=True)


def test_each_act_has_a_form_of_its_own_that_works_without_scripts(client):
    for act in ACTS:
        page = client.get(f"/people/P-0001{act}").get_data(as_text=True)
        assert 'name="csrf_token"' in page, act
        assert "<script>" not in page


def test_an_act_that_nothing_can_be_said_of_yet_says_why(client):
    answer = client.get("/people/P-0002/doses/order")
    assert answer.status_code == 409
    assert "no protocol" in answer.get_data(as_text=True)


def test_no_form_is_taken_without_its_token(client):
    for act in (*ACTS, "/identity"):
        assert client.post(f"/people/P-0001{act}", data={"reason": "x"}).status_code == 400, act


@pytest.mark.parametrize(
    ("role", "sees", "not_"),
    [
        ("monitor", "Audit", "Log a contact"),
        ("statistician", "Doses and supply", "Consent</a>"),
        ("coordinator", "Rest and leaving", "Audit</a>"),
    ],
)
def test_a_role_sees_its_pages_and_no_button_of_others(study, people, role, sees, not_):
    there = signed_in.client(create_app(study.database), study.database, role, (role,))
    page = there.get("/people/P-0001").get_data(as_text=True)
    page += there.get("/people/P-0001/contacts").get_data(as_text=True)
    assert sees in page
    assert not_ not in page


def test_more_rows_ask_no_more_questions(study, people, client):
    asked = []
    for _ in range(2):
        _more(people)
        there = signed_in.client(create_app(study.database), study.database)
        for tab in TABS:
            there.get(f"/people/P-0001{tab}")
        counts = []
        for tab in TABS:
            with linked.counted(study.database) as statements:
                there.get(f"/people/P-0001{tab}")
            counts.append((tab, len(statements)))
        asked.append(counts)
    for few, many in pairwise(asked):
        assert few == many


def _more(taker):
    """Give the person contacts, messages with steps, doses and tasks."""

    def act(session, person):
        for number in range(5):
            spoke = Spoke(clock.now(), "phone", "nurse", "no_answer", note=str(number))
            contacting.log(session, person, spoke, recorded_by="nurse")
            made = states.keep(
                session,
                Draft(person.id, "reminder", "email", "en", "nurse"),
                [
                    Topic(
                        "reminder",
                        f"x {clock.now()} {number}",
                        f"m {number}",
                        clock.now() + timedelta(1),
                    )
                ],
                Step("queued", "nurse", next_at=clock.now()),
            )
            states.record(session, made, Step("sending", "worker"))

    taker.do(act)
    number = (clock.now().date() - NOON.date()).days
    taker.took_each(range(number, number + 3))
    taker.at(number + 4)


def test_a_message_shows_each_step_of_its_way(study, people):
    _more(people)
    there = signed_in.client(create_app(study.database), study.database)
    page = there.get("/people/P-0001/messages").get_data(as_text=True)
    assert page.index("<strong>queued</strong>") < page.index("<strong>sending</strong>")
