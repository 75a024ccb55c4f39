"""Google's notifications: both proofs must hold, and then they are hints, however they are worded."""

import json
import time
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from tests.providers.conftest import PAYLOADS, Answer, at, captured

from hometrial_ingest.provider import Hint, NotificationRefusedError, TryLaterError
from hometrial_ingest.providers.google_health import signatures

AGREED = "Bearer a-secret-of-more-than-32-characters"


class Signer:
    """Google's side: keys in a Tink keyset, and signatures by one of them."""

    def __init__(self) -> None:
        self.keys = {}

    def add(self, key_id: int) -> None:
        self.keys[key_id] = ec.generate_private_key(ec.SECP256R1())

    def keyset(self, status: str = "ENABLED") -> Answer:
        keys = [
            {
                "keyId": key_id, "status": status, "outputPrefixType": "TINK",
                "keyData": {
                    "typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey",
                    "value": b64encode(message(key.public_key())).decode(),
                    "keyMaterialType": "ASYMMETRIC_PUBLIC",
                },
            }
            for key_id, key in self.keys.items()
        ]  # fmt: skip
        return Answer(200, json.dumps({"primaryKeyId": 1, "key": keys}).encode())

    def sign(self, body: bytes, key_id: int = 1) -> str:
        signature = self.keys[key_id].sign(body, ec.ECDSA(SHA256()))
        return b64encode(b"\x01" + key_id.to_bytes(4, "big") + signature).decode()


def message(key: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as Tink writes it: version, parameters, and coordinates with a leading zero."""
    numbers = key.public_numbers()
    parts = [b"\x08\x00", b"\x12\x06\x08\x03\x10\x02\x18\x02"]
    for tag, number in ((b"\x1a", numbers.x), (b"\x22", numbers.y)):
        parts.append(tag + b"\x21" + number.to_bytes(33, "big"))
    return b"".join(parts)


@pytest.fixture
def signer(vendor):
    signer = Signer()
    signer.add(1)
    vendor.script = lambda _: signer.keyset()
    return signer


def notice(**parts) -> bytes:
    data = {"version": "1", "healthUserId": "h", "operation": "UPSERT", "dataType": "steps"}
    return json.dumps([{"data": data | parts}]).encode()


def headers(signer, body, **changed):
    sent = {"Authorization": AGREED, "GOOGLE-HEALTH-API-SIGNATURE": signer.sign(body)}
    return {name: value for name, value in (sent | changed).items() if value is not None}


def hints(google, signer, body):
    return google.hints(headers(signer, body), body, AGREED)


PHYSICAL = {"startTime": "2026-03-07T22:29:00Z", "endTime": "2026-03-07T22:34:00.5Z"}
CIVIL = {"startTime": "2026-03-07T17:29:00", "endTime": "2026-03-07T17:34:00"}
AROUND = (at("2026-03-06T17:29:00Z"), at("2026-03-08T17:34:00Z"))


def test_a_signed_notice_is_a_hint_at_its_physical_interval(google, signer):
    body = notice(intervals=[{"physicalTimeInterval": PHYSICAL, "civilIso8601TimeInterval": CIVIL}])
    end = datetime(2026, 3, 7, 22, 34, 0, 500_000, tzinfo=UTC)
    assert hints(google, signer, body) == [Hint("h", "steps", at("2026-03-07T22:29:00Z"), end)]


def test_the_name_of_the_header_in_spring_is_understood(google, signer):
    body = notice()
    sent = {"authorization": AGREED, "x-healthapi-signature": signer.sign(body)}
    assert google.hints(sent, body, AGREED) == [Hint("h", "steps", None, None)]


def test_a_civil_interval_gets_a_days_margin(google, signer):
    body = notice(intervals=[{"civilIso8601TimeInterval": CIVIL}])
    assert hints(google, signer, body) == [Hint("h", "steps", *AROUND)]


@pytest.mark.skipif(not PAYLOADS.exists(), reason="no captured payloads on this machine")
def test_captured_notices_are_understood_even_where_a_part_is_mangled(google, signer):
    docs = captured("google_health_v4/docs_webhook_notification.json")
    start, end = AROUND
    assert hints(google, signer, docs) == [
        Hint("health-user-id", "steps", start, end + timedelta(seconds=0))
    ]
    flat = captured("google_health_v4/webhook_notification_flat_interval_variant.json")
    assert hints(google, signer, flat) == [Hint("user-uuid-456", "steps", *AROUND)]


@pytest.mark.parametrize(
    ("parts", "hint"),
    [
        ({"operation": "DELETE"}, Hint("h", "steps", None, None, "deleted")),
        ({"dataType": "sleep", "recordId": "7"}, Hint("h", "sleep", None, None)),
        ({"dataType": "daily-resting-heart-rate"}, Hint("h", "resting_heart_rate", None, None)),
        ({"dataType": "floors"}, Hint("h", None, None, None)),
        ({"dataType": None}, Hint("h", None, None, None)),
        ({"healthUserId": None}, Hint(None, "steps", None, None)),
        ({"healthUserId": 5}, Hint(None, None, None, None)),
        ({"intervals": [{}]}, Hint("h", "steps", None, None)),
        ({"intervals": [{"physicalTimeInterval": {"startTime": "2026"}}]},
         Hint("h", "steps", None, None)),
        ({"intervals": [{"civilDateTimeInterval": {
            "startDateTime": {"date": {"year": 2026, "month": 3, "day": 7}, "time": {}},
            "endDateTime": {"date": {"year": 2026, "month": 3, "day": 8}},
         }}]}, Hint("h", "steps", at("2026-03-06T00:00Z"), at("2026-03-09T00:00Z"))),
    ],
)  # fmt: skip
def test_missing_and_unknown_parts_are_tolerated(google, signer, parts, hint):
    assert hints(google, signer, notice(**parts)) == [hint]


def test_an_array_gives_the_hints_of_all_its_items_and_a_single_object_its_own(google, signer):
    one, two = (json.loads(notice(dataType=name))[0] for name in ("steps", "sleep"))
    assert [hint.stream for hint in hints(google, signer, json.dumps([one, two]).encode())] == [
        "steps",
        "sleep",
    ]
    assert [hint.stream for hint in hints(google, signer, json.dumps(two).encode())] == ["sleep"]


def test_a_signed_body_of_no_known_form_hints_at_nothing(google, signer):
    assert hints(google, signer, b"no JSON") == [Hint(None, None, None, None)]


FORGED = {
    "no authorization": {"Authorization": None},
    "another secret": {"Authorization": AGREED + "x"},
    "no signature": {"GOOGLE-HEALTH-API-SIGNATURE": None},
    "no base64": {"GOOGLE-HEALTH-API-SIGNATURE": "*"},
    "nothing but a prefix": {"GOOGLE-HEALTH-API-SIGNATURE": b64encode(b"\x01\0\0\0\1").decode()},
    "no signature behind the prefix": {
        "GOOGLE-HEALTH-API-SIGNATURE": b64encode(b"\x01\0\0\0\1" + bytes(70)).decode()
    },
    "not even ASCII": {"GOOGLE-HEALTH-API-SIGNATURE": "é"},
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_notice_without_both_proofs_is_refused(google, signer, forged):
    body = notice()
    with pytest.raises(NotificationRefusedError):
        google.hints(headers(signer, body, **forged), body, AGREED)


def test_a_signature_in_another_framing_is_refused(google, signer):
    body = notice()
    framed = b"\x00" + b64decode(signer.sign(body))[1:]
    sent = headers(signer, body, **{"GOOGLE-HEALTH-API-SIGNATURE": b64encode(framed).decode()})
    with pytest.raises(NotificationRefusedError):
        google.hints(sent, body, AGREED)


def test_a_body_that_was_changed_is_refused_even_where_its_json_means_the_same(google, signer):
    body = notice()
    with pytest.raises(NotificationRefusedError):
        google.hints(headers(signer, body), body + b" ", AGREED)


def test_without_a_secret_nothing_is_believed(google, signer):
    body = notice()
    with pytest.raises(NotificationRefusedError):
        google.hints(headers(signer, body, Authorization=""), body, "")


def test_who_does_not_know_the_secret_makes_us_fetch_nothing(google, signer, vendor):
    body = notice()
    with pytest.raises(NotificationRefusedError):
        google.hints(headers(signer, body, Authorization="guess"), body, AGREED)
    assert vendor.asked == []


def test_keys_are_fetched_once_and_again_for_a_key_that_is_new(google, signer, vendor):
    for _ in range(3):
        hints(google, signer, notice())
    assert vendor.targets == ["GET /google/keyset.json"]
    signer.add(2)
    body = notice()
    sent = headers(signer, body, **{"GOOGLE-HEALTH-API-SIGNATURE": signer.sign(body, 2)})
    assert google.hints(sent, body, AGREED)
    assert len(vendor.asked) == 2


def test_a_key_that_was_taken_back_is_believed_for_a_day_at_most(
    google, signer, vendor, monkeypatch
):
    hints(google, signer, notice())
    vendor.script = lambda _: signer.keyset("DISABLED")
    hints(google, signer, notice())
    now = time.monotonic()
    monkeypatch.setattr(signatures.time, "monotonic", lambda: now + 86_401)
    with pytest.raises(NotificationRefusedError):
        hints(google, signer, notice())


@pytest.mark.parametrize("broken", [Answer(503, b""), Answer(404, b""), Answer(200, b"{}")])
def test_a_notice_that_cannot_be_checked_now_is_neither_refused_nor_believed(
    google, signer, vendor, broken
):
    vendor.says(broken)
    with pytest.raises(TryLaterError):
        hints(google, signer, notice())
