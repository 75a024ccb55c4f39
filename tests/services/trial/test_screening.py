"""A screening is judged live, decided once on answers that are kept, and locked; unknown is never eligible."""

import enrolled
import pytest
from asked import SELF
from enrolled import ANSWERS, consent, published, withdraw
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial import clock
from hometrial.models import Participant
from hometrial.protocol.eligibility import Standing
from hometrial.protocol.variables import AnswerRefusedError
from hometrial.services import enrolling
from hometrial.services.asking import opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.trial import answering, counting, following, screening
from hometrial.services.trial.answering import ScreeningRefusedError, Told

ANN = Told("ann")


@pytest.fixture
def session(study):
    with study.database.transaction("test", "screening") as session:
        yield session


@pytest.fixture
def version(session):
    return published(session)


@pytest.fixture
def opened(session, version):
    return screening.open_screening(session, version, by="ann")


@pytest.fixture
def person(session, opened):
    return session.get_one(Participant, opened.participant_id)


def decided(session, opened, person, **answers):
    consent(session, person)
    answering.answer(session, opened, {**ANSWERS, **answers}, ANN)
    return screening.decide(session, opened, by="ann")


def test_a_new_person_gets_a_pseudonym_and_follows_the_version(session, version, opened, person):
    assert (person.code, person.status) == ("P-0001", "screening")
    assert following.version_of(session, person).id == version.id


def test_a_version_that_is_not_in_force_screens_nobody(session, version):
    version.state = "superseded"
    with pytest.raises(following.NotInTrialError, match="superseded"):
        screening.open_screening(session, version, by="ann")


def test_answers_are_judged_as_they_come(session, opened):
    judged = answering.judge(session, opened)
    assert judged.decision.standing is Standing.CANNOT_DECIDE
    answering.answer(session, opened, {"age": 71}, ANN)
    judged = answering.judge(session, opened)
    assert judged.decision.standing is Standing.NOT_ELIGIBLE
    assert [each.id for each in judged.decision.failing] == ["I1"]


def test_who_answers_everything_right_is_eligible_and_locked(session, opened, person):
    decided(session, opened, person)
    assert (opened.outcome, opened.failing, person.status) == ("eligible", [], "eligible")
    assert screening.eligible(session, person).id == opened.id
    assert answering.known(session, opened)["consent_signed"] is True
    assert screening.is_as_decided(session, opened)
    with pytest.raises(ScreeningRefusedError, match=r"decided \(eligible\) and locked"):
        answering.answer(session, opened, {"age": 42}, Told("ann", because="typo"))
    with pytest.raises(ScreeningRefusedError, match="locked"):
        screening.decide(session, opened, by="ann")


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - {"can_become_pregnant"}))
def test_no_answer_may_be_unknown(shared, name):
    session, opened = shared
    with session.begin_nested() as nested:
        answering.answer(session, opened, {name: None}, Told("ann", because="not sure"))
        with pytest.raises(ScreeningRefusedError, match=f"unknown: .*{name}"):
            screening.decide(session, opened, by="ann")
        nested.rollback()


@pytest.fixture(scope="module")
def shared(shared_study):
    with shared_study.database.transaction("test", "screening") as session:
        opened = screening.open_screening(session, published(session), by="ann")
        consent(session, session.get_one(Participant, opened.participant_id))
        answering.answer(session, opened, ANSWERS, ANN)
        yield session, opened


def test_nobody_is_eligible_before_consent(session, opened):
    answering.answer(session, opened, ANSWERS, ANN)
    with pytest.raises(ScreeningRefusedError, match="unknown: consent_signed, quiz_passed"):
        screening.decide(session, opened, by="ann")


def test_consent_is_taken_from_where_it_was_given(session, opened, person):
    for name in ("consent_signed", "quiz_passed"):
        with pytest.raises(ScreeningRefusedError, match="not typed"):
            answering.answer(session, opened, {name: True}, ANN)
    assert answering.judge(session, opened).taken == {"consent_signed": None, "quiz_passed": None}
    consent(session, person)
    assert answering.judge(session, opened).taken == {"consent_signed": True, "quiz_passed": True}


def phq9(session, person, item_9):
    """Have a person fill in the form of the screening visit today."""
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    today = clock.now().date()
    following.anchor(session, person, "consent", today, because="signed")
    sitting = opening.open_form(session, person, "phq9", "V0#1", SELF)
    for number in range(1, 11):
        value = item_9 if number == 9 else 0
        saving.save(session, person, sitting.id, Entry(f"phq9_{number}", value))
    submitting.submit(session, person, sitting.id)


def test_a_form_that_was_handed_in_is_not_typed_again(session, opened, person):
    consent(session, person)
    phq9(session, person, item_9=2)
    assert answering.judge(session, opened).taken["phq9_9"] == 2
    with pytest.raises(
        ScreeningRefusedError, match="taken from the person's form; correct it there"
    ):
        answering.answer(session, opened, {"phq9_9": 0}, ANN)


def test_what_was_typed_before_the_form_came_gives_way_to_it(session, opened, person):
    consent(session, person)
    answering.answer(session, opened, {**ANSWERS, "clinician_cleared": False}, ANN)
    phq9(session, person, item_9=2)
    assert screening.decide(session, opened, by="ann").failing == ["E8"]
    typed, taken = (row for row in answering.rows(session, opened) if row.variable == "phq9_9")
    assert (typed.value, typed.source) == (0, "staff")
    assert (taken.value, taken.source, taken.corrects_id) == (2, "form", typed.id)
    assert screening.is_as_decided(session, opened)


def test_a_failure_names_every_criterion_and_the_main_one_first(session, opened, person):
    decided(session, opened, person, age=80, egfr=20, pregnant=True)
    assert (opened.outcome, opened.failing) == ("screen_failure", ["I1", "E5", "E6"])
    assert person.status == "screen_failure"
    assert screening.eligible(session, person) is None
    assert screening.is_as_decided(session, opened)


def test_one_failing_criterion_decides_whatever_is_unknown(session, opened):
    answering.answer(session, opened, {"age": 17}, ANN)
    assert screening.decide(session, opened, by="ann").failing == ["I1"]


def test_who_does_not_want_to_is_no_failure(session, opened, person):
    with pytest.raises(ScreeningRefusedError, match="say why"):
        screening.decline(session, opened, by="ann", because=" ")
    screening.decline(session, opened, by="ann", because="too far")
    assert (opened.outcome, opened.failing, person.status) == ("declined", [], "declined")


def test_a_correction_says_why_and_the_first_answer_stays(session, opened):
    answering.answer(session, opened, {"age": 41}, ANN)
    with pytest.raises(ScreeningRefusedError, match="answered with 41 by ann; say why"):
        answering.answer(session, opened, {"age": 42}, ANN)
    told = Told("bob", source="document", because="passport")
    answering.answer(session, opened, {"age": 42}, told)
    assert answering.known(session, opened)["age"] == 42
    assert [(row.value, row.source, row.because) for row in answering.rows(session, opened)] == [
        (41, "staff", None),
        (42, "document", "passport"),
    ]


def test_the_same_answer_twice_is_kept_once(session, opened):
    assert len(answering.answer(session, opened, {"age": 41}, ANN)) == 1
    assert answering.answer(session, opened, {"age": 41}, ANN) == []


def test_an_impossible_answer_is_refused_with_all_that_came_with_it(session, opened):
    with pytest.raises(AnswerRefusedError, match="age: 150"):
        answering.answer(session, opened, {"egfr": 90, "age": 150}, ANN)
    with pytest.raises(AnswerRefusedError, match="no such variable"):
        answering.answer(session, opened, {"shoe_size": 40}, ANN)
    assert answering.rows(session, opened) == []
    with pytest.raises(ScreeningRefusedError, match="source 'consent'"):
        Told("ann", source="consent")


def test_who_was_screened_is_screened_anew_but_never_twice_at_once(
    session, version, opened, person
):
    with pytest.raises(ScreeningRefusedError, match=r"screening 1 of P-0001 is open"):
        screening.open_screening(session, version, by="ann", person=person)
    decided(session, opened, person, age=17)
    again = screening.open_screening(session, version, by="ann", person=person)
    assert (again.number, answering.known(session, again)) == (2, {})
    answering.answer(session, again, ANSWERS, ANN)
    assert screening.decide(session, again, by="ann").outcome == "eligible"
    assert opened.outcome == "screen_failure"


def test_who_has_withdrawn_is_asked_nothing_more(session, version, opened, person):
    consent(session, person)
    withdraw(session, person)
    with pytest.raises(ScreeningRefusedError, match="withdrew completely"):
        answering.answer(session, opened, {"age": 41}, ANN)
    with pytest.raises(ScreeningRefusedError, match="withdrew completely"):
        screening.decide(session, opened, by="ann")
    assert screening.decline(session, opened, by="ann", because="withdrew").outcome == "declined"
    with pytest.raises(ScreeningRefusedError, match="withdrew completely"):
        screening.open_screening(session, version, by="ann", person=person)


def test_a_person_of_a_rehearsal_never_enters_the_trial(session, version):
    rehearsed = published(session, is_test=True)
    opened = screening.open_screening(session, rehearsed, by="ann")
    person = session.get_one(Participant, opened.participant_id)
    screening.decline(session, opened, by="ann", because="rehearsal")
    with pytest.raises(ScreeningRefusedError, match="person of a rehearsal"):
        screening.open_screening(session, version, by="ann", person=person)
    assert counting.flow(session, version.protocol).assessed == 0
    assert counting.flow(session, version.protocol, is_test=True).assessed == 1


def test_the_flow_adds_up_and_the_log_tells_each(session, version, opened, person):
    decided(session, opened, person, age=17)
    again = screening.open_screening(session, version, by="ann", person=person)
    enrolled.eligible(session, version)
    for answers in ({"age": 80, "egfr": 10}, {"egfr": 10}):
        failed = screening.open_screening(session, version, by="ann")
        answering.answer(session, failed, answers, ANN)
        screening.decide(session, failed, by="ann")
    declined = screening.open_screening(session, version, by="ann")
    screening.decline(session, declined, by="bob", because="too far")
    flow = counting.flow(session, version.protocol)
    assert (flow.assessed, flow.screenings) == (5, 6)
    assert (flow.open, flow.eligible, flow.declined) == (1, 1, 1)
    assert flow.failed == {"E5": 1, "I1": 1}
    assert flow.assessed == flow.open + flow.eligible + flow.declined + sum(flow.failed.values())
    lines = {(line.code, line.number): line for line in counting.log(session, version.protocol)}
    assert lines[person.code, 1].reason == "I1: Age 18-70"
    assert lines[person.code, 2].outcome == "open"
    assert again.number == 2
    assert [line.reason for line in lines.values() if line.outcome == "declined"] == ["too far"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE screening SET outcome = 'declined', because = 'x', failing = '{}'", "locked"),
        ("DELETE FROM screening", "screening is kept"),
        ("UPDATE screening_answer SET value = '1'", "append-only"),
        (
            "INSERT INTO screening_answer SELECT gen_random_uuid(), id, 'x', '1', 'staff', now(), 'x'"
            " FROM screening",
            "answers are locked",
        ),
    ],
)
def test_the_database_itself_keeps_a_decision(session, opened, person, statement, said):
    decided(session, opened, person, age=17)
    with pytest.raises(DBAPIError, match=said):
        session.execute(text(statement))


def test_what_was_screened_is_in_the_trail(study):
    with study.database.transaction("test", "screening") as session:
        enrolled.eligible(session, published(session))
    assert study.verify().problems == ()
