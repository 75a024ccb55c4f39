"""What a push is answered, and what is kept of it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hometrial.db import PARTICIPANT_ROLE, WORKER_ROLE
from hometrial.errors import TrialError, ZoneNeededError
from hometrial.models import Payload, Pull, PullPage
from hometrial.services import bridging, consenting, enrolling, pushing, receiving
from hometrial.services.syncing import absorbing
from hometrial_ingest.data_types import DataType
from hometrial_ingest.readers.bridge import reader

SINCE = datetime(2026, 3, 1, 12, tzinfo=UTC)
KEY = "2026-03-07/0001"
ORIGIN = {"origin": "com.fitbit.FitbitMobile", "method": "automatic", "device": "Pixel Watch 4"}


def steps(start="2026-03-07T06:30:00+01:00", end="2026-03-07T06:31:00+01:00", **more):
    return {"type": "steps", **ORIGIN, "start": start, "end": end, "count": 17} | more


def heart_rate(*moments):
    samples = [{"at": moment, "value": 61} for moment in moments]
    return {"type": "heart_rate", **ORIGIN, "samples": samples}


def body(*records, bridge="health-connect"):
    return json.dumps({"bridge": bridge, "records": records}).encode()


@pytest.fixture
def study(shared_study):
    """One study for all tests of this module; each has a participant of its own."""
    return shared_study


@pytest.fixture
def owner(study):
    """A participant in Berlin who shares everything since SINCE."""
    with study.database.transaction("test", "enrol") as session:
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
        consenting.grant(session, person, DataType, since=SINCE, source="test")
        return person


@pytest.fixture
def bridge(study, owner):
    return add(study, owner.code)


def add(study, code, kind="health-connect"):
    with study.database.transaction("test", "add") as session:
        return bridging.add(session, code, kind)[0]


def push(study, bridge, sent, key=KEY):
    """Push with the rights of the participant site."""
    actor = f"bridge:{bridge.id}"
    with study.database.transaction(actor, "a push", role=PARTICIPANT_ROLE) as session:
        return pushing.receive(session, bridge.id, key, sent)


def withdraw(study, owner, *kinds, keep_late, since=None):
    with study.database.transaction("test", "withdraw") as session:
        consenting.withdraw(session, owner, kinds, since=since, keep_late=keep_late, source="test")


def of_the_trial(study):
    """Count the rows, without the count of asked pushes, which a refused one raises as well."""
    return {name: n for name, n in study.contents().items() if name != "sync.rate_bucket"}


def kept(study, bridge):
    """Return how many payloads and pulls of this person there are."""
    query = (
        "SELECT count(DISTINCT g.payload_id), count(DISTINCT p.id) FROM sync.pull p"
        " LEFT JOIN sync.pull_page g ON g.pull_id = p.id WHERE p.participant_id = :id"
    )
    return list(study.rows(query, id=bridge.participant_id)[0])


def test_an_accepted_push_is_kept_as_it_came_and_waits_for_the_gate(study, owner, bridge):
    sent = body(steps(), heart_rate("2026-03-07T23:30:00+01:00", "2026-03-08T00:10:00+01:00"))

    answer = push(study, bridge, sent)

    assert answer.status == 202
    assert (answer.body["records"], answer.body["repeated"]) == (2, False)
    assert answer.body["samples"] == {"steps": 1, "heart_rate": 2}
    with study.database.reading() as session:
        (pull,) = session.scalars(select(Pull).where(Pull.account_id == bridge.account_id))
        page = session.get_one(PullPage, (pull.id, 1))
        payload = session.get_one(Payload, page.payload_id)
        assert receiving.read(session, payload).read() == sent
    assert str(pull.id) == answer.body["receipt"]
    assert (pull.kind, pull.state, pull.provider, pull.pages) == (
        "push", "fetched", "health-connect", 1,
    )  # fmt: skip
    assert (pull.account_id, pull.participant_id) == (bridge.account_id, owner.id)
    assert (str(pull.first_day), str(pull.last_day)) == ("2026-03-07", "2026-03-08")
    assert pull.start_at == datetime(2026, 3, 7, 5, 30, tzinfo=UTC)
    assert pull.end_at == datetime(2026, 3, 7, 23, 10, tzinfo=UTC)
    assert reader.kind(page.name) == "push"


def test_an_accepted_push_passes_the_gate_and_can_be_seen(study, owner, bridge):
    beats = [f"2026-03-07T06:{n:02}:00+01:00" for n in range(60)]
    stages = [
        {"start": "2026-03-07T00:00:00Z", "end": "2026-03-07T02:00:00Z", "stage": "deep"},
        {"start": "2026-03-07T02:00:00Z", "end": "2026-03-07T05:00:00Z", "stage": "light"},
    ]
    night = {
        "type": "sleep", **ORIGIN, "id": "n", "stages": stages,
        "start": "2026-03-07T00:00:00Z", "end": "2026-03-07T05:00:00Z",
    }  # fmt: skip
    resting = {"type": "resting_heart_rate", **ORIGIN, "day": "2026-03-07", "value": 58}
    push(study, bridge, body(heart_rate(*beats), steps(), night, resting))

    with study.database.transaction("worker", "absorb", role=WORKER_ROLE) as session:
        mine = [p for p in absorbing.waiting(session, 0, 1) if p.participant_id == owner.id]
        absorbing.absorb(session, mine, {"bridge": reader})

    pulls = (
        "SELECT state, rows_read, rows_accepted, error FROM sync.pull WHERE participant_id = :id"
    )
    assert study.rows(pulls, id=owner.id) == [("done", 4, 4, None)]
    assert study.rows(
        "SELECT stream, day::text, samples FROM day_chunk WHERE is_current AND participant_id = :id"
        " ORDER BY 1",
        id=owner.id,
    ) == [
        ("heart_rate", "2026-03-07", 60),
        ("resting_heart_rate", "2026-03-07", 1),
        ("sleep_session", "2026-03-07", 1),
        ("sleep_stage", "2026-03-07", 2),
        ("steps", "2026-03-07", 1),
    ]
    (source,) = set(study.samples("heart_rate")["source"])
    assert source == "health-connect/com.fitbit.FitbitMobile/Pixel Watch 4"


def test_the_same_push_again_gets_the_same_receipt_and_is_not_kept_twice(study, bridge):
    first = push(study, bridge, body(steps()))

    again = push(study, bridge, body(steps()))

    assert again.status == 200
    assert again.body == first.body | {"repeated": True}
    assert kept(study, bridge) == [1, 1]


def test_a_key_belongs_to_one_push(study, bridge):
    push(study, bridge, body(steps()))

    answer = push(study, bridge, body(steps(count=18)))

    assert answer.status == 409
    assert "new key" in answer.body["detail"]
    assert kept(study, bridge) == [1, 1]


def test_two_bridges_may_use_the_same_key_and_send_the_same_bytes(study, owner, bridge):
    other = add(study, owner.code)

    assert push(study, bridge, body(steps())).status == 202
    assert push(study, other, body(steps())).status == 202
    assert kept(study, bridge) == [1, 2]


def test_one_push_sent_by_many_threads_at_once_is_accepted_once(study, bridge):
    sent = body(*[steps(count=n) for n in range(200)])
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: push(study, bridge, sent), range(12)))

    assert sorted(answer.status for answer in answers) == [200] * 11 + [202]
    assert len({answer.body["receipt"] for answer in answers}) == 1
    assert kept(study, bridge) == [1, 1]


@pytest.mark.parametrize("key", ["", "short", "with space", "x" * 129, "naïve-key"])
def test_a_push_without_a_usable_key_is_refused(study, bridge, key):
    assert push(study, bridge, body(steps()), key).status == 400
    assert kept(study, bridge) == [0, 0]


def test_a_push_of_what_is_partly_not_consented_is_refused_whole_and_leaves_nothing(
    study, owner, bridge
):
    withdraw(study, owner, DataType.HEART_RATE, keep_late=False, since=SINCE)
    beats = heart_rate("2026-03-07T06:30:00+01:00")
    before = of_the_trial(study)

    answer = push(study, bridge, body(steps(), beats, steps(count=3), beats))

    assert answer.status == 403
    assert answer.body["data_types"] == ["heart_rate"]
    assert answer.body["records"] == {"heart_rate": [2, 4]}
    assert answer.body["not_consented"] == 2
    assert of_the_trial(study) == before
    assert push(study, bridge, body(steps(), steps(count=3))).status == 202


@pytest.mark.parametrize(
    ("start", "status"),
    [("2026-03-01T12:59:59+01:00", 403), ("2026-03-01T13:00:00+01:00", 202)],
)
def test_what_was_observed_before_consent_is_not_kept(study, bridge, start, status):
    assert (
        push(study, bridge, body(steps(start=start, end="2026-03-01T13:05:00+01:00"))).status
        == status
    )


def test_a_night_that_began_before_consent_is_not_kept(study, bridge):
    night = {
        "type": "sleep", **ORIGIN, "id": "n",
        "start": "2026-03-01T12:00:00+01:00", "end": "2026-03-01T15:00:00+01:00",
    }  # fmt: skip

    assert push(study, bridge, body(night)).body["records"] == {"sleep": [1]}


@pytest.mark.parametrize(("day", "status"), [("2026-03-01", 403), ("2026-03-02", 202)])
def test_the_value_of_a_day_is_kept_if_consent_covers_the_whole_day(study, bridge, day, status):
    resting = {"type": "resting_heart_rate", **ORIGIN, "day": day, "value": 58}

    assert push(study, bridge, body(resting)).status == status


def test_the_value_of_the_day_on_which_consent_ended_is_not_kept(study, owner, bridge):
    noon = datetime(2026, 3, 8, 12, tzinfo=UTC)
    withdraw(study, owner, DataType.HEART_RATE, keep_late=True, since=noon)
    before, that_day = (
        body({"type": "resting_heart_rate", **ORIGIN, "day": day, "value": 58})
        for day in ("2026-03-07", "2026-03-08")
    )

    assert push(study, bridge, before).status == 202
    assert push(study, bridge, that_day, "another-key").status == 403


@pytest.mark.parametrize(("keep_late", "status"), [(True, 202), (False, 403)])
def test_after_a_withdrawal_only_what_may_come_late_is_kept(
    study, owner, bridge, keep_late, status
):
    withdraw(
        study, owner, DataType.STEPS, keep_late=keep_late, since=datetime(2026, 3, 8, tzinfo=UTC)
    )

    assert push(study, bridge, body(steps())).status == status
    later = steps(start="2026-03-08T06:30:00+01:00", end="2026-03-08T06:31:00+01:00")
    assert push(study, bridge, body(later), "another-key").status == 403


def test_a_malformed_push_is_told_where_and_how_to_mend_it_and_its_bytes_are_kept(
    study, owner, bridge
):
    sent = body(steps(), steps(count="17"))

    answer = push(study, bridge, sent)
    push(study, bridge, sent)

    assert answer.status == 422
    (fault,) = answer.body["faults"]
    assert (fault["record"], fault["field"], fault["value"]) == (2, "count", "'\"17\"'")
    assert fault["way_out"]
    assert answer.body["original_kept"]
    pulls = "SELECT state, error_kind, pages FROM sync.pull WHERE participant_id = :id"
    assert study.rows(pulls, id=owner.id) == [("failed", "unreadable", 1)]
    with study.database.reading() as session:
        mine = select(PullPage.payload_id).join(Pull, Pull.id == PullPage.pull_id)
        query = select(Payload).where(Payload.id.in_(mine.where(Pull.participant_id == owner.id)))
        (payload,) = session.scalars(query)
        assert receiving.read(session, payload).read() == sent


def test_two_bridges_that_send_the_same_malformed_bytes_are_both_noted(study, owner, bridge):
    sent = body(steps(count="17"))

    push(study, bridge, sent)
    push(study, add(study, owner.code), sent)

    assert kept(study, bridge) == [1, 2]


def test_the_corrected_push_may_use_the_key_of_the_malformed_one(study, bridge):
    push(study, bridge, body(steps(count=-1)))

    assert push(study, bridge, body(steps())).status == 202


def test_every_record_that_makes_no_sense_is_named(study, bridge):
    odd = steps(end="2026-03-07T06:00:00+01:00")

    answer = push(study, bridge, body(odd, steps(), *[odd] * 30))

    assert answer.status == 422
    assert [fault["record"] for fault in answer.body["faults"]] == [1, *range(3, 22)]
    assert answer.body["more_faults"] == 11


def test_bytes_that_nobody_can_read_are_not_kept_where_consent_may_not_cover_them(
    study, owner, bridge
):
    older = push(study, bridge, body(steps(start="2026-02-28T06:30:00+01:00", count="17")))
    withdraw(study, owner, DataType.WEIGHT, keep_late=True)
    unknown = push(study, bridge, b"{", "another-key")

    assert [each.body["original_kept"] for each in (older, unknown)] == [False, False]
    assert kept(study, bridge) == [0, 2]


def test_a_token_of_one_kind_of_bridge_cannot_push_for_another(study, bridge):
    answer = push(study, bridge, body(steps(), bridge="apple-health"))

    assert answer.status == 422
    assert answer.body["faults"][0]["field"] == "bridge"


@pytest.mark.parametrize(
    "sent", [b"", b"\0", b"[" * 100_000, b'{"bridge": "\\u0000"}', b'{"a\\u0000b": 1}', b"NaN"]
)
def test_no_body_breaks_the_door(study, bridge, sent):
    assert push(study, bridge, sent).status == 422


def test_a_revoked_bridge_cannot_push_and_its_token_opens_nothing(study, owner):
    with study.database.transaction("test", "add") as session:
        bridge, token = bridging.add(session, owner.code, "apple-health")
    with study.database.reading(role=PARTICIPANT_ROLE) as session:
        assert bridging.of_token(session, token).id == bridge.id
        assert bridging.of_token(session, token[:-1]) is None

    with study.database.transaction("test", "revoke") as session:
        assert bridging.revoke(session, bridge.id) == owner.code

    with study.database.reading(role=PARTICIPANT_ROLE) as session:
        assert bridging.of_token(session, token) is None
    with pytest.raises(bridging.BridgeRevokedError):
        push(study, bridge, body(steps(), bridge="apple-health"))


def test_a_person_who_has_withdrawn_cannot_push(study, owner, bridge):
    with study.database.transaction("test", "withdraw") as session:
        enrolling.find_participant(session, owner.code).status = "withdrawn"

    with pytest.raises(bridging.BridgeRevokedError):
        push(study, bridge, body(steps()))


def test_only_the_hash_of_a_token_is_kept(study, owner):
    with study.database.transaction("test", "add") as session:
        _, token = bridging.add(session, owner.code, "health-connect")

    everything = study.rows("SELECT new::text FROM audit.entry") + study.rows(
        "SELECT b::text FROM bridge b"
    )
    assert not [row for row in everything if token in row[0]]


def test_a_bridge_needs_a_zone_a_known_kind_and_is_revoked_once(study, owner, bridge):
    with study.database.transaction("test", "x") as session:
        stranger = enrolling.add_participant(session)
        with pytest.raises(ZoneNeededError):
            bridging.add(session, stranger.code, "health-connect")
        with pytest.raises(TrialError, match="garmin"):
            bridging.add(session, owner.code, "garmin")
        bridging.revoke(session, bridge.id)
        with pytest.raises(TrialError, match="revoked before"):
            bridging.revoke(session, bridge.id)


def test_the_list_of_bridges_shows_what_each_pushed(study, owner, bridge):
    push(study, bridge, body(steps()))
    other = add(study, owner.code, "apple-health")

    with study.database.reading() as session:
        newest, oldest = (
            line for line in bridging.lines(session) if line.participant == owner.code
        )

    assert (newest.id, newest.kind, newest.pushes, newest.last_push_at) == (
        other.id, "apple-health", 0, None,
    )  # fmt: skip
    assert (oldest.id, oldest.participant, oldest.pushes) == (bridge.id, owner.code, 1)
    assert oldest.last_push_at is not None
