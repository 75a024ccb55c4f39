"""Saved replies of the Fitbit Web API: which of them are data, and the arrays that they hold."""

from msgspec import Raw, ValidationError
from msgspec.json import Decoder, decode

from hometrial_ingest.errors import ErrorReplyError, UnreadableFileError, shorten
from hometrial_ingest.json_text import strict_json
from hometrial_ingest.reader import SourceFile
from hometrial_ingest.text import read_text

DAILY = {
    "activities-heart": "activities-heart-intraday",
    "activities-steps": "activities-steps-intraday",
}
"""The daily series, each with the name of the detailed set of one day that may stand beside it."""

Fields = dict[str, Raw]

_DATA = frozenset({*DAILY, *DAILY.values(), "sleep", "weight"})
_ERRORS = frozenset({"errors", "error"})
_FETCH_AGAIN = "fetch the reply again, or leave the file out"

_fields = Decoder(Fields)
_elements = Decoder(list[Raw])


def looks_like_data(file: SourceFile) -> bool:
    """Say whether a file is for this reader: False for well-formed JSON that is plainly something else.

    True as well for what cannot be read, for an error and for "still computing", so that `data` refuses
    them aloud.
    """
    try:
        fields = _reply(file)
    except UnreadableFileError:
        return True
    return fields is not None and (not fields or _is_reply(fields))


def data(file: SourceFile) -> Fields:
    """Return the fields of a reply that holds data, still in JSON.

    Raises ErrorReplyError if it is an error of the API, and UnreadableFileError if the file is no JSON,
    unfinished, or no data.
    """
    fields = _reply(file)
    if fields is None:
        problem = "a reply with data is a JSON object, and this is none"
        raise UnreadableFileError(file.path, problem, "leave the file out")
    if fields.keys() & _ERRORS:
        problem = f"this is an error reply of the API, not data: {_reason(fields)}"
        raise ErrorReplyError(file.path, problem, _FETCH_AGAIN)
    if "meta" in fields:
        _refuse_pending(file, fields["meta"])
    if fields and not _is_reply(fields):
        problem = f"no data of a kind that is read: it holds {', '.join(sorted(fields))[:200]}"
        raise UnreadableFileError(file.path, problem, "leave the file out")
    return fields


def elements(file: SourceFile, fields: Fields, name: str) -> list[Raw]:
    """Return the elements of the array `name`, none if it is left out.

    Raises UnreadableFileError if something else than an array stands there.
    """
    if name not in fields:
        return []
    return array(file, name, fields[name])


def array(file: SourceFile, name: str, raw: Raw) -> list[Raw]:
    """Return the elements of an array. Raises UnreadableFileError if it is none."""
    try:
        return _elements.decode(raw)
    except ValidationError as error:
        value = bytes(raw)[:60].decode(errors="replace")
        raise UnreadableFileError(
            file.path, "no array", _FETCH_AGAIN, field=name, value=value
        ) from error


def _reply(file: SourceFile) -> Fields | None:
    try:
        return strict_json(file, read_text(file), _fields, _FETCH_AGAIN)
    except ValidationError:
        return None


def _is_reply(fields: Fields) -> bool:
    return bool(fields.keys() & (_DATA | _ERRORS)) or (
        "meta" in fields and _state(fields["meta"]) is not None
    )


def _state(meta: Raw) -> object:
    # in place of the data: {"meta": {"retryDuration": 3000, "state": "pending"}}
    decoded = decode(meta)
    return decoded.get("state") if isinstance(decoded, dict) else None


def _refuse_pending(file: SourceFile, meta: Raw) -> None:
    state = _state(meta)
    if state is not None:
        problem = "the provider was still computing this reply"
        way_out = "fetch it again"
        raise UnreadableFileError(file.path, problem, way_out, field="meta.state", value=state)


def _reason(fields: Fields) -> str:
    """Return what an error reply says.

    {"errors": [{"errorType": "expired_token", "fieldName": "...", "message": "Access token expired"}]}
    {"error": {"code": 429, "message": "Too Many Requests"}}
    """
    found = decode(fields["errors"] if "errors" in fields else fields["error"])
    said = found if isinstance(found, list) else [found]
    return shorten("; ".join(_sentence(error) for error in said), 400)


def _sentence(error: object) -> str:
    if not isinstance(error, dict):
        return str(error)
    parts = (error.get(name) for name in ("code", "errorType", "fieldName", "message"))
    return ": ".join(str(part) for part in parts if part)
