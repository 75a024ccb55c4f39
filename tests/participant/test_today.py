"""The first page: what is to be done today, in every stage of a trial; no backlog, no counts, no hurry."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import enrolled
import pytest
from sqlalchemy import event, text
from tests.support.at_home import BEFORE, OWN_STEPS, words, world
from tests.support.dosed import DOCTOR

from hometrial import clock
from hometrial.models import Connection, Participant, StreamState, WearableAccount
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.services import consenting, enrolling
from hometrial.services.agreeing import leaving
from hometrial.services.dosing import ordering
from hometrial.services.trial import (
    allocating,
    answering,
    following,
    publishing,
    schemes,
    screening,
)
from hometrial.services.trial.answering import Told

pytestmark = pytest.mark.long

KEY = b"k" * 32


@pytest.fixture(scope="module")
def here(shared_study, tmp_path_factory):
    with world(shared_study, tmp_path_factory.mktemp("clock")) as made:
        yield made


@pytest.fixture(scope="module")
def invited(here):
    """The template for ME/CFS in force with its texts, and what the acts of consent need."""
    from agreed import Trial

    from hometrial.services.agreeing.sealing import Keys

    here.set_clock(BEFORE)
    with here.study.database.transaction("staff", "publish") as session:
        Trial(session, Keys.of(here.study.database.settings)).publish()


def in_mecfs(here, act=None):
    """Return somebody who follows the template for ME/CFS."""

    def follow(session, person):
        following.move(session, person, publishing.in_force(session, "ldn-mecfs"))
        if act is not None:
            act(session, person)

    return here.enrolled(follow).at(0).come()


def allocated(here, arm):
    """Return somebody who was allocated to an arm: one of those who were drawn until it came."""
    here.set_clock(datetime(2026, 3, 29, 22, 30, tzinfo=UTC))
    with here.study.database.transaction("staff", "allocate") as session:
        version = publishing.in_force(session, "ldn-mecfs")
        if not session.execute(text("SELECT 1 FROM allocation_scheme")).first():
            schemes.open_scheme(session, KEY, version, by="ann")
        for _ in range(30):
            opened = screening.open_screening(session, version, by="ann")
            person = session.get_one(Participant, opened.participant_id)
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
            enrolled.consent(session, person)
            answering.answer(session, opened, enrolled.ANSWERS, Told("ann"))
            screening.decide(session, opened, by="ann")
            following.anchor(session, person, "consent", date(2026, 3, 2), because="signed")
            following.anchor(session, person, "run_in_end", date(2026, 3, 29), because="over")
            if allocating.allocate(session, KEY, person, by="ann").arm == arm:
                break
    return here.home(person).at(28).come()


def test_who_is_in_no_trial_is_led_to_the_watch(here):
    at_home = here.enrolled().at(0).come()
    answer = at_home.client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/watch")


def test_without_a_time_zone_the_page_says_so(here, invited):
    here.set_clock(BEFORE)
    with here.study.database.transaction("staff", "enrol") as session:
        person = enrolling.add_participant(session)
        following.move(session, person, publishing.in_force(session, "ldn-mecfs"))
    at_home = here.home(person).at(0).come()
    assert "We do not know your time zone yet" in words(at_home.get())


def test_before_there_is_anything_to_sign(here):
    here.set_clock(BEFORE)

    def screened(session, person):
        body = enrolled.loading.shipped_text("ldn-case-series")
        body = body.replace("id: ldn-case-series", "id: ldn-without-words")
        following.move(session, person, enrolled.published(session, body))

    page = words(here.enrolled(screened).at(0).come().get())
    assert "The team is still looking at whether this study suits you." in page
    assert "Nothing to do today." in page
    for absent in ("Bad day", "Report a problem", "Your medicine", "Connect your watch"):
        assert absent not in page


def test_invited_to_read_and_decide(here, invited):
    page = in_mecfs(here).get()
    assert "Before you decide, there is something to read." in words(page)
    assert "Bad day" not in words(page)
    assert "Nothing to do today." not in words(page)


def test_who_is_not_taking_part_is_thanked(here, invited):
    def failed(session, person):
        version = publishing.in_force(session, "ldn-mecfs")
        opened = screening.open_screening(session, version, by="ann", person=person)
        screening.decline(session, opened, by="ann", because="no reason given")

    assert "You are not taking part in this study." in words(in_mecfs(here, failed).get())


def test_signed_and_waiting(here, invited):
    def signed(session, person):
        enrolled.consent(session, person)
        following.anchor(session, person, "consent", date(2026, 3, 2), because="signed")

    page = words(in_mecfs(here, signed).get())
    assert "You have signed. Thank you." in page
    assert "Bad day" in page
    assert "Connect your watch" in page
    assert "Report a problem" in page


def test_the_delayed_arm_waits_without_anything_to_take(here, invited):
    page = words(allocated(here, "DEL").get())
    assert "In your group the medicine begins later, as planned." in page
    assert "Your medicine" not in page


def test_before_the_first_dose(here, invited):
    page = words(allocated(here, "IMM").get())
    assert "Your medicine has not begun yet." in page
    assert "in the evening" not in page


def test_the_dose_comes_first_then_questions_with_their_minutes(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    page = at_home.at(1, 18).come().get()
    said = words(page)
    assert said.startswith("Good evening Tuesday 3 March")
    assert (
        said.index("0.25 mg in the evening") < said.index("Evening diary") < said.index("Bad day")
    )
    assert re.search(r"Evening diary about \d minutes?", said)
    assert "daily@" in page or "/ask/ldn_diary/" in page
    assert at_home.person.code not in page
    title = re.search(r"<title>(.*?)</title>", page)[1]
    assert title == "Today · Your study page"


def test_a_form_that_is_open_is_behind_its_link(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    page = at_home.at(1, 18).come().get()
    (path,) = re.findall(r'href="(/ask/[^"]+)"', page)
    assert at_home.client.get(path, follow_redirects=True).status_code == 200


def test_what_was_missed_is_nowhere_and_nothing_counts_failures(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    page = words(at_home.at(12, 9).come().get())
    assert "diary" not in page.lower()
    assert page.count("Yesterday: 0.25 mg in the evening") == 1
    for word in ("missed", "late", "overdue", "streak", "%"):
        assert word not in page.lower()


def test_a_good_day_has_nothing_to_do(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    assert "Nothing to do today." in words(at_home.get())


def test_the_next_visit_is_told_in_plain_words(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    assert (
        "Your next visit: Every 12 weeks, by phone, around Monday 25 May"
        " (between Monday 18 May and Monday 8 June)." in words(at_home.get())
    )
    at_home.at(80).come()
    assert "Your visit is due now: Every 12 weeks, by phone" in words(at_home.get())


def watch(here, at_home, status, until):
    with here.study.database.transaction("staff", "link") as session:
        account = WearableAccount(
            participant_id=at_home.person.id,
            provider="google-health",
            external_id=at_home.person.code,
            created_at=clock.now(),
        )
        session.add(account)
        session.flush()
        common = {"account_id": account.id, "participant_id": at_home.person.id}
        session.add(
            Connection(
                **common,
                status=status,
                status_since=clock.now(),
                linked_at=clock.now(),
                status_reason="linked",
                streams=["steps"],
            )
        )
        if until:
            session.add(
                StreamState(
                    account_id=account.id, stream="steps", known={}, data_until=until, failures=0
                )
            )


def test_the_watch_is_one_line(here):
    at_home = here.on_drug()
    assert "Connect your watch" in words(at_home.get())
    watch(here, at_home, "active", clock.now() - timedelta(hours=4, minutes=20))
    assert "We have your data up to 07:40 today." in words(at_home.get())
    at_home = here.on_drug()
    watch(here, at_home, "reconnect_needed", None)
    assert "Google Health needs you to connect again. Connect again" in words(at_home.get())


def choose(here, at_home, choice):
    with here.study.database.transaction("staff", "leave") as session:
        said = leaving.Said(by=at_home.person.code)
        leaving.choose(session, {}, at_home.person, choice, said=said)


def test_who_stopped_the_drug_is_asked_for_no_dose(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    choose(here, at_home, "stop_drug")
    page = words(at_home.at(1, 18).come().get())
    assert "You chose to stop the medicine. Take none any more. That is noted." in page
    assert "0.25 mg in the evening" not in page
    assert "Bad day" in page


def test_who_stopped_diaries_reads_that_it_is_noted(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    choose(here, at_home, "stop_diaries")
    page = words(at_home.at(1, 18).come().get())
    assert "You chose to keep no diary any more. That is noted." in page
    assert "Evening diary" not in page


def test_who_has_left_is_thanked_and_asked_nothing(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    choose(here, at_home, "withdraw_completely")
    page = words(at_home.at(1, 18).come().get())
    assert "You have left the study." in page
    for absent in ("Bad day", "Nothing to do", "next visit", "Your medicine", "Report a problem"):
        assert absent not in page


def test_a_pause_expects_nothing(here):
    at_home = here.on_drug()
    with here.study.database.transaction("staff", "pause") as session:
        consenting.pause(session, at_home.person, clock.now(), None, "holiday")
    assert "You have a pause from the study." in words(at_home.get())


def test_at_the_end_there_is_a_thank_you(here, invited):
    at_home = allocated(here, "IMM")
    at_home.somebody.start("cap")
    at_home.somebody.took()
    at_home.at(30)
    at_home.somebody.do(ordering.take_away, DOCTOR, ordering.Kind.END)
    at_home.come()
    assert "Your medicine was stopped on Wednesday 1 April." in words(at_home.get())
    page = words(at_home.at(200).come().get())
    assert "Your part in the study is complete. Thank you" in page
    assert "Bad day" not in page
    assert "Your medicine" not in page


def test_the_day_turns_at_the_persons_own_midnight(here):
    at_home = here.on_drug(zone="Pacific/Auckland")
    at_home.somebody.took()
    assert words(at_home.at(1, 5).come().get()).startswith("Good morning Tuesday 3 March")


def test_on_the_longest_and_shortest_days_the_diary_is_asked_once(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    for number in (26, 27, 237, 238):  # around 29 March and 25 October
        said = words(at_home.at(number, 18).come().get())
        assert said.count("Evening diary") == 1, number


def test_pages_are_light(here):
    at_home = here.on_drug(*OWN_STEPS)
    at_home.somebody.order(once("9", TimeOfDay.EVENING, "cap"))
    at_home.somebody.do(ordering.change, DOCTOR, split=True)
    for path in (
        "/",
        "/dose",
        "/problem",
        "/problem/new",
        "/problem/new/other",
        "/medicines",
        "/medicines/new",
    ):
        page = at_home.get(path)
        assert len(page) < 30_000
        foreign = r"<script(?! src=\"/static/)|<style|\sstyle=|\son\w+=|javascript:"
        assert not re.search(foreign, page)


def test_the_first_page_asks_the_database_no_more_after_a_year(here):
    at_home = here.on_drug()
    at_home.somebody.took_each(range(3))
    engine, asked = here.app.extensions["hometrial"].database.engine, []

    def note(_connection, _cursor, statement, *_more):
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    counts = []
    for number in (3, 300):
        at_home.at(number, 18).come()
        asked.clear()
        at_home.get()
        counts.append(len(asked))
    event.remove(engine, "before_cursor_execute", note)
    assert max(counts) < 130
    assert abs(counts[0] - counts[1]) < 10


def test_a_dose_of_somebody_else_is_never_ones_own(here):
    mine, theirs = here.on_drug(), here.on_drug()
    theirs.somebody.took()
    assert "Noted today" not in words(mine.get())
    assert mine.told == []
    assert Decimal("0.25") == theirs.told[0][2]
