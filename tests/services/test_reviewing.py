"""A quarantined row is released with a reason or confirmed as an error, once."""

from uuid import uuid4

import pytest

from hometrial.errors import ReviewRefusedError
from hometrial.services import reviewing
from hometrial.services.reviewing import Decision

HEART_RATE = "heartrate_seconds_merged.csv"
CONTENT = (
    "Id,Time,Value\n"
    "1,4/12/2016 7:21:00 AM,60\n"
    "1,4/12/2016 7:21:05 AM,260\n"
    "1,4/12/2016 7:21:10 AM,270\n"
)
WHY = Decision("ada", "chest strap during the exercise test")


@pytest.fixture
def reviewed(study, fitabase):
    study.take_in(
        "fitabase", fitabase({HEART_RATE: CONTENT}), create_participants=True, zone="Europe/Berlin"
    )
    return study


def waiting(study):
    return [row[0] for row in study.rows("SELECT id FROM quarantined_row ORDER BY row")]


def decide(study, act, rows, decision=WHY):
    with study.database.transaction(decision.actor, decision.reason) as session:
        return act(session, rows, decision)


def test_a_released_row_joins_a_new_version_of_its_day_and_the_old_one_stays(reviewed):
    first, _ = waiting(reviewed)

    assert decide(reviewed, reviewing.release, [first]) == 1

    assert reviewed.samples("heart_rate")["value"].tolist() == [60, 260]
    assert reviewed.samples("heart_rate", current=False)["value"].tolist() == [60]
    assert reviewed.rows("SELECT version, is_current FROM day_chunk ORDER BY version") == [
        (1, False),
        (2, True),
    ]


def test_two_reviews_of_one_batch_make_two_versions(reviewed):
    for row in waiting(reviewed):
        decide(reviewed, reviewing.release, [row])

    assert reviewed.rows("SELECT version, samples FROM day_chunk ORDER BY version") == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]


def test_a_release_measures_the_day_again(reviewed):
    known = reviewed.rows("SELECT metric, value FROM daily_metric ORDER BY 1")

    decide(reviewed, reviewing.release, waiting(reviewed))

    assert reviewed.rows("SELECT metric, value FROM daily_metric ORDER BY 1") != known


def test_a_query_closes_with_its_last_row_and_says_who_and_why(reviewed):
    query = "SELECT status, closed_by, close_reason FROM query"
    first, second = waiting(reviewed)

    decide(reviewed, reviewing.release, [first])
    assert reviewed.rows(query) == [("open", None, None)]

    decide(reviewed, reviewing.confirm, [second])
    assert reviewed.rows(query) == [("closed", WHY.actor, WHY.reason)]


def test_the_trail_shows_who_released_a_row_and_why(reviewed):
    first, _ = waiting(reviewed)
    decide(reviewed, reviewing.release, [first])

    assert reviewed.rows(
        "SELECT actor, reason, old ->> 'status', new ->> 'status' FROM audit.entry"
        " WHERE row_key = :key AND operation = 'UPDATE'",
        key=str(first),
    ) == [("ada", WHY.reason, "open", "released")]
    assert reviewed.verify().problems == ()


def test_a_confirmed_row_stays_out(reviewed):
    assert decide(reviewed, reviewing.confirm, waiting(reviewed)) == 2

    assert reviewed.samples("heart_rate")["value"].tolist() == [60]
    assert reviewed.one("SELECT count(*) FROM day_chunk") == 1
    assert (
        reviewed.rows("SELECT status, decided_by, decision_reason FROM quarantined_row")
        == [("confirmed", WHY.actor, WHY.reason)] * 2
    )


@pytest.mark.parametrize("first", [reviewing.release, reviewing.confirm])
@pytest.mark.parametrize("second", [reviewing.release, reviewing.confirm])
def test_a_decision_stands(reviewed, first, second):
    row = waiting(reviewed)[0]
    decide(reviewed, first, [row])
    before = reviewed.contents()

    with pytest.raises(ReviewRefusedError, match="a decision stands"):
        decide(reviewed, second, [row], Decision("bob", "I think otherwise"))

    assert reviewed.contents() == before


@pytest.mark.parametrize("reason", ["", "  ", "\n"])
def test_a_decision_needs_a_reason(reason):
    with pytest.raises(ReviewRefusedError, match="needs a reason"):
        Decision("ada", reason)


def test_one_bad_row_of_many_decides_nothing(reviewed):
    before = reviewed.contents()
    unknown = uuid4()

    with pytest.raises(ReviewRefusedError, match=str(unknown)):
        decide(reviewed, reviewing.release, [*waiting(reviewed), unknown])

    assert reviewed.contents() == before


def test_a_released_row_is_a_duplicate_when_its_file_comes_again(reviewed, fitabase):
    decide(reviewed, reviewing.release, waiting(reviewed))
    again = fitabase({HEART_RATE: CONTENT.replace("\n", "\r\n")}, "again")

    report = reviewed.take_in("fitabase", again, create_participants=True)

    assert (report.files[0].rows_duplicate, report.files[0].rows_quarantined) == (3, 0)
    assert reviewed.samples("heart_rate")["value"].tolist() == [60, 260, 270]


def test_a_confirmed_row_is_not_asked_about_again_when_its_file_comes_again(reviewed, fitabase):
    decide(reviewed, reviewing.confirm, waiting(reviewed))
    again = fitabase({HEART_RATE: CONTENT.replace("\n", "\r\n")}, "again")

    reviewed.take_in("fitabase", again, create_participants=True)

    assert reviewed.one("SELECT count(*) FROM quarantined_row") == 2
    assert reviewed.one("SELECT count(*) FROM query WHERE status = 'open'") == 0


def test_a_released_contradiction_takes_the_first_ones_place(study, fitabase):
    content = "Id,Time,Value\n1,4/12/2016 7:21:00 AM,60\n1,4/12/2016 7:21:00 AM,75\n"
    study.take_in(
        "fitabase", fitabase({HEART_RATE: content}), create_participants=True, zone="Europe/Berlin"
    )

    decide(study, reviewing.release, waiting(study))

    assert study.samples("heart_rate")["value"].tolist() == [75]
    assert study.samples("heart_rate", current=False)["value"].tolist() == [60]
