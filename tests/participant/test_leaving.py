"""Leaving a part or all of the study: chosen, read back, confirmed once, with a receipt; then nothing new is kept."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from sqlalchemy import func, select, text
from tests.support.agreed import ACT, Trial
from tests.support.dosed import DOCTOR, eligible
from tests.support.linked import link
from tests.support.paper_read import read

from hometrial import clock
from hometrial.models import (
    WITHDRAWAL_CHOICES,
    Connection,
    DoseEvent,
    Participant,
    Token,
    WithdrawalChoice,
)
from hometrial.participant.pages import leaving as pages
from hometrial.services import consenting
from hometrial.services.agreeing import leaving, standing
from hometrial.services.agreeing.paper import Paper
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.dosing import ordering
from hometrial.services.syncing import invitations
from hometrial_ingest.data_types import DataType

VERSIONS = count(1)
KEPT = "What the study has collected until now stays in it."


@dataclass
class Somebody:
    """Somebody of the study on their page."""

    place: object
    client: object
    code: str

    def token(self):
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/look").text)
        return found[1]

    def post(self, address, **data):
        return self.client.post(address, data={"csrf_token": self.token(), **data})

    def stop(self, *choices, reason=""):
        """Choose, see it once more, say yes."""
        asked = self.post("/leaving/check", choices=list(choices), reason=reason)
        assert asked.status_code == 200, asked.text
        found = re.findall(r'name="(choices|reason)" value="([^"]*)"', asked.text)
        assert [value for name, value in found if name == "choices"] == [
            each for each in WITHDRAWAL_CHOICES if each in choices
        ]
        return self.post("/leaving/confirm", choices=list(choices), reason=reason)

    def held(self):
        with self.place.database.reading() as session:
            return standing.choices(session, self.person(session))

    def person(self, session):
        return session.scalars(select(Participant).where(Participant.code == self.code)).one()


@pytest.fixture(scope="module")
def version(place):
    with place.database.transaction("staff") as session:
        return Trial(session, Keys.of(place.database.settings)).publish()


@pytest.fixture
def somebody(place, version):
    return signed(place, version)


def signed(place, version):
    """Return somebody who signed for pulse and steps, with a watch."""
    with place.database.transaction("staff") as session:
        trial = Trial(session, Keys.of(place.database.settings))
        act = replace(ACT, granted=(DataType.HEART_RATE, DataType.STEPS))
        person, _ = trial.signed(session.merge(version), act)
        link(session, person)
        path = f"/join/{invitations.invite(session, person, 'test')}"
    place.sims.clock.advance(timedelta(hours=1))
    client = place.app.test_client()
    came = Somebody(place, client, person.code)
    assert came.post(path).status_code == 303
    return came


def test_each_choice_stands_there_by_itself_with_what_stops_and_what_stays(somebody):
    page = somebody.client.get("/leaving").text
    shown = re.findall(r'name="choices" value="(\w+)"', page)
    assert shown == list(WITHDRAWAL_CHOICES)
    assert page.count("<b>Stops:</b>") + page.count("<b>Then:</b>") == 7
    assert page.count("<b>Stays:</b>") == 7
    assert " checked" not in page


@pytest.mark.parametrize("choice", WITHDRAWAL_CHOICES)
def test_what_is_chosen_is_read_back_and_stops_only_when_it_is_confirmed(somebody, choice):
    asked = somebody.post("/leaving/check", choices=choice, reason="too much <b>light</b>")
    assert "You chose:" in asked.text
    assert KEPT in asked.text
    assert somebody.held() == set()
    done = somebody.post("/leaving/confirm", choices=choice, reason="too much <b>light</b>")
    assert (done.status_code, done.headers["Location"]) == (303, "/leaving/receipt")
    assert somebody.held() == {choice}
    receipt = somebody.client.get("/leaving/receipt").text
    assert KEPT in receipt
    assert "You wrote: too much &lt;b&gt;light&lt;/b&gt;" in receipt
    assert re.search(r"Ended at \d\d:\d\d on \d+ \w+ 2026 \(Europe/Berlin\)", receipt)


def test_several_are_chosen_at_once_and_happen_at_once(somebody):
    somebody.stop("stop_diaries", "withdraw_completely", "delete_raw_data")
    assert somebody.held() == {"stop_diaries", "withdraw_completely", "delete_raw_data"}


def test_all_of_it_happens_or_nothing(somebody, monkeypatch):
    real = leaving.choose

    def fails(session, clouds, person, choice, **more):
        if choice == "stop_contact":
            raise leaving.ChoiceRefusedError("not now")
        return real(session, clouds, person, choice, **more)

    monkeypatch.setattr(leaving, "choose", fails)
    assert somebody.stop("stop_diaries", "stop_contact").status_code == 409
    assert somebody.held() == set()


def test_a_confirmation_that_comes_twice_makes_one_choice(somebody):
    for _ in range(2):
        assert somebody.post("/leaving/confirm", choices="stop_diaries").status_code == 303
    with somebody.place.database.reading() as session:
        rows = session.scalars(
            select(WithdrawalChoice).where(
                WithdrawalChoice.participant_id == somebody.person(session).id
            )
        ).all()
    assert [row.choice for row in rows] == ["stop_diaries"]


@pytest.mark.parametrize("sent", [{}, {"choices": "everything"}])
def test_no_choice_and_an_unknown_one_are_refused_and_what_was_typed_stays(somebody, sent):
    for address in ("/leaving/check", "/leaving/confirm"):
        refused = somebody.post(address, reason="because", **sent)
        assert refused.status_code == 400
        assert 'href="#choices"' in refused.text
        assert "because</textarea>" in refused.text
    assert somebody.held() == set()


@pytest.mark.parametrize("choice", ["stop_wearable", "withdraw_completely"])
def test_a_watch_that_is_stopped_is_read_no_more_and_its_access_ends(somebody, choice):
    place = somebody.place
    place.unlinked.clear()
    somebody.stop(choice)
    with place.database.reading() as session:
        person = somebody.person(session)
        row = session.scalars(
            select(Connection).where(Connection.participant_id == person.id)
        ).one()
        given = consenting.spells(session, person.id)
        token = session.scalars(
            select(Token.refresh_expires_at).where(Token.account_id == row.account_id)
        ).one()
        assert not any(given.in_force(each, clock.now()) for each in DataType)
    assert place.unlinked == [row.account_id]
    assert (token - clock.now()).total_seconds() <= 60
    receipt = somebody.client.get("/leaving/receipt").text
    assert "We keep asking Google Health to end our access" in receipt
    with place.database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(
            text("DELETE FROM vault.token WHERE account_id = :id"), {"id": row.account_id}
        )
    assert "We have destroyed our key" in somebody.client.get("/leaving/receipt").text
    with place.database.engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(
            text("UPDATE connection SET status = 'unlinked' WHERE id = :id"), {"id": row.id}
        )
    assert "our access ended at" in somebody.client.get("/leaving/receipt").text


@pytest.mark.parametrize(
    ("choice", "order"),
    [
        ("stop_drug", "stop"),
        ("stop_drug_safety_only", "stop"),
        ("withdraw_completely", "withdraw"),
        ("stop_diaries", "start"),
    ],
)
def test_who_takes_the_medicine_has_its_end_ordered_by_their_own_choice(place, choice, order):
    with place.database.transaction("staff") as session:
        number = next(VERSIONS)  # a version can be published once
        again = (
            ("\nversion: 1.0.0", f"\nversion: 1.0.{number}"),
            ("\ntitle: ", f"\ntitle: {number} "),
        )
        taking = eligible(session, *again)
        place.sims.clock.advance(timedelta(minutes=1))
        ordering.start(session, taking, DOCTOR, formulation="liq")
        path = f"/join/{invitations.invite(session, taking, 'test')}"
    came = Somebody(place, place.app.test_client(), taking.code)
    came.post(path)
    assert came.stop(choice).status_code == 303
    with place.database.reading() as session:
        rows = session.scalars(
            select(DoseEvent)
            .where(DoseEvent.participant_id == taking.id)
            .order_by(DoseEvent.number)
        ).all()
    assert rows[-1].body["order"] == order
    assert (rows[-1].by == taking.code) is (order != "start")


def test_the_receipt_is_kept_as_a_paper_in_the_persons_language(somebody):
    assert somebody.client.get("/leaving/receipt.pdf").status_code == 404
    somebody.stop("stop_wearable", reason="zu müde")
    somebody.client.set_cookie("look", "auto.20.0.de")
    answer = somebody.client.get("/leaving/receipt.pdf")
    assert answer.mimetype == "application/pdf"
    assert somebody.code in answer.headers["Content-Disposition"]
    assert answer.data.startswith(b"%PDF-")
    assert b"/Lang (de)" in answer.data
    said = said_on_paper(somebody)
    assert "Ihre Quittung" in said
    assert "Die Uhr beenden" in said
    assert "zu müde" in said


def said_on_paper(somebody):
    """Return the words of the receipt that is kept, made once more without compression."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "Paper", partial(Paper, compressed=False))
        return read(somebody.client.get("/leaving/receipt.pdf").data).text


def test_the_watch_is_taken_back_with_what_is_shared_again_and_nothing_else(somebody):
    somebody.stop("stop_wearable")
    somebody.place.sims.clock.advance(timedelta(minutes=2))
    asked = somebody.client.get("/leaving/back/stop_wearable").text
    assert set(re.findall(r'name="data_types" value="(\w+)"', asked)) == {"heart_rate", "steps"}
    refused = somebody.post("/leaving/back/stop_wearable", data_types="sleep")
    assert refused.status_code == 400
    assert somebody.post("/leaving/back/stop_wearable", data_types="steps").status_code == 303
    with somebody.place.database.reading() as session:
        given = consenting.spells(session, somebody.person(session).id)
    assert [each for each in DataType if given.in_force(each, clock.now())] == [DataType.STEPS]
    assert somebody.held() == set()
    assert "You took this back" in somebody.client.get("/leaving/receipt").text
    assert somebody.client.get("/leaving/back/stop_wearable").status_code == 404


def test_who_signed_nothing_has_nothing_to_stop(place):
    came = place.visitor()
    page = came.client.get("/leaving").text
    assert "You have signed nothing yet" in page
    assert 'name="choices"' not in page


def test_nobody_who_left_takes_it_back_and_only_a_deletion_is_left_to_ask_for(somebody):
    somebody.stop("withdraw_completely", "stop_diaries")
    page = somebody.client.get("/leaving").text
    assert re.findall(r'name="choices" value="(\w+)"', page) == ["delete_raw_data"]
    assert "Take this back" not in somebody.client.get("/leaving/receipt").text
    for choice in ("withdraw_completely", "stop_diaries"):
        assert somebody.post(f"/leaving/back/{choice}").status_code == 404
    assert somebody.post("/leaving/confirm", choices="stop_contact").status_code == 409
    assert somebody.stop("delete_raw_data").status_code == 303


ALLOWED = {"visit.leave", "look.page"}
"""What who has left still posts with an effect of its own: closing the page, and colours on the device."""


def test_after_the_end_no_address_of_the_site_writes_anything(somebody):
    place = somebody.place
    somebody.stop("withdraw_completely")
    somebody.stop("delete_raw_data")
    before = place_contents(place)
    asked = 0
    for rule in place.app.url_map.iter_rules():
        if rule.endpoint in ALLOWED or rule.rule.startswith(
            ("/hooks", "/push", "/join", "/static")
        ):
            continue
        address = re.sub(r"<[^>]+>", "stop_diaries", rule.rule)
        for method in rule.methods & {"GET", "POST"}:
            data = {"csrf_token": somebody.token(), "words": "x", "choices": "stop_contact"}
            answer = somebody.client.open(
                address, method=method, data=data if method == "POST" else None
            )
            asked += 1
            answer.close()
            assert answer.status_code < 500, (method, address)
            if method == "POST":
                assert answer.status_code >= 400 or rule.endpoint.startswith(OPEN_TO_ALL), address
    assert asked > 20
    assert place_contents(place) == before
    for address in (
        "/consent/copies",
        "/leaving/receipt",
        "/leaving/receipt.pdf",
        "/mine",
        "/mine/everything.zip",
    ):
        assert somebody.client.get(address).status_code == 200
    assert "You have left the study. Thank you." in somebody.client.get("/watch").text
    copies = re.findall(r"/consent/copies/[^\"]+\.pdf", somebody.client.get("/consent/copies").text)
    assert somebody.client.get(copies[0]).data.startswith(b"%PDF-")


OPEN_TO_ALL = ("entering.", "confirming.", "passkeys.")


def place_contents(place):
    """Return how many rows each table holds, but for the visits themselves and what proves who somebody is."""
    from hometrial.db import Base

    left_out = (
        "sync.visitor",
        "sync.rate_bucket",
        "visit_confirmation",
        "entry_code",
        "passkey",
        "message",
        "vault.",
    )
    with place.database.engine.connect() as connection:
        return {
            table.fullname: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
            if not table.fullname.startswith(left_out)
        }
