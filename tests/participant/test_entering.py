"""The way in without a link, and the proof anew: what opens, what does not, and what nobody learns."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from authenticator import PRESENT, Authenticator
from flask import g
from flask.testing import FlaskClient
from mailbox_server import Box, start, told
from sqlalchemy import text

from hometrial.db import Database
from hometrial.participant import entrance
from hometrial.participant.pages import entering
from hometrial.participant.site import transaction
from hometrial.services import enrolling, identifying
from hometrial.services.entering import freshness
from hometrial.services.syncing import invitations
from hometrial.tasks import sending
from hometrial.tasks.engine import House

NOBODY = "nobody@example.org"


@dataclass
class Hall:
    """The site, a box where codes arrive, and people with addresses."""

    place: object
    post: list[tuple[UUID, str]] = field(default_factory=list)
    people: int = 0

    def enrol(self, email=True):
        """Return a person's id and address; None for who has none."""
        with self.place.database.transaction("staff") as session:
            person = enrolling.add_participant(session)
            address = f"Person.{person.code}@example.org" if email else None
            if address:
                key = self.place.database.settings.key("identity")
                identifying.keep(session, key, person.id, email=address)
            return person.id, address

    def invite(self, person_id):
        with self.place.database.transaction("staff") as session:
            person = session.get(enrolling.Participant, person_id)
            return f"/join/{invitations.invite(session, person, 'test')}"

    def guest(self) -> "Guest":
        return Guest(self, self.place.app.test_client())

    def by_link(self, person_id) -> "Guest":
        guest = self.guest()
        assert guest.post(self.invite(person_id)).status_code == 303
        return guest

    def rows(self, query, **values):
        with self.place.database.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def refill(self):
        with self.place.database.engine.begin() as connection:
            connection.execute(text("DELETE FROM sync.rate_bucket"))


@dataclass
class Guest:
    """A browser without a window."""

    hall: Hall
    client: FlaskClient

    def get(self, path, **more):
        return self.client.get(path, **more)

    def token(self, page="/enter"):
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get(page).text)
        assert found, page
        return found[1]

    def post(self, path, page=None, **form):
        return self.client.post(path, data={"csrf_token": self.token(page or path)} | form)

    def ask(self, email, **form):
        return self.post("/enter", email=email, **form)

    def type(self, code, **form):
        return self.post("/enter/code", "/enter/code", code=code, **form)

    def come_in(self, email):
        self.ask(email)
        return self.type(self.hall.post[-1][1])

    def is_in(self):
        return self.client.get("/passkeys").status_code == 200

    def cookie(self):
        return self.client.get_cookie("hometrial").value

    def asked(self, path, page):
        return self.client.post(path, headers={"X-CSRFToken": self.token(page)})

    def register(self, device):
        asked = self.asked("/passkeys/ask", "/passkeys/new")
        return self.post("/passkeys", "/passkeys/new", answer=device.make(asked.text))

    def sign_in(self, device, **wrong):
        asked = self.asked("/enter/passkey/ask", "/enter")
        return self.post("/enter/passkey", "/enter", answer=device.sign(asked.text, **wrong))


@pytest.fixture(scope="module")
def hall(place):
    made = Hall(place)
    place.app.extensions[entrance.OUTGOING] = lambda _session, who, code: made.post.append(
        (who, code)
    )
    return made


@pytest.fixture(autouse=True)
def quick(hall, monkeypatch):
    """Answers about addresses need not be even here; the budgets are full again."""
    monkeypatch.setattr(entering, "EVEN", 0.0)
    hall.refill()
    hall.post.clear()


def location(answer):
    return answer.headers["Location"]


def h1(answer):
    return re.search(r"<h1>([^<]+)</h1>", answer.text)[1]


def test_a_code_opens_the_page_that_was_wanted(hall):
    person, email = hall.enrol()
    guest = hall.guest()
    closed = guest.get("/passkeys")
    assert closed.status_code == 401
    assert 'name="next" value="/passkeys"' in closed.text
    asked = guest.ask(f" {email.upper()} ", next="/passkeys")
    assert location(asked) == "/enter/code?next=/passkeys"
    page = guest.get(location(asked))
    assert "If this address is known to the study, a code is on its way." in page.text
    assert 'autocomplete="one-time-code"' in page.text
    [(whose, code)] = hall.post
    assert whose == person
    opened = guest.type(f"{code[:4]} {code[4:]}", next="/passkeys")
    assert (opened.status_code, location(opened)) == (303, "/passkeys")
    assert guest.is_in()
    assert location(guest.get("/enter?next=/team")) == "/team"


def test_an_unknown_address_is_answered_letter_by_letter_alike(hall):
    _, email = hall.enrol()
    told = []
    for address in (email, NOBODY):
        guest = hall.guest()
        asked = guest.ask(address)
        page = guest.get("/enter/code")
        tries = [guest.type("12") for _ in range(6)]
        told.append(
            [
                (each.status_code, re.sub(r'"csrf_token" value="[^"]+"', "", each.text))
                for each in (asked, page, *tries)
            ]
        )
        hall.refill()
    assert told[0] == told[1]
    assert [status for status, _ in told[0]] == [303, 200, *[400] * 5, 429]
    assert len(hall.post) == 1


def test_answers_about_addresses_take_the_same_time_at_least(hall, monkeypatch):
    waits = []
    monkeypatch.setattr(entering, "EVEN", 5.0)
    monkeypatch.setattr(entering.time, "sleep", waits.append)
    for address in (hall.enrol()[1], NOBODY):
        hall.guest().ask(address)
    assert [4.0 < wait <= 5.0 for wait in waits] == [True, True]


def test_an_address_that_is_none_is_refused_beside_the_field_and_stays_there(hall):
    answer = hall.guest().ask("ada at example")
    assert answer.status_code == 400
    assert 'value="ada at example"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'href="#email"' in answer.text
    assert hall.post == []


def test_the_cookie_is_a_new_one_and_the_old_one_worth_nothing(hall):
    person, email = hall.enrol()
    guest = hall.by_link(person)
    before = guest.cookie()
    guest.post("/leave", "/team")
    guest.come_in(email)
    assert guest.is_in()
    thief = hall.guest()
    thief.client.set_cookie("hometrial", before)
    assert not thief.is_in()


def test_a_form_of_before_is_stale_after_the_way_in(hall):
    _, email = hall.enrol()
    guest = hall.guest()
    guest.ask(email)
    token = guest.token("/enter/code")
    assert guest.type(hall.post[-1][1]).status_code == 303
    stale = guest.client.post("/passkeys/close", data={"csrf_token": token})
    assert stale.status_code == 400
    assert location(guest.get("/enter/code")) == "/enter?next=/"


def test_a_cookie_that_a_thief_planted_opens_nothing_for_the_thief(hall):
    _, email = hall.enrol()
    thief, victim = hall.guest(), hall.guest()
    thief.ask(email)
    victim.client.set_cookie("hometrial", thief.cookie())
    assert victim.type(hall.post[-1][1]).status_code == 303
    assert victim.is_in()
    assert not thief.is_in()


def test_who_comes_in_again_as_somebody_else_leaves_nothing_open(hall):
    (ada, _), (_, bob) = hall.enrol(), hall.enrol()
    guest = hall.by_link(ada)
    before = guest.cookie()
    # /enter leads on who is in already: the form of another window is sent all the same
    token = guest.token("/passkeys")
    guest.client.post("/enter", data={"csrf_token": token, "email": bob})
    guest.client.post("/enter/code", data={"csrf_token": token, "code": hall.post[-1][1]})
    assert guest.is_in()
    thief = hall.guest()
    thief.client.set_cookie("hometrial", before)
    assert not thief.is_in()


def test_a_form_that_is_sent_twice_is_harmless(hall):
    _, email = hall.enrol()
    guest = hall.guest()
    guest.ask(email)
    before, token, code = guest.cookie(), guest.token("/enter/code"), hall.post[-1][1]
    form = {"csrf_token": token, "code": code}
    assert guest.client.post("/enter/code", data=form).status_code == 303
    again = hall.guest()
    again.client.set_cookie("hometrial", before)
    second = again.client.post("/enter/code", data=form)
    assert second.status_code == 400
    assert "does not work any more" in second.text
    assert "Set-Cookie" not in second.headers  # so that the first answer's cookie stays
    assert guest.is_in()


def test_another_browser_another_person_and_a_guess_open_nothing(hall):
    (_, ada), (_, bob) = hall.enrol(), hall.enrol()
    guest, other = hall.guest(), hall.guest()
    guest.ask(ada)
    code = hall.post[-1][1]
    other.ask(bob)
    assert other.type(code).status_code == 400
    assert not other.is_in()
    nobody = hall.guest()
    assert location(nobody.get("/enter/code")) == "/enter?next=/"
    assert nobody.post("/enter/code", "/enter", code=code).status_code == 400
    for wrong in ("", "0" * 7, "x" * 5000, "１２３４５６７８", "' OR 1=1"):
        answer = guest.type(wrong)
        assert answer.status_code in (400, 429)
    assert not guest.is_in()


def test_too_many_requests_are_asked_for_patience(hall):
    _, email = hall.enrol()
    answers = [hall.guest().ask(email) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert answers[-1].headers["Retry-After"] == "720"
    assert h1(answers[-1]) == "Please wait a little"
    assert "in 12 minutes" in answers[-1].text


def test_what_a_request_says_about_its_place_changes_no_limit(hall):
    answers = []
    for number in range(32):
        guest = hall.guest()
        form = {"csrf_token": guest.token("/enter"), "email": f"g{number}@example.org"}
        forged = {"X-Forwarded-For": f"198.51.100.{number}", "Forwarded": f"for=10.0.0.{number}"}
        answers.append(guest.client.post("/enter", data=form, headers=forged).status_code)
    assert answers == [303] * 30 + [429] * 2


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example",
        "javascript:alert(1)", "/nowhere", "/leave", "evil", "/%0d%0aX: y", "/\t/evil.example",
        "http:/enter", "///evil.example/enter", "/enter@evil.example",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere(hall, wanted):
    _, email = hall.enrol()
    guest = hall.guest()
    assert location(guest.ask(email, next=wanted)) == "/enter/code?next=/"
    assert location(guest.type(hall.post[-1][1], next=wanted)) == "/"
    assert location(guest.get("/enter", query_string={"next": wanted})) == "/"
    assert 'name="next" value="/"' in guest.get("/confirm", query_string={"next": wanted}).text


def test_another_host_is_told_nothing(hall):
    for path in ("/enter", "/confirm", "/passkeys"):
        answer = hall.guest().get(path, headers={"Host": "evil.example"})
        assert answer.status_code == 400
        assert "evil.example" not in answer.text
    forwarded = hall.guest().get("/passkeys", headers={"X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in forwarded.text


@pytest.mark.parametrize(
    "path",
    ["/enter", "/enter/code", "/enter/passkey", "/enter/passkey/ask", "/confirm", "/confirm/code",
     "/confirm/passkey", "/confirm/passkey/ask", "/passkeys", "/passkeys/ask", "/passkeys/close"],
)  # fmt: skip
def test_no_form_is_taken_without_its_token(hall, path):
    guest = hall.by_link(hall.enrol()[0])
    assert guest.client.post(path, data={"email": "a@example.org"}).status_code == 400
    assert hall.post == []


def test_who_withdrew_from_everything_still_comes_in(hall):
    person, email = hall.enrol()
    with hall.place.database.transaction("staff") as session:
        session.get(enrolling.Participant, person).status = "withdrawn"
    guest = hall.guest()
    assert guest.come_in(email).status_code == 303
    assert guest.is_in()


def confirmed(hall, guest):
    """Return by what a guest has confirmed, as other pages ask."""
    app = hall.place.app
    with (
        app.test_request_context("/", headers={"Cookie": f"hometrial={guest.cookie()}"}),
    ):
        app.preprocess_request()
        with transaction("test") as session:
            return freshness.confirmed(session, g.visit)


def test_a_link_is_no_confirmation_and_a_code_is_one(hall):
    person, _ = hall.enrol()
    guest = hall.by_link(person)
    assert confirmed(hall, guest) is None
    page = guest.get("/confirm?next=/team")
    assert h1(page) == "Is it you?"
    before = guest.cookie()
    asked = guest.post("/confirm", next="/team")
    assert location(asked) == "/confirm/code?next=/team"
    assert hall.post[-1][0] == person
    answer = guest.post("/confirm/code", code=hall.post[-1][1], next="/team")
    assert location(answer) == "/team"
    assert confirmed(hall, guest) == "e-mail code"
    thief = hall.guest()
    thief.client.set_cookie("hometrial", before)
    assert not thief.is_in()
    assert guest.is_in()


@pytest.mark.parametrize(
    ("method", "asked", "back"),
    [
        ("GET", "/team?by=scribe", "/team?by=scribe"),
        ("GET", "/team", "/team"),
        ("POST", "/passkeys?by=scribe", "/passkeys"),
        ("POST", "/leave", "/"),
    ],
)
def test_who_has_to_confirm_comes_back_to_where_they_were(hall, method, asked, back):
    with hall.place.app.test_request_context(asked, method=method):
        answer = hall.place.app.handle_user_exception(freshness.NotConfirmedError("long ago"))
    assert parse_qs(urlsplit(location(answer)).query) == {"next": [back]}


def test_a_wrong_code_confirms_nothing_and_keeps_the_visit(hall):
    guest = hall.by_link(hall.enrol()[0])
    guest.post("/confirm")
    answer = guest.post("/confirm/code", code="1", next="/team")
    assert answer.status_code == 400
    assert "This is not the code" in answer.text
    assert 'name="next" value="/team"' in answer.text
    assert confirmed(hall, guest) is None


def test_who_has_no_address_is_told_the_way_out(hall):
    guest = hall.by_link(hall.enrol(email=False)[0])
    assert "Please tell the study team one" in guest.get("/confirm").text
    assert location(guest.post("/confirm", "/passkeys")) == "/confirm?next=/"
    assert hall.post == []


def test_a_passkey_is_made_only_by_who_has_proved_who_they_are(hall):
    person, email = hall.enrol()
    guest = hall.by_link(person)
    assert location(guest.get("/passkeys/new")) == "/confirm?next=/passkeys/new"
    refused = guest.asked("/passkeys/ask", "/confirm")
    assert location(refused) == "/confirm?next=/passkeys/new"
    forged = guest.post("/passkeys", "/confirm", answer="{}")
    assert location(forged) == "/confirm?next=/passkeys"
    guest = hall.guest()
    guest.come_in(email)
    assert location(guest.register(Authenticator("http://localhost"))) == "/passkeys"
    assert "Passkey 1" in guest.get("/passkeys").text


def test_a_passkey_lets_in_confirms_and_after_its_end_does_neither(hall):
    person, email = hall.enrol()
    owner, device = hall.guest(), Authenticator("http://localhost")
    owner.come_in(email)
    owner.register(device)
    guest = hall.guest()
    assert location(guest.sign_in(device)) == "/"
    assert confirmed(hall, guest) == "passkey"
    linked = hall.by_link(person)
    asked = linked.asked("/confirm/passkey/ask", "/confirm")
    before = linked.cookie()
    answer = linked.post(
        "/confirm/passkey", "/confirm", answer=device.sign(asked.text), next="/team"
    )
    assert location(answer) == "/team"
    assert confirmed(hall, linked) == "passkey"
    assert linked.cookie() != before
    path = re.search(r'action="(/passkeys/[^"]+/remove)"', owner.get("/passkeys").text)[1]
    stranger = hall.by_link(hall.enrol()[0])
    assert stranger.post(path, "/passkeys").status_code == 404
    assert location(owner.post(path, "/passkeys")) == "/passkeys"
    assert not guest.is_in()
    assert not linked.is_in()
    assert owner.is_in()
    assert owner.post(path, "/passkeys").status_code == 404
    assert hall.guest().sign_in(device).status_code == 400


@pytest.mark.parametrize("answer", ["", "{}", "null", "[1]", '{"id": 1}', "x" * 9000])
def test_no_answer_of_a_passkey_is_an_error_of_ours(hall, answer):
    guest = hall.guest()
    guest.asked("/enter/passkey/ask", "/enter")
    page = guest.post("/enter/passkey", "/enter", answer=answer)
    assert page.status_code == 400
    assert "The passkey did not work here" in page.text
    linked = hall.by_link(hall.enrol(email=False)[0])
    linked.asked("/passkeys/ask", "/passkeys/new")
    assert linked.post("/passkeys", "/passkeys/new", answer=answer).status_code == 400
    linked.register(Authenticator("http://localhost"))
    linked.asked("/confirm/passkey/ask", "/confirm")
    assert linked.post("/confirm/passkey", "/confirm", answer=answer).status_code == 400
    assert linked.is_in()


def test_a_passkey_that_did_not_ask_its_owner_opens_nothing(hall):
    owner, device = hall.by_link(hall.enrol(email=False)[0]), Authenticator("http://localhost")
    owner.register(device)
    assert hall.guest().sign_in(device, flags=PRESENT).status_code == 400
    assert hall.guest().sign_in(device, origin="https://evil.example").status_code == 400
    assert hall.guest().sign_in(device).status_code == 303


def test_all_other_pages_of_a_person_are_closed_by_one_button(hall):
    person, email = hall.enrol()
    here, there, stranger = hall.by_link(person), hall.guest(), hall.by_link(hall.enrol()[0])
    there.come_in(email)
    assert "open on 1 other device" in here.get("/passkeys").text
    assert location(here.post("/passkeys/close", "/passkeys")) == "/passkeys"
    assert [guest.is_in() for guest in (here, there, stranger)] == [True, False, True]
    assert "open only here" in here.get("/passkeys").text


def test_no_page_needs_a_script_of_its_own_and_none_names_what_the_study_is_about(hall):
    guest = hall.by_link(hall.enrol()[0])
    pages = [guest.get(path).text for path in ("/passkeys", "/confirm", "/team")]
    pages += [hall.guest().get("/enter").text]
    for page in pages:
        assert "<style" not in page
        assert not re.search(r"<script(?![^>]*src=)", page)
        assert not re.search(r"\son\w+=", page)
        for word in ("drug", "disease", "syndrome", "naltrexone", "covid"):
            assert word not in page.lower()


def test_neither_trail_nor_log_holds_a_code_an_address_or_a_cookie(hall, caplog):
    caplog.set_level("DEBUG")
    _, email = hall.enrol()
    guest = hall.guest()
    guest.come_in(email)
    code = hall.post[-1][1]
    kept = str(hall.rows("SELECT reason, old, new FROM audit.entry"))
    for secret in (code, email, email.lower(), guest.cookie()):
        assert secret not in kept
        assert secret not in caplog.text
    assert "come in by a code" in kept


@pytest.fixture
def house(hall):
    """The worker beside the site, and a mail server that takes what it sends."""
    box = Box()
    controller = start(box)
    own = hall.place.app.extensions.pop(entrance.OUTGOING)
    settings = hall.place.database.settings.model_copy(update=told(controller.port))
    database = Database(settings)
    yield House(database, {}), box
    database.close()
    hall.place.app.extensions[entrance.OUTGOING] = own
    controller.stop()


def test_the_code_of_a_real_mail_opens_the_page(hall, house):
    worker, box = house
    person, email = hall.enrol()
    guest = hall.guest()
    guest.client.set_cookie("look", "auto.20.0.de")
    assert guest.ask(email.lower()).status_code == 303
    sending.send_now(worker)
    assert box.recipients == [email]
    words = box.mails[-1].get_body(("plain",)).get_content()
    assert guest.type(re.search(r"\d{4} \d{4}", words)[0]).status_code == 303
    assert guest.is_in()
    assert hall.rows(
        "SELECT kind, language FROM message WHERE participant_id = :person", person=person
    ) == [("code", "de")]
    assert hall.guest().ask(NOBODY).status_code == 303
    sending.send_now(worker)
    assert len(box.mails) == 1
