"""Consent on a person's own page: read in pieces, understood, signed with a fresh proof, refused in peace."""

import hashlib
import html
import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from tests.support.agreed import APPROVED, INVESTIGATOR, Trial, dizzy, filled, revised

from hometrial import clock
from hometrial.models import ConsentSignature, Participant
from hometrial.protocol import consent_text
from hometrial.services import consenting, enrolling
from hometrial.services.agreeing import (
    discussing,
    reading,
    sealing,
    signing,
    texts,
    understanding,
)
from hometrial.services.agreeing.discussing import Talk
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.entering import freshness
from hometrial.services.syncing import invitations
from hometrial.services.trial import following, publishing, screening
from hometrial_ingest.data_types import DataType


@pytest.fixture(scope="module")
def keys(place):
    return Keys.of(place.database.settings)


@pytest.fixture(scope="module")
def version(place, keys):
    with place.database.transaction("staff") as session:
        return Trial(session, keys).publish()


@dataclass
class Somebody:
    """Somebody on their page, and what the study holds of them."""

    place: object
    keys: Keys
    client: object
    code: str

    def get(self, address):
        return self.client.get(address)

    def post(self, address, **data):
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.client.get("/look").text)[1]
        return self.client.post(address, data={"csrf_token": token, **data})

    def does(self, act):
        """Do something to the study for the person: act(trial, person)."""
        with self.place.database.transaction("test") as session:
            return act(Trial(session, self.keys), self.person(session))

    def person(self, session):
        return session.scalars(select(Participant).where(Participant.code == self.code)).one()

    def offer(self):
        return self.does(lambda trial, person: trial.offer(person))

    def text(self):
        return str(self.offer().text.id)

    def read_all(self):
        """Read on from wherever the page leads, to the end."""
        address = self.get("/consent/next").headers["Location"]
        while address.startswith("/consent/read/"):
            page = self.get(address)
            form = re.search(r'name="text" value="([^"]+)"', page.text)[1]
            address = self.post(address, text=form, then="next").headers["Location"]
        return address

    def answer(self, *wrong):
        """Answer every question that is open, those named wrongly; return where it leads."""
        address = "/consent/questions/1"
        asked = {html.escape(e.text): e for e in self.offer().quiz.questions}
        while re.fullmatch(r"/consent/questions/\d+", address):
            page = self.get(address).text
            question = next(
                each
                for said, each in asked.items()
                if said.replace("&#39;", "&#x27;") in page.replace("&#39;", "&#x27;")
            )
            chosen = question.right
            if question.id in wrong:
                chosen = next(e.id for e in question.options if e.id != question.right)
            address = self.post(address, text=self.text(), answer=chosen, then="next").headers[
                "Location"
            ]
        return address

    def understand(self):
        self.does(lambda trial, person: trial.understand(person, trial.offer(person)))

    def talked(self):
        talk = Talk("video", "dr-ada", "passport shown", clock.now())
        self.does(lambda trial, person: discussing.record(trial.session, person, talk, by="dr-ada"))

    def fresh(self):
        """Prove who they are, as /confirm does."""
        with (
            self.place.database.transaction("test") as session,
            self.client.session_transaction() as cookie,
        ):
            visit = invitations.visit(session, cookie["visit"])
            cookie["visit"] = freshness.confirm(session, visit, "e-mail code")

    def switches(self, **chosen):
        kinds = self.offer().protocol.consent.data_types
        answers = {each: chosen.get(each, "no") for each in kinds}
        return self.post("/consent/choices", text=self.text(), **answers)

    def ready(self, **chosen):
        """Come to the signing page."""
        self.understand()
        self.talked()
        self.fresh()
        assert self.switches(**chosen).headers["Location"] == "/consent/sign"
        return self

    def sign(self, **changed):
        form = {"text": self.text(), "by": "self", "name": "Łukasz Żółć", "means": "y"} | changed
        return self.post("/consent/sign", **form)

    def signatures(self):
        with self.place.database.reading() as session:
            return list(signing.signatures(session, self.person(session)))

    def copies_given(self):
        with self.place.database.reading() as session:
            rows = session.execute(text("SELECT sha256, given_to FROM consent_copy"))
            return [tuple(each) for each in rows]

    def is_countersigned(self, signature):
        with self.place.database.transaction("test") as session:
            row = session.get(ConsentSignature, signature)
            signing.countersign(session, self.keys, row, INVESTIGATOR, by="dr-ada")

    def refusals(self):
        with self.place.database.reading() as session:
            return (
                session.execute(
                    text(
                        "SELECT because FROM signature_refusal r JOIN participant p"
                        " ON p.id = r.participant_id WHERE p.code = :code ORDER BY refused_at"
                    ),
                    {"code": self.code},
                )
                .scalars()
                .all()
            )


def comes(place, keys, version, *, screened=False):
    """Return a new person of a version on their page."""
    with place.database.transaction("staff") as session:
        trial = Trial(session, keys)
        current = session.merge(version)
        if screened:
            opened = screening.open_screening(session, current, by="ann")
            person = session.get_one(Participant, opened.participant_id)
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        else:
            person = trial.person(current)
        path = f"/join/{invitations.invite(session, person, 'test')}"
    came = Somebody(place, keys, place.app.test_client(), person.code)
    assert came.post(path).status_code == 303
    return came


@pytest.fixture
def anna(place, keys, version):
    return comes(place, keys, version)


def test_the_first_card_says_what_how_long_and_that_one_may_stop(anna):
    page = anna.get("/consent").text
    assert "Do you want to take part?" in page
    assert "To read: 11 pieces" in page
    assert "You can stop at any point. Your place is kept, on every device." in page
    assert "Yes and no are both good answers." in page
    assert 'href="/consent/read/research"' in page
    assert "I do not want to take part" in page


def test_a_document_is_read_in_pieces_with_next_and_back_at_top_and_bottom(anna):
    page = anna.get("/consent/read/research").text
    assert page.count('value="next"') == page.count('value="back"') == 2
    assert "1 of 11" in page
    assert "the most important first" in page
    assert page.index('name="text"') < page.index("<article")
    moved = anna.post("/consent/read/research", text=anna.text(), then="next")
    assert (moved.status_code, moved.headers["Location"]) == (303, "/consent/read/length")
    back = anna.post("/consent/read/length", text=anna.text(), then="back")
    assert back.headers["Location"] == "/consent/read/research"
    assert anna.get("/consent/read/nowhere").status_code == 404
    assert anna.post("/consent/read/length", text=anna.text(), then="jump").status_code == 400


def test_who_rests_goes_on_where_they_stopped_on_another_device(place, anna, keys):
    anna.post("/consent/read/research", text=anna.text(), then="next")
    rested = anna.post("/consent/read/length", text=anna.text(), then="rest")
    assert rested.headers["Location"] == "/consent/rest"
    assert "Your place is kept" in anna.get("/consent/rest").text
    with place.database.transaction("staff") as session:
        path = f"/join/{invitations.invite(session, anna.person(session), 'test')}"
    phone = Somebody(place, keys, place.app.test_client(), anna.code)
    phone.post(path)
    assert phone.get("/consent/next").headers["Location"] == "/consent/read/length"
    assert "Go on" in phone.get("/consent").text


def test_a_section_that_is_sent_twice_counts_once(anna):
    for _ in range(2):
        anna.post("/consent/read/research", text=anna.text(), then="next")
    done = anna.does(lambda t, p: reading.progress(t.session, p, t.offer(p)).done)
    assert done == ("research",)


def test_words_of_the_text_are_escaped_and_stars_are_bold(anna):
    page = anna.get("/consent/read/risks").text
    assert "<strong>Opioid pain medicines" in page
    assert "**" not in page


def test_words_are_explained_where_they_are_met(anna):
    terms = {each.term for each in anna.offer().quiz.glossary}
    assert terms
    shown = [anna.get(f"/consent/read/{e.id}").text for e in anna.offer().words.sections]
    assert any("Words explained" in page and any(t in page for t in terms) for page in shown)


def test_the_page_of_a_german_reader_has_the_german_document(anna):
    anna.client.set_cookie("look", "auto.20.0.de")
    page = anna.get("/consent/read/research").text
    german = anna.does(lambda t, p: t.offer(p, "de"))
    assert html.escape(german.words.section("research").heading) in page
    assert '<article class="card" lang="de">' in page
    assert "Weiter" in page


@pytest.fixture
def bea(anna):
    """Somebody who has signed, and what they signed."""
    anna.ready(steps="yes")
    signed = anna.sign()
    assert (signed.status_code, signed.headers["Location"]) == (303, "/consent/signed")
    return anna


def test_all_the_way_from_the_first_card_to_the_signing_page(anna):
    assert anna.read_all() == "/consent/questions/1"
    assert anna.answer() == "/consent/questions/right"
    assert "All answers are right" in anna.get("/consent/questions/right").text
    assert anna.get("/consent/next").headers["Location"] == "/consent/choices"
    assert anna.switches(steps="yes").headers["Location"] == "/consent/talk"
    assert "Before you sign, we talk" in anna.get("/consent/talk").text
    assert anna.get("/consent/sign").headers["Location"] == "/consent/talk"
    anna.talked()
    asked = anna.get("/consent/sign")
    assert asked.headers["Location"] == "/confirm?next=/consent/sign"
    anna.fresh()
    page = anna.get("/consent/sign").text
    assert "your steps" in page
    assert "(Europe/Berlin)" in page
    assert " checked" not in page


def test_a_signature_holds_what_was_chosen_and_how_it_was_made_sure_of(bea):
    (row,) = bea.signatures()
    assert (row.granted, row.reauthentication, row.identity_check, row.discussed_with) == (
        ["steps"],
        "e-mail code",
        "passport shown",
        "dr-ada",
    )
    assert row.meaning.endswith("This is my signature.")
    assert bea.does(lambda t, _: sealing.verify(t.session, t.keys, row)) == ()
    assert "Nothing to read now" in bea.get("/consent").text


def test_who_signed_gets_a_copy_and_sees_when_the_doctor_has_signed(bea):
    (row,) = bea.signatures()
    assert "Now the study doctor signs, too." in bea.get("/consent/signed").text
    copy = bea.get(f"/consent/copies/{row.id}.pdf")
    assert copy.data.startswith(b"%PDF-")
    assert copy.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "no-store" in copy.headers["Cache-Control"]
    sha256 = hashlib.sha256(copy.data).hexdigest()
    assert copy.headers["X-Checksum-SHA256"] == sha256
    assert (sha256, bea.code) in bea.copies_given()
    assert "not yet" in bea.get("/consent/copies").text
    bea.is_countersigned(row.id)
    assert "The study doctor has signed, too." in bea.get("/consent/signed").text
    assert bea.get(f"/consent/copies/{row.id}.pdf").data != copy.data


def test_wrong_answers_show_their_parts_again_and_only_they_are_asked_again(anna):
    anna.read_all()
    assert anna.answer("opioids", "may_stop") == "/consent/questions/again"
    page = anna.get("/consent/questions/again").text
    assert "2 answers were not right yet." in page
    assert anna.get("/consent/questions/1").headers["Location"].startswith("/consent/read/")
    address = anna.get("/consent/next").headers["Location"]
    assert "We show you this part again" in anna.get(address).text
    anna.read_all()
    assert "Question 1 of 2" in anna.get("/consent/questions/1").text
    assert anna.answer() == "/consent/questions/right"


def test_after_three_tries_somebody_calls_and_nothing_else_is_asked(anna):
    for _ in range(3):
        anna.read_all()
        led = anna.answer("may_stop")
    assert led == "/consent/call"
    assert "We will call you" in anna.get("/consent/call").text
    anna.read_all()
    for way in ("/consent/questions/1", "/consent/choices", "/consent/sign"):
        assert anna.get(way).headers["Location"] == "/consent/call"
    (kind,) = anna.does(
        lambda t, p: (
            t.session.execute(
                text("SELECT kind FROM work_item WHERE participant_id = :id"), {"id": p.id}
            )
            .scalars()
            .all()
        )
    )
    assert kind == "consent_call"


def test_a_last_question_that_is_sent_twice_is_one_try(anna):
    anna.read_all()
    questions = anna.offer().quiz.questions
    form = [
        (n, {"text": anna.text(), "then": "next", "answer": e.right})
        for n, e in enumerate(questions, 1)
    ]
    for number, each in form:
        anna.post(f"/consent/questions/{number}", **each)
    twice = anna.post(f"/consent/questions/{len(form)}", **form[-1][1])
    assert twice.status_code == 303
    assert anna.does(lambda t, p: understanding.tries(t.session, p, t.offer(p)).made) == 1


def test_a_question_without_an_answer_says_so_beside_it(anna):
    anna.read_all()
    page = anna.post("/consent/questions/1", text=anna.text(), then="next")
    assert page.status_code == 400
    assert 'aria-invalid="true"' in page.text
    assert "Please choose one answer." in page.text


def test_no_switch_is_chosen_beforehand_and_each_needs_its_answer(anna):
    anna.understand()
    page = anna.get("/consent/choices").text
    assert page.count('type="radio"') == 2 * len(anna.offer().protocol.consent.data_types)
    assert " checked" not in page
    refused = anna.post("/consent/choices", text=anna.text(), steps="yes")
    assert refused.status_code == 400
    assert "Please choose yes or no. Both are fine." in refused.text
    assert re.search(r'value="yes" checked', refused.text)


def test_no_to_every_switch_is_a_consent_too(anna):
    anna.ready()
    assert anna.sign().status_code == 303
    assert anna.signatures()[0].granted == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "Please write the whole name."),
        ({"name": "x" * 201}, "That is too long."),
        ({"means": ""}, "Please tick this if you want to sign."),
        ({"by": "scribe"}, "Please say how they are related."),
    ],
)
def test_what_is_missing_is_said_beside_its_field_and_nothing_is_signed(anna, changed, said):
    anna.ready()
    page = anna.sign(**changed)
    assert page.status_code == 400
    assert said in page.text
    assert 'role="alert"' in page.text
    if "name" not in changed:
        assert "Łukasz Żółć" in page.text
    assert anna.signatures() == []


def test_who_helps_is_kept_with_the_signature(anna):
    anna.ready()
    page = anna.get("/consent/sign?by=scribe").text
    assert "Full name of who helps" in page
    assert anna.get("/consent/sign?by=proxy").status_code == 404
    assert anna.sign(by="proxy", helper="Eva", relation="mother").status_code == 404
    assert anna.sign(by="scribe", helper="Ben Żółć", relation="brother").status_code == 303
    assert anna.signatures()[0].role == "scribe"


def test_a_form_that_is_sent_twice_signs_once(anna):
    anna.ready()
    assert [anna.sign().headers["Location"] for _ in range(2)] == ["/consent/signed"] * 2
    assert len(anna.signatures()) == 1


def test_nobody_signs_without_a_fresh_proof_and_the_try_is_kept(anna):
    anna.understand()
    anna.talked()
    anna.switches()
    refused = anna.sign()
    assert refused.headers["Location"] == "/confirm?next=/consent/sign"
    assert anna.signatures() == []
    (because,) = anna.refusals()
    assert "has not proved" in because
    assert "Łukasz" not in because


@pytest.mark.parametrize("skipped", ["read", "quiz", "talk", "switches"])
def test_no_step_is_skipped_by_its_address_and_the_try_is_kept(anna, skipped):
    anna.fresh()
    if skipped != "read":
        anna.does(lambda t, p: t.read(p, t.offer(p)))
    if skipped not in ("read", "quiz"):
        anna.understand()
    if skipped != "talk":
        anna.talked()
    if skipped != "switches":
        with anna.client.session_transaction() as cookie:
            made = anna.does(lambda t, p: understanding.tries(t.session, p, t.offer(p)).made)
            kinds = anna.offer().protocol.consent.data_types
            cookie["consent"] = {
                "key": f"{anna.text()}/{made}", "answers": {}, "switches": dict.fromkeys(kinds, "no"),
            }  # fmt: skip
    assert anna.get("/consent/sign").status_code == 303
    assert anna.sign().status_code == 409
    assert anna.signatures() == []
    assert len(anna.refusals()) == 1


def test_a_page_made_for_other_words_signs_nothing_and_the_try_is_kept(anna):
    anna.ready()
    german = str(anna.does(lambda t, p: t.offer(p, "de")).text.id)
    refused = anna.sign(text=german)
    assert refused.status_code == 409
    assert "Nothing was signed and nothing is lost." in refused.text
    assert anna.refusals() == ["sent from a page of other words"]
    assert anna.post("/consent/choices", text=german, steps="yes").status_code == 409
    assert anna.post("/consent/read/research", text=german, then="next").status_code == 409
    assert anna.signatures() == []


def test_a_text_of_which_a_byte_was_changed_is_not_signed_and_the_try_is_kept(place, anna):
    anna.ready()
    change = "UPDATE consent_text SET body = replace(body, 'nausea', 'nauseb') WHERE id = :id"
    back = "UPDATE consent_text SET body = replace(body, 'nauseb', 'nausea') WHERE id = :id"
    form = anna.text()
    tamper(place, change, form)
    try:
        assert anna.sign(text=form).status_code == 409
    finally:
        tamper(place, back, form)
    assert "text: it is not what was kept" in anna.refusals()[0]
    assert anna.signatures() == []
    assert anna.sign().status_code == 303


def tamper(place, statement, text_id):
    with place.database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement), {"id": text_id})


def test_nobody_gets_the_copy_of_somebody_else(place, keys, version, anna):
    anna.ready()
    anna.sign()
    (row,) = anna.signatures()
    eve = comes(place, keys, version)
    assert eve.get(f"/consent/copies/{row.id}.pdf").status_code == 404
    assert anna.get(f"/consent/copies/{row.text_id}.pdf").status_code == 404
    assert anna.get(f"/consent/copies/{row.id}.pdf").status_code == 200
    assert place.app.test_client().get(f"/consent/copies/{row.id}.pdf").status_code == 401


def test_no_at_any_point_closes_the_screening_in_peace(place, keys, version):
    ben = comes(place, keys, version, screened=True)
    assert "No is a good answer" in ben.get("/consent/no").text
    assert ben.post("/consent/no", reason="").headers["Location"] == "/consent"
    page = ben.get("/consent").text
    assert "That is fine. Thank you for telling us." in page
    last = ben.does(lambda t, p: screening.newest(t.session, p))
    assert (last.outcome, last.because, last.decided_by) == (
        "declined",
        "no reason given",
        ben.code,
    )
    assert ben.get("/consent/next").headers["Location"] == "/consent"
    assert ben.post("/consent/no", reason="again").status_code == 303


def test_a_no_that_nobody_has_settled_may_be_taken_back(anna):
    anna.ready()
    anna.post("/consent/no", reason="too much")
    assert "You said no" in anna.get("/consent").text
    assert anna.sign().status_code == 409
    assert anna.signatures() == []
    anna.post("/consent/think-again")
    assert "Do you want to take part?" in anna.get("/consent").text
    assert anna.sign().headers["Location"] == "/consent/signed"


def test_each_kind_of_data_is_stopped_and_shared_again_later(anna):
    anna.ready(heart_rate="yes", steps="yes")
    anna.sign()
    page = anna.get("/consent/sharing").text
    assert page.count("Shared since") == 2
    assert "Not shared." in page
    asked = anna.get("/consent/sharing/steps").text
    assert "What is measured from now on is not taken in any more: at once." in asked
    anna.place.sims.clock.advance(timedelta(minutes=5))
    for _ in range(2):
        assert anna.post("/consent/sharing/steps", then="keep").status_code == 303
    assert "Not shared since" in anna.get("/consent/sharing").text
    given = anna.does(lambda t, p: consenting.spells(t.session, p.id))
    assert not given.in_force(DataType.STEPS, clock.now())
    assert given.in_force(DataType.HEART_RATE, clock.now())
    assert given.spells[DataType.STEPS][0].keep_late
    anna.place.sims.clock.advance(timedelta(minutes=5))
    assert anna.post("/consent/sharing/steps", then="share").status_code == 303
    assert anna.does(
        lambda t, p: consenting.spells(t.session, p.id).in_force(DataType.STEPS, clock.now())
    )
    assert anna.get("/consent/sharing/weight").status_code == 404
    assert anna.post("/consent/sharing/steps", then="other").status_code == 400


def test_nobody_shares_before_they_signed(anna):
    assert "You share nothing yet." in anna.get("/consent/sharing").text
    assert anna.post("/consent/sharing/steps", then="share").status_code == 404


def test_a_rehearsal_says_so_on_each_page(place, keys):
    with place.database.transaction("staff") as session:
        rehearsed = Trial(session, keys).publish(is_test=True)
    ben = comes(place, keys, rehearsed)
    for address in ("/consent", "/consent/read/research", "/consent/no"):
        assert "Rehearsal: nothing here counts." in ben.get(address).text
    ben.ready()
    assert "Rehearsal" in ben.get("/consent/sign").text
    ben.sign()
    for address in ("/consent/signed", "/consent/copies", "/consent/sharing", "/consent"):
        assert "Rehearsal" in ben.get(address).text


def test_a_new_version_shows_what_is_new_first_and_moves_who_signs_it(place, keys):
    base = APPROVED.replace("id: ldn-mecfs", "id: ldn-anew", 1)
    with place.database.transaction("staff") as session:
        first = Trial(session, keys).publish(base)
    ben = comes(place, keys, first)
    ben.does(lambda t, p: (t.understand(p, t.offer(p)), t.sign(p, t.offer(p))))
    place.sims.clock.advance(timedelta(minutes=10))
    with place.database.transaction("staff") as session:
        newer = publishing.load(
            session, revised("reconsent", "all", base=base), "trial.yaml", by="ann"
        )
        publishing.approve(session, newer, by="bob", because="reviewed")
        publishing.publish(session, newer)
        for document in publishing.of(newer).consent.documents:
            words, quiz = consent_text.shipped(document)
            edit = filled if document.version == "1.0.0" else dizzy
            texts.keep(session, newer, document, body=edit(words), quiz=quiz, by="ann")
    start = ben.get("/consent").text
    assert "Something has changed" in start
    assert "after that you get no new medicine" in start
    assert ben.get("/consent/next").headers["Location"] == "/consent/read/risks"
    page = ben.get("/consent/read/risks").text
    assert "New or changed:" in page
    assert page.index("New or changed:") < page.index("dizziness")
    assert "1 of 11" in page
    ben.talked()
    ben.fresh()
    assert ben.read_all() == "/consent/sign"
    form = re.search(r'name="text" value="([^"]+)"', ben.get("/consent/sign").text)[1]
    assert ben.sign(text=form).headers["Location"] == "/consent/signed"
    assert [each.version for each in ben.signatures()] == ["1.0.0", "1.1.0"]
    assert ben.does(lambda t, p: following.version_of(t.session, p).version) == "1.1.0"
    page = ben.get("/consent/copies").text
    assert page.count("Copy to keep (PDF)") == 2
