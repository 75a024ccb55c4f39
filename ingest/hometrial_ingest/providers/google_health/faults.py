"""What a refusal of Google's means, by its status and its reason, never by its text (with one exception)."""

from collections.abc import Callable

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import (
    NotLinkedError,
    ProviderError,
    RateLimitedError,
    ScopeMissingError,
    TryLaterError,
)
from hometrial_ingest.providers.wire import AccessExpiredError, Reply, our_fault, plain_fault

_NOT_LINKED = (
    "the Google account has no health profile: the person must open the Fitbit app with it"
)
_LEGACY = "consent was given with an old Fitbit account: the person must link a Google account"
_INCIDENT = "access is refused as in the incident of August 2026; if it lasts for days, link again"
# The one case that has no reason of its own (seen in the wild); a wrong guess costs a message, no data.
_LEGACY_SIGN = b"Could not mint UberMint from GaiaMint"
_NOT_A_PERSONS = frozenset(
    {
        "SERVICE_DISABLED", "USER_PROJECT_DENIED", "CONSUMER_INVALID", "CONSUMER_SUSPENDED",
        "BILLING_DISABLED", "API_KEY_INVALID", "API_KEY_SERVICE_BLOCKED", "SECURITY_POLICY_VIOLATED",
    }
)  # fmt: skip


class _Detail(Struct):
    """{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "SERVICE_DISABLED", ...}."""

    reason: str = ""


class _Error(Struct):
    """{"code": 403, "message": "...", "status": "PERMISSION_DENIED", "details": [...]}."""

    status: str = ""
    details: list[_Detail] = []


class _Envelope(Struct):
    """{"error": {...}}, or {"error": "insufficient_scope", "error_description": "..."}."""

    error: _Error | str


_envelope = Decoder(_Envelope)
_Fault = Callable[[Reply, str, str], ProviderError]


def fault(reply: Reply, words: str) -> ProviderError:
    """Return what a reply with another status than 200 means."""
    reason = _reason(reply)
    if reason in ("RATE_LIMIT_EXCEEDED", "RESOURCE_EXHAUSTED"):
        text = f"{words}: too many requests ({reason})."
        return RateLimitedError(text, request_id=reply.request_id, retry_after=reply.retry_after)
    plain = plain_fault(reply, words)
    if plain is not None:
        return plain
    known = _BY_STATUS.get(reply.status)
    if known is not None:
        return known(reply, words, reason)
    return our_fault(reply, words, reason or "our request is wrong")


def _reason(reply: Reply) -> str:
    """Return the reason of a refusal; "" for a body that is not Google's, such as a page of HTML."""
    try:
        error = _envelope.decode(reply.body).error
    except (MsgspecError, RecursionError):
        return ""
    if isinstance(error, str):
        return error
    return next((each.reason for each in error.details if each.reason), error.status)


def _bad_request(reply: Reply, words: str, reason: str) -> ProviderError:
    if reason == "ACCOUNT_NOT_LINKED":
        return NotLinkedError(f"{words}: {_NOT_LINKED}.", request_id=reply.request_id)
    return our_fault(reply, words, reason or "our request is wrong")


def _unauthorised(reply: Reply, words: str, reason: str) -> ProviderError:
    if reason == "insufficient_scope":
        return _forbidden(reply, words, reason)
    if not reason:
        # Not the API but something in front of it: that says nothing about a person's grant.
        return TryLaterError(f"{words}: 401 without a reason.", request_id=reply.request_id)
    return AccessExpiredError(f"{words}: 401, {reason}.", request_id=reply.request_id)


def _forbidden(reply: Reply, words: str, reason: str) -> ProviderError:
    by = reply.request_id
    if reason in ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "insufficient_scope"):
        return ScopeMissingError(f"{words}: the person did not grant this.", request_id=by)
    if reason == "ACCOUNT_NOT_LINKED":
        return _bad_request(reply, words, reason)
    if reason in _NOT_A_PERSONS:
        return our_fault(reply, words, f"{reason}: check the Google Cloud project")
    if _LEGACY_SIGN in reply.body:
        return NotLinkedError(f"{words}: {_LEGACY}.", request_id=by)
    why = _INCIDENT if reason == "RESOURCE_PERMISSION_DENIED" else "nobody knows why"
    return TryLaterError(f"{words}: 403, {reason or 'no reason'}: {why}.", request_id=by)


_BY_STATUS: dict[int, _Fault] = {400: _bad_request, 401: _unauthorised, 403: _forbidden}
