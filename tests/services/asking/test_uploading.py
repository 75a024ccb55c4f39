"""What a device kept comes in once, with its own instants, and each word by itself."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from asked import MORNING, SCREENING, SELF, in_trial

from hometrial.questionnaires import loading
from hometrial.services.asking import opening, saving, submitting, uploading, words
from hometrial.services.asking.opening import NotAskedError
from hometrial.services.asking.saving import Entry
from hometrial.services.asking.uploading import UploadRefusedError
from hometrial.services.safety import alerts

HASH = loading.definition_hash(loading.named("phq9"))
ITEMS = tuple(f"phq9_{number}" for number in range(1, 10))


def word(item, value, minute=0, **more):
    at = MORNING + timedelta(minutes=minute)
    return {"item": item, "value": value, "screen": 1, "answered_at": at.isoformat(), **more}


def upload(*entries, sent=MORNING + timedelta(hours=1), **more):
    return json.dumps(
        {
            "schema": "hometrial.upload/1",
            "client_key": "device-1-batch-1",
            "sent_at": sent.isoformat(),
            "form": "phq9",
            "occasion": SCREENING,
            "definition_sha256": HASH,
            "language": "en",
            "device": {"os": "Android"},
            "entries": list(entries),
            "ended_at": (MORNING + timedelta(minutes=30)).isoformat(),
            **more,
        }
    ).encode()


def receive(ward, body):
    return uploading.receive(ward.session, ward.person, body, by="participant")


def spoken(ward):
    response = opening.response_of(ward.session, ward.person, "phq9", SCREENING)
    return words.spoken(ward.session, response.id)


@pytest.fixture
def later(ward):
    ward.at_clock(MORNING + timedelta(hours=1))
    return ward


def test_the_same_upload_twice_is_one(later):
    body = upload(word("phq9_1", 1), word("phq9_9", 1, 2), word("phq9_2", 9))
    first, second = receive(later, body), receive(later, body)
    assert (first.repeated, second.repeated) == (False, True)
    assert first.refused == second.refused
    assert [each.item for each in first.refused] == ["phq9_2"]
    assert first.crisis == second.crisis is not None
    assert [(row.item, row.value) for row in spoken(later)] == [("phq9_1", 1), ("phq9_9", 1)]
    assert len(alerts.states(later.session, person=later.person)) == 1
    with pytest.raises(UploadRefusedError, match="under a new key"):
        receive(later, upload(word("phq9_1", 2)))


def test_an_upload_whose_receipt_was_lost_may_be_sent_again_later(later):
    said = upload(word("phq9_1", 1))
    assert receive(later, said).repeated is False
    later.at_clock(MORNING + timedelta(hours=3))
    again = receive(later, upload(word("phq9_1", 1), sent=MORNING + timedelta(hours=3)))
    assert again.repeated
    assert [(row.item, row.answered_at) for row in spoken(later)] == [("phq9_1", MORNING)]
    with pytest.raises(UploadRefusedError, match="under a new key"):
        receive(later, upload(word("phq9_1", 1, 1), sent=MORNING + timedelta(hours=3)))


def test_how_often_an_answer_was_changed_is_kept(later):
    receive(later, upload(word("phq9_1", 1, changes=2)))
    assert [row.changes for row in spoken(later)] == [2]
    with pytest.raises(UploadRefusedError, match="changes"):
        receive(later, upload(word("phq9_1", 1, changes=-1), client_key="device-1-batch-2"))


def test_words_keep_the_instants_of_the_device_and_the_last_in_time_holds(later):
    sitting = opening.open_form(later.session, later.person, "phq9", SCREENING, SELF)
    saving.save(later.session, later.person, sitting.id, Entry("phq9_1", 3))
    receive(later, upload(word("phq9_1", 0, 5, seconds=2.5), word("phq9_2", 1, 6)))
    rows = spoken(later)
    assert [(row.item, row.value) for row in rows] == [
        ("phq9_1", 0),
        ("phq9_2", 1),
        ("phq9_1", 3),
    ]
    assert words.last(rows)["phq9_1"].value == 3
    assert (rows[0].answered_at, rows[0].seconds) == (MORNING + timedelta(minutes=5), 2.5)


@pytest.mark.parametrize("wrong", [timedelta(days=2), timedelta(minutes=3), -timedelta(hours=7)])
def test_a_clock_that_is_wrong_is_put_right_by_the_moment_of_sending(later, wrong):
    said = {**word("phq9_1", 1), "answered_at": (MORNING + wrong).isoformat()}
    received = receive(later, upload(said, sent=MORNING + timedelta(hours=1) + wrong))
    assert received.refused == ()
    assert received.upload.skew_seconds == wrong.total_seconds()
    assert spoken(later)[0].answered_at == MORNING


def test_what_was_said_in_time_counts_though_it_comes_after_the_form_has_closed(ward):
    arrives = datetime(2026, 4, 2, 9, tzinfo=UTC)
    ward.at_clock(arrives)
    late = {**word("phq9_2", 1), "answered_at": "2026-04-01T09:00:00+00:00"}
    received = receive(ward, upload(word("phq9_1", 1), late, sent=arrives))
    assert [row.item for row in spoken(ward)] == ["phq9_1"]
    assert "closed at" in received.refused[0].reason


def test_a_form_can_be_handed_in_with_the_upload(later):
    said = [word(item, 1) for item in ITEMS[:-1]]
    said += [word("phq9_9", 0), {**word("phq9_10", None), "skipped": "not_sure"}]
    receive(later, upload(*said, ends="submitted"))
    response = opening.response_of(later.session, later.person, "phq9", SCREENING)
    submission = submitting.of_response(later.session, response.id)
    assert submission.submitted_at == MORNING + timedelta(minutes=30)
    assert submission.received_at == MORNING + timedelta(hours=1)
    body = upload(word("phq9_1", 2), client_key="device-2-batch-1", ends="submitted")
    again = receive(later, body)
    assert [each.item for each in again.refused] == ["phq9_1", "submitted"]
    assert submitting.of_response(later.session, response.id).revision == 1


def test_a_form_with_items_left_is_kept_and_not_handed_in(later):
    received = receive(later, upload(word("phq9_1", 1), ends="submitted"))
    assert "phq9_2" in received.refused[0].reason
    assert len(spoken(later)) == 1


def test_an_upload_of_another_form_than_is_asked_is_refused_whole(later):
    with pytest.raises(NotAskedError, match="load the form again"):
        receive(later, upload(word("phq9_1", 1), definition_sha256="0" * 64))
    with pytest.raises(NotAskedError, match="not asked phq9 on W4#1"):
        receive(later, upload(word("phq9_1", 1), occasion="W4#1"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"client_key": "short"}, "client_key"),
        ({"sent_at": "2026-03-02T09:00:00"}, "sent_at"),
        ({"surprise": 1}, "surprise"),
        ({"entries": [{"item": "phq9_1"}]}, r"entries\.0\.screen"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(later, change, why):
    with pytest.raises(UploadRefusedError, match=why):
        receive(later, upload(**change))
    with pytest.raises(UploadRefusedError, match="cannot be read"):
        receive(later, b"\xff{")


def test_keys_are_each_persons_own(later):
    receive(later, upload(word("phq9_1", 1)))
    other = in_trial(later.session, consent=date(2026, 3, 2))
    received = uploading.receive(later.session, other, upload(word("phq9_1", 2)), by="p")
    assert not received.repeated
