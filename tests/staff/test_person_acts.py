"""What staff do for one person on the staff site: done once, refused with what was typed kept, never of another's person."""

import io
import re
from datetime import timedelta

import agreed
import asked
import linked
import pytest
import signed_in
from agreed import Trial
from dosed import ANSWERS, DOCTOR, Dosed, eligible
from sqlalchemy import select

from hometrial import clock
from hometrial.db import STAFF_ROLE, Database
from hometrial.models import Contact, DoseEvent, Message, Participant, Site
from hometrial.services import enrolling, working
from hometrial.services.agreeing import leaving, signing
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.asking import opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.dosing import ordering
from hometrial.services.messaging import states
from hometrial.services.messaging.states import Step
from hometrial.services.trial import contacting
from hometrial.services.trial.contacting import Spoke
from hometrial.staff import create_app

pytestmark = pytest.mark.long

assert ANSWERS


@pytest.fixture
def on_drug(study, at_clock):
    """Somebody of the case series who has taken the drug for five evenings, at noon of the sixth day."""
    at_clock(
        clock.now().replace(year=2026, month=3, day=2, hour=11, minute=0, second=0, microsecond=0)
    )
    with study.database.transaction("test", "a person") as session:
        person = eligible(session)
    taker = Dosed(study, at_clock, person).at(0)
    taker.start()
    taker.took_each(range(5))
    return taker.at(5)


def browser(study, roles=signed_in.EVERY, name="tests", sites=None):
    return signed_in.client(create_app(study.database), study.database, name, roles, sites)


def sent(client, address, **fields):
    """Open a form and send it, as a browser does."""
    page = client.get(address).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token, page[:500]
    return client.post(address, data={"csrf_token": token[1], **fields})


def text(answer):
    return answer.get_data(as_text=True)


def rows(study, model):
    with study.database.reading() as session:
        return session.scalars(select(model)).all()


def test_a_contact_is_logged_and_what_is_next_stands_on_the_page(study, on_drug):
    client = browser(study)
    done = sent(
        client, "/people/P-0001/contacts/new",
        way="phone", outcome="no_answer", direction="to_person", next_step="call again", next_on="2026-03-09",
    )  # fmt: skip
    assert done.status_code == 303
    page = text(client.get("/people/P-0001/contacts"))
    assert "call again" in page
    (row,) = rows(study, Contact)
    assert (row.by, row.outcome) == ("staff:tests", "no_answer")


def test_a_refused_form_keeps_what_was_typed_and_says_why(study, on_drug):
    client = browser(study)
    answer = sent(
        client, "/people/P-0001/contacts/new",
        way="phone", outcome="reached", direction="to_person", note="spoke of the watch", next_step="call again",
    )  # fmt: skip
    assert answer.status_code == 422
    assert "give both, or neither" in text(answer)
    assert "spoke of the watch" in text(answer)
    assert not rows(study, Contact)


def test_a_time_that_the_clocks_showed_twice_asks_for_its_offset(study, on_drug):
    client = browser(study)
    typed = {"way": "phone", "outcome": "reached", "direction": "to_person"}
    twice = sent(client, "/people/P-0001/contacts/new", at="2025-10-26 02:30", **typed)
    assert twice.status_code == 422
    assert "+0200 or +0100" in text(twice)
    told = sent(client, "/people/P-0001/contacts/new", at="2025-10-26 02:30+01:00", **typed)
    assert told.status_code == 303
    assert rows(study, Contact)[0].at.isoformat() == "2025-10-26T01:30:00+00:00"


def test_somebody_is_lost_only_after_attempts_on_three_days_and_can_be_found_again(study, on_drug):
    for number in (2, 3):
        _in_vain(on_drug.at(number))
    client = browser(study)
    early = sent(client, "/people/P-0001/contacts/lost", reason="no answer for days")
    assert early.status_code == 422
    assert "on 2 days" in text(early)
    _in_vain(on_drug.at(5))
    client = browser(study)
    assert sent(client, "/people/P-0001/contacts/lost", reason="moved away").status_code == 303
    assert rows(study, Participant)[0].status == "lost_to_follow_up"
    assert "moved away" in text(client.get(f"/people/P-0001/audit/participant/{on_drug.person.id}"))
    assert sent(client, "/people/P-0001/contacts/found", reason="called us").status_code == 303
    assert rows(study, Participant)[0].status == "enrolled"


def _in_vain(taker):
    spoke = Spoke(clock.now(), "phone", "nurse", "no_answer")
    taker.do(lambda session, person: contacting.log(session, person, spoke, recorded_by="nurse"))


def test_whoever_is_reached_is_not_tried_in_vain_any_more(study, on_drug):
    for number in (1, 2, 3):
        _in_vain(on_drug.at(number))
    on_drug.do(
        lambda session, person: contacting.log(
            session, person, Spoke(clock.now(), "phone", "nurse", "reached"), recorded_by="nurse"
        )
    )
    assert sent(browser(study), "/people/P-0001/contacts/lost", reason="x").status_code == 422


def test_an_order_is_shown_before_it_is_signed_and_nothing_is_written_until_then(study, on_drug):
    client, before = browser(study), len(rows(study, DoseEvent))
    order = {"what": "hold", "reason": "nausea for three days"}
    seen = sent(client, "/people/P-0001/doses/order", **order)
    assert seen.status_code == 200
    assert "Nothing is ordered yet" in text(seen)
    assert "on hold" in text(seen)
    assert len(rows(study, DoseEvent)) == before
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', text(seen))[1]
    known = re.search(r'name="seen"[^>]*value="(\d+)"', text(seen))[1]
    signed = {**order, "csrf_token": token, "seen": known, "sign": "yes"}
    assert client.post("/people/P-0001/doses/order", data=signed).status_code == 303
    last = rows(study, DoseEvent)[-1]
    assert (last.body["order"], last.by, last.why) == (
        "hold",
        "staff:tests",
        "nausea for three days",
    )


def test_an_order_is_not_signed_once_something_else_was_recorded(study, on_drug):
    client = browser(study)
    seen = sent(client, "/people/P-0001/doses/order", what="stop", reason="she asks for it")
    known = re.search(r'name="seen"[^>]*value="(\d+)"', text(seen))[1]
    sent(client, "/people/P-0001/doses/taken", on="2026-03-07")
    order = {"what": "stop", "reason": "she asks for it", "seen": known, "sign": "yes"}
    late = sent(client, "/people/P-0001/doses/order", **order)
    assert late.status_code == 422
    assert "look again" in text(late)
    assert "stop" not in {each.body.get("order") for each in rows(study, DoseEvent)}


def test_only_the_investigator_orders_and_proves_anew_who_it_is(study, on_drug):
    coordinator = browser(study, ("coordinator",), "cora")
    assert coordinator.get("/people/P-0001/doses/order").status_code == 403
    assert "Order the drug" not in text(coordinator.get("/people/P-0001/doses"))
    investigator = browser(study, ("investigator",), "ivy")
    on_drug.set_clock(clock.now() + timedelta(minutes=6))
    asked_anew = investigator.get("/people/P-0001/doses/order")
    assert asked_anew.status_code == 303
    assert "/doses/order" in asked_anew.headers["Location"]


def test_a_dose_told_by_telephone_stands_as_such_and_its_correction_keeps_it(study, on_drug):
    client = browser(study)
    assert sent(client, "/people/P-0001/doses/taken", on="2026-03-07").status_code == 303
    first = rows(study, DoseEvent)[-1]
    assert (first.body["source"], first.by) == ("site", "staff:tests")
    address = f"/people/P-0001/doses/{first.number}/correct"
    assert sent(client, address, mg="0").status_code == 422, "a correction says why"
    assert sent(client, address, mg="0", reason="she read the wrong day").status_code == 303
    history = text(client.get(f"/people/P-0001/audit/dose_event/{first.id}"))
    assert "she read the wrong day" in history
    assert "mg 0" in history
    page = text(client.get("/people/P-0001/doses"))
    assert "replaced" in page


def test_an_order_is_not_undone_as_if_it_were_a_dose(study, on_drug):
    assert browser(study).get("/people/P-0001/doses/1/void").status_code == 404


def test_a_link_is_shown_once_and_not_kept(study, on_drug):
    client = browser(study)
    shown = sent(client, "/people/P-0001/link", days="7", reason="new phone")
    token = re.search(r"/join/([\w-]{40,})", text(shown))[1]
    assert "<svg" in text(shown)
    assert shown.headers["Cache-Control"] == "no-store"
    assert token not in text(client.get("/people/P-0001/messages"))
    assert "new phone" in text(client.get("/people/P-0001/messages"))


def test_a_message_that_cannot_be_sent_says_why_and_leaves_no_message(study, on_drug):
    answer = sent(browser(study), "/people/P-0001/messages/reminder")
    assert answer.status_code == 422
    assert "not set up" in text(answer)
    assert not rows(study, Message)


@pytest.fixture
def with_mail(study):
    """The study's database, with a way to write to people."""
    mail = {"smtp_host": "localhost", "smtp_from": "trial@example.org"}
    found = Database(study.database.settings.model_copy(update=mail))
    yield found
    found.close()


def test_one_press_writes_about_the_watch_and_the_row_shows_its_way(study, on_drug, with_mail):
    on_drug.do(lambda session, person: linked.link(session, person, status="reconnect_needed"))
    client = signed_in.client(create_app(with_mail), with_mail)
    page = text(client.get("/people/P-0001"))
    (address,) = re.findall(r'action="(/people/P-0001/messages/watch)"', page)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    assert client.post(address, data={"csrf_token": token}).status_code == 303
    (made,) = rows(study, Message)
    assert (made.kind, made.created_by) == ("watch", "staff:tests")
    assert "<strong>queued</strong>" in text(client.get("/people/P-0001/messages"))
    twice = client.post(address, data={"csrf_token": token})
    assert twice.status_code == 422
    assert "it says the same" in text(twice)
    with study.database.transaction("worker", "sent") as session:
        for state in ("sending", "sent"):
            states.record(session, made, Step(state, "worker", code=250))
    for page in ("/people/P-0001/messages", "/people/P-0001/messages/now"):
        assert text(client.get(page)).count("<strong>sent</strong>") == 1
    again = sent(client, f"/people/P-0001/messages/{made.id}/again")
    assert again.status_code == 303
    assert [each.resends for each in rows(study, Message)].count(made.id) == 1


def test_whoever_wants_no_contact_is_not_written_to(study, on_drug):
    on_drug.do(
        lambda session, person: leaving.choose(
            session, {}, person, "stop_contact", said=leaving.Said("nurse", "staff")
        )
    )
    client = browser(study)
    answer = sent(client, "/people/P-0001/messages/reminder")
    assert answer.status_code == 422
    assert "wants no contact" in text(answer)


def test_leaving_is_read_back_before_it_is_done_and_done_once(study, on_drug):
    client = browser(study)
    chosen = {"choices": "withdraw_completely", "reason": "too much for her"}
    read = sent(client, "/people/P-0001/leaving/stop", **chosen)
    assert "Read this to P-0001" in text(read)
    assert "This cannot be taken back" in text(read)
    assert rows(study, Participant)[0].status == "enrolled"
    done = sent(client, "/people/P-0001/leaving/stop", confirmed="yes", **chosen)
    assert done.status_code == 303
    assert rows(study, Participant)[0].status == "withdrawn"
    with study.database.reading() as session:
        assert ordering.recording.chart_of(session, on_drug.person).standing.state == "withdrawn"
    receipt = client.get("/people/P-0001/leaving/receipt.pdf")
    assert receipt.data.startswith(b"%PDF")
    page = text(client.get("/people/P-0001/leaving"))
    assert "too much for her" in page
    assert "They want to stop something" in page, "deletion may still be asked for"


def test_a_choice_is_taken_back_with_a_reason(study, on_drug):
    client = browser(study)
    chosen = {"choices": "stop_diaries", "reason": "tired of it", "confirmed": "yes"}
    assert sent(client, "/people/P-0001/leaving/stop", **chosen).status_code == 303
    assert sent(client, "/people/P-0001/leaving/back/stop_diaries", reason="").status_code == 422
    done = sent(client, "/people/P-0001/leaving/back/stop_diaries", reason="she feels better")
    assert done.status_code == 303
    assert "holds no longer" in text(client.get("/people/P-0001/leaving"))


def test_an_opioid_says_at_once_what_to_tell_the_person(study, on_drug):
    client = browser(study)
    sent(client, "/people/P-0001/medicines/new", name="Tramadol", began="2026-03")
    page = text(client.get("/people/P-0001/medicines"))
    assert "do not take the next dose" in page
    assert "opioid" in page
    assert "red" in text(client.get("/people/P-0001/events"))


def test_names_are_shown_on_a_press_alone_and_every_look_is_logged(study, on_drug):
    client = browser(study)
    typed = {"name": "Zoë Müller", "email": "zoe@example.org", "reason": "told at the first call"}
    assert sent(client, "/people/P-0001/identity/keep", **typed).status_code == 303
    assert "Zoë" not in text(client.get("/people/P-0001/identity"))
    assert "Zoë Müller" in text(sent(client, "/people/P-0001/identity"))
    looks = study.rows("SELECT who, subject FROM access.access_record WHERE kind = 'identity'")
    assert ("staff:tests", "P-0001") in looks
    assert (
        browser(study, ("data_manager",), "dana").get("/people/P-0001/identity").status_code == 403
    )


def test_a_task_ends_with_what_came_of_it(study, on_drug):
    on_drug.do(
        lambda session, person: working.open_item(session, person.id, "dose_call", "D2", "call her")
    )
    client = browser(study)
    page = text(client.get("/people/P-0001"))
    address = re.search(r'href="(/people/P-0001/tasks/[0-9a-f-]+)"', page)[1]
    assert sent(client, address, reason="spoken with her").status_code == 303
    assert study.rows("SELECT closed_because FROM work_item") == [("spoken with her",)]


def test_a_person_of_another_site_is_not_there(study, on_drug):
    with study.database.transaction("test", "another site") as session:
        other = Site(code="S-02", name="Elsewhere")
        session.add(other)
        session.flush()
        enrolling.add_participant(session, site=other)
    here = browser(study, ("coordinator", "investigator"), "ada", ("S-01",))
    assert here.get("/people/P-0001/doses").status_code == 200
    for page in (
        "",
        "/doses",
        "/consent",
        "/contacts",
        "/contacts/new",
        "/doses/order",
        "/leaving/stop",
    ):
        assert here.get(f"/people/P-0002{page}").status_code == 404, page


def test_the_history_of_another_persons_value_is_not_there(study, on_drug):
    with study.database.transaction("test", "another person") as session:
        enrolling.add_participant(session)
    event = rows(study, DoseEvent)[0]
    client = browser(study)
    assert client.get(f"/people/P-0001/audit/dose_event/{event.id}").status_code == 200
    assert client.get(f"/people/P-0002/audit/dose_event/{event.id}").status_code == 409
    assert client.get(f"/people/P-0001/audit/identity/{event.id}").status_code == 409


@pytest.fixture
def answered(study, at_clock):
    """Somebody who has handed a diary in: a response with its answers."""
    at_clock(asked.MORNING)
    with study.database.transaction("test", "a diary") as session:
        person = asked.in_trial(session, consent=asked.MORNING.date())
        sitting = opening.open_form(session, person, "phq9", asked.SCREENING, asked.SELF)
        for number in range(1, 10):
            saving.save(session, person, sitting.id, Entry(f"phq9_{number}", 0))
        saving.save(session, person, sitting.id, Entry("phq9_10", 0))
        submitting.submit(session, person, sitting.id)
        return person, sitting.response_id


def test_a_corrected_answer_says_why_and_the_first_word_stays(study, answered):
    _, response = answered
    client = browser(study)
    address = f"/people/P-0001/questionnaires/{response}/correct"
    typed = {f"item_phq9_{number}": "0" for number in range(2, 11)}
    silent = sent(client, address, item_phq9_1="1", **typed)
    assert silent.status_code == 422
    done = sent(client, address, item_phq9_1="1", reason="she pressed the wrong one", **typed)
    assert done.status_code == 303, text(done)
    page = text(client.get(f"/people/P-0001/questionnaires/{response}"))
    assert "she pressed the wrong one" in page
    assert re.search(r'class="was">0', page)
    assert study.one("SELECT count(*) FROM answer WHERE item = 'phq9_1'") == 2
    assert study.one("SELECT count(*) FROM answer WHERE item = 'phq9_2'") == 1, "only what changed"


def test_answers_told_by_telephone_are_attributed_as_such(study, answered):
    client = browser(study)
    address = f"/people/P-0001/questionnaires/enter/gad7/{asked.SCREENING.replace('#', '%23')}"
    typed = {f"item_gad7_{number}": "1" for number in range(1, 8)}
    half = sent(client, address, respondent="proxy", reason="too ill to type", item_gad7_1="1")
    assert half.status_code == 422
    assert study.one("SELECT count(*) FROM answer WHERE item LIKE 'gad7%'") == 0
    done = sent(client, address, respondent="proxy", reason="too ill to type", **typed)
    assert done.status_code == 303, text(done)
    found = study.rows(
        "SELECT by, mode, respondent, because, is_staff FROM sitting ORDER BY began_at"
    )
    assert found[-1] == ("staff:tests", "interview", "proxy", "too ill to type", True)


@pytest.fixture
def signed(study, at_clock):
    """Somebody who has signed on their own page, and another who is asked to."""
    at_clock(agreed.NOON)
    with study.database.transaction("test", "consent") as session:
        trial = Trial(session, Keys.of(study.database.settings))
        version = trial.publish()
        person, signature = trial.signed(version)
        other = trial.person(version)
        offer = trial.offer(other)
        answers = {f"answer_{each.id}": each.right for each in offer.quiz.questions}
    at_clock(agreed.NOON + timedelta(hours=2))
    return person, signature, other, answers


def test_a_signature_is_countersigned_with_a_fresh_proof(study, signed):
    person, signature, _, _ = signed
    client = browser(study)
    typed = {"name": "Ada Byron", "meaning": "I led the talk", "identity_check": "staff register"}
    address = f"/people/{person.code}/consent/{signature.id}/countersign"
    assert sent(client, address, **typed).status_code == 303
    with study.database.reading() as session:
        beside = signing.countersignature(session, signature)
    assert beside.signer == "staff:tests"
    assert "anew" in beside.reauthentication
    page = text(client.get(f"/people/{person.code}/consent"))
    assert "stands as it was given" in page
    copy = client.get(f"/people/{person.code}/consent/{signature.id}/copy.pdf")
    assert copy.data.startswith(b"%PDF")


def test_consent_on_paper_is_recorded_with_its_scan(study, signed):
    _, _, other, answers = signed
    client = browser(study)
    address = f"/people/{other.code}/consent/paper/main/en"
    typed = {
        "name": "Max Muster", "signed_at": "2026-03-02 01:00", "meaning": "I agree",
        "identity_check": "passport shown", "led_by": "dr-ada", "role": "self", "answered": "paper",
        **answers,
    }  # fmt: skip
    wrong = sent(client, address, scan=(io.BytesIO(b"GIF89a" * 9), "scan.gif"), **typed)
    assert wrong.status_code == 422
    assert "none of PDF" in text(wrong)
    scan = b"%PDF-1.7\n" + b"x" * 300_000
    done = sent(client, address, scan=(io.BytesIO(scan), "scan.pdf"), **typed)
    assert done.status_code == 303, text(done)
    with study.database.reading() as session:
        (made,) = signing.signatures(session, other)
    assert made.kind == "handwritten"
    given = client.get(f"/people/{other.code}/consent/{made.id}/scan")
    assert given.data == scan, text(given)[-900:]
    assert (
        browser(study, ("monitor",), "mona")
        .get(f"/people/{other.code}/consent/{made.id}/scan")
        .status_code
        == 403
    )


assert DOCTOR


def test_numbers_of_the_study_go_on_where_another_sites_ended(study, on_drug):
    with study.database.transaction("test", "another site") as session:
        other = Site(code="S-02", name="Elsewhere")
        session.add(other)
        session.flush()
        enrolling.add_participant(session, site=other)
    with study.database.reading() as session:
        here = session.scalars(select(Site.id).where(Site.code == "S-01")).one()
    with study.database.transaction("test", "as staff of S-01", STAFF_ROLE, [here]) as session:
        made = enrolling.add_participant(session, site=enrolling.find_site(session, "S-01"))
        assert made.code == "P-0003"
