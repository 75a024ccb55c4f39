"""Each refusal of Google's becomes one error of the closed set: by status and reason, never by text."""

import json

import pytest
from tests.providers.conftest import Answer, captured, window

from hometrial_ingest.provider import (
    NotLinkedError,
    OurFaultError,
    ProviderError,
    RateLimitedError,
    ReconnectNeededError,
    RetiredError,
    ScopeMissingError,
    TryLaterError,
)
from hometrial_ingest.providers.wire import AccessExpiredError

PAGE = b"<!doctype html><title>Error</title>"


def refusal(status: str = "", reason: str = "", message: str = "") -> bytes:
    """An envelope as Google words it; without a reason it has no details."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    error = {"code": 1, "status": status, "message": message}
    return json.dumps({"error": error | ({"details": [info]} if reason else {})}).encode()


CAPTURED = [
    (403, "error_access_token_scope_insufficient", ScopeMissingError),
    (400, "error_account_not_linked", NotLinkedError),
    (403, "error_oauth_insufficient_scope", ScopeMissingError),
    (401, "error_oauth_insufficient_scope", ScopeMissingError),
    (403, "error_permission_denied", OurFaultError),
    (429, "error_resource_exhausted", RateLimitedError),
    (403, "error_service_disabled", OurFaultError),
    (401, "error_unauthenticated", AccessExpiredError),
    (400, "real_error_dailyRollUp_bad_range", OurFaultError),
    (400, "real_error_filter_bad_member_hrv", OurFaultError),
    (400, "real_error_filter_bad_member_rhr", OurFaultError),
]
INVENTED = [
    (401, refusal("UNAUTHENTICATED"), AccessExpiredError),
    (401, b'{"error": "invalid_token"}', AccessExpiredError),
    (401, PAGE, TryLaterError),
    (403, refusal("PERMISSION_DENIED", "RESOURCE_PERMISSION_DENIED"), TryLaterError),
    (403, refusal("PERMISSION_DENIED", message="Could not mint UberMint from GaiaMint"),
     NotLinkedError),
    (403, refusal("PERMISSION_DENIED", message="The caller does not have permission"),
     TryLaterError),
    (403, refusal("PERMISSION_DENIED", "RATE_LIMIT_EXCEEDED"), RateLimitedError),
    (403, PAGE, TryLaterError),
    # A text that names another fault changes nothing.
    (403, refusal("PERMISSION_DENIED", "SERVICE_DISABLED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
     OurFaultError),
    (400, refusal("INVALID_ARGUMENT"), OurFaultError),
    (404, PAGE, OurFaultError),
    (404, refusal("NOT_FOUND"), OurFaultError),
    (410, refusal("GONE"), RetiredError),
    (410, PAGE, RetiredError),
    (410, b"", RetiredError),
    (429, PAGE, RateLimitedError),
    (500, refusal("INTERNAL"), TryLaterError),
    (503, PAGE, TryLaterError),
    (504, refusal("DEADLINE_EXCEEDED"), TryLaterError),
    # Not even the word for it makes a server in trouble take a grant away.
    (500, b'{"error": "invalid_grant"}', TryLaterError),
    (400, b"[" * 50_000, OurFaultError),
]  # fmt: skip


def check(google, caller, vendor, status, body, error):
    vendor.says(Answer(status, body, {"X-Request-Id": "r-1"}))
    with pytest.raises(ProviderError) as raised:
        list(google.pages(caller, google.streams["steps"], window()))
    assert type(raised.value) is error
    assert raised.value.request_id == "r-1"
    assert raised.value.text.endswith(".")
    assert "\n" not in raised.value.text


@pytest.mark.parametrize(("status", "name", "error"), CAPTURED)
def test_a_captured_refusal_is_understood(google, caller, vendor, status, name, error):
    check(google, caller, vendor, status, captured(f"google_health_v4/{name}.json"), error)


@pytest.mark.parametrize(("status", "body", "error"), INVENTED)
def test_a_refusal_is_understood(google, caller, vendor, status, body, error):
    check(google, caller, vendor, status, body, error)


def test_an_expired_token_is_a_kind_of_reconnect_needed_for_who_does_not_refresh():
    assert issubclass(AccessExpiredError, ReconnectNeededError)
    assert AccessExpiredError.kind == "reconnect_needed"


def test_a_refusal_that_no_moment_cures_is_met_with_no_other_try(google, caller, vendor):
    vendor.says(Answer(403, refusal("PERMISSION_DENIED", "RESOURCE_PERMISSION_DENIED")))
    with pytest.raises(TryLaterError):
        list(google.pages(caller, google.streams["steps"], window()))
    assert len(vendor.asked) == 1
    assert caller.calls == 1
