"""What a refusal of Fitbit's means, by its status and the type of its error, never by its text."""

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import ProviderError, ScopeMissingError, TryLaterError
from hometrial_ingest.providers.wire import (
    LONGEST_WAIT,
    AccessExpiredError,
    Reply,
    our_fault,
    plain_fault,
)

_UNAUTHORISED, _FORBIDDEN, _CONFLICT, _TOO_MANY = 401, 403, 409, 429
_CLIENT = "invalid_client"
_RESET = "Fitbit-Rate-Limit-Reset"


class _Error(Struct, rename="camel"):
    """{"errorType": "expired_token", "fieldName": "...", "message": "..."}."""

    error_type: str = ""


class _Errors(Struct):
    """{"errors": [...], "success": false}."""

    errors: list[_Error]


_errors = Decoder(_Errors)


def fault(reply: Reply, words: str) -> ProviderError:
    """Return what a reply with another status than 200 means."""
    plain = plain_fault(reply, words)
    if plain is not None:
        if reply.status == _TOO_MANY and plain.retry_after is None:
            plain.retry_after = _until_reset(reply)
        return plain
    word = _word(reply)
    if reply.status == _UNAUTHORISED and word != _CLIENT:
        return _unauthorised(reply, words, word)
    if reply.status == _FORBIDDEN:
        return _forbidden(reply, words, word)
    if reply.status == _CONFLICT:
        return TryLaterError(f"{words}: 409, {word or 'no reason'}.", request_id=reply.request_id)
    return our_fault(reply, words, word or "our request is wrong")


def _unauthorised(reply: Reply, words: str, word: str) -> ProviderError:
    if not word:
        # Not the API but something in front of it: that says nothing about a person's grant.
        return TryLaterError(f"{words}: 401 without a reason.", request_id=reply.request_id)
    return AccessExpiredError(f"{words}: 401, {word}.", request_id=reply.request_id)


def _forbidden(reply: Reply, words: str, word: str) -> ProviderError:
    if word == "insufficient_scope":
        text = f"{words}: the person did not grant this."
        return ScopeMissingError(text, request_id=reply.request_id)
    if word == "insufficient_permissions":
        return our_fault(reply, words, "the application was not approved for detailed data")
    text = f"{words}: 403, {word or 'no reason'}: nobody knows why."
    return TryLaterError(text, request_id=reply.request_id)


def _word(reply: Reply) -> str:
    """Return the type of the first error; "" for a body that is not the API's, such as HTML."""
    try:
        found = _errors.decode(reply.body).errors
    except (MsgspecError, RecursionError):
        return ""
    return next((each.error_type for each in found if each.error_type), "")


def _until_reset(reply: Reply) -> float | None:
    # Not every 429 carries Retry-After; the seconds to the top of the hour stand on every reply.
    said = reply.headers.get(_RESET, "").strip()
    return min(float(said), LONGEST_WAIT) if said.isascii() and said.isdigit() else None
