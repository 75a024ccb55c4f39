"""The API's error replies: an envelope with details, worded as captured ones are."""

import json
from collections.abc import Mapping, Sequence

from werkzeug import Response

JSON = "application/json; charset=UTF-8"
_TYPE = "type.googleapis.com/google.rpc."
_GENERAL, _HEALTH = "googleapis.com", "health.googleapis.com"
PROJECT = "123456789"
"""The number of the project in which the client lives."""

Detail = dict[str, object]


class RefusedError(Exception):
    """A call that the API refuses: the HTTP code, the canonical status, the message and its details."""

    def __init__(self, code: int, status: str, message: str, *details: Detail) -> None:
        super().__init__(message)
        self.code, self.status, self.message, self.details = code, status, message, details
        self.retry_after: float | None = None

    def reply(self) -> Response:
        """Return the error as the API sends it."""
        error: Detail = {"code": self.code, "message": self.message, "status": self.status}
        if self.details:
            error["details"] = list(self.details)
        answer = json_reply({"error": error}, self.code)
        if self.retry_after is not None:
            answer.headers["Retry-After"] = f"{self.retry_after:g}"
        return answer


def json_reply(body: object, status: int = 200) -> Response:
    """Return a body as compact JSON."""
    return Response(json.dumps(body, separators=(",", ":")), status, content_type=JSON)


def html_reply(status: int, title: str) -> Response:
    """Return a page of the servers in front of the API, which know nothing of JSON."""
    text = (
        f"<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Error {status} ({title})"
        f"!!1</title>\n<p><b>{status}.</b> <ins>That's an error.</ins>\n</html>\n"
    )
    return Response(text, status, content_type="text/html; charset=UTF-8")


def info(reason: str, domain: str = _GENERAL, metadata: Mapping[str, str] | None = None) -> Detail:
    """Return an ErrorInfo."""
    detail: Detail = {"@type": f"{_TYPE}ErrorInfo", "reason": reason, "domain": domain}
    return detail | {"metadata": dict(metadata)} if metadata else detail


def violations(found: Sequence[tuple[str, str]]) -> Detail:
    """Return a BadRequest of (field, description)."""
    listed = [{"field": field, "description": text} for field, text in found]
    return {"@type": f"{_TYPE}BadRequest", "fieldViolations": listed}


def invalid(message: str, *details: Detail) -> RefusedError:
    """Return a plain 400."""
    return RefusedError(400, "INVALID_ARGUMENT", message, *details)


def unknown_type(data_type: str) -> RefusedError:
    """Return the refusal of a data type that the API does not have."""
    reason = "INVALID_PARENT_DATA_TYPE_COLLECTION"
    return invalid(f"Invalid data type '{data_type}'.", info(reason, _HEALTH))


def bad_filter(found: Sequence[tuple[str, str]]) -> RefusedError:
    """Return the refusal of a filter for reasons (the last words of the code, description)."""
    reasons = [f"INVALID_DATA_POINT_FILTER_{reason}" for reason, _ in found]
    return invalid(
        f"Invalid data point filter: {', '.join(reasons)}.",
        info("INVALID_DATA_POINT_FILTER", _HEALTH, {"detailedReasons": ",".join(reasons)}),
        violations([("filter", text) for _, text in found]),
    )


def bad_fields(found: Sequence[tuple[str, str]]) -> RefusedError:
    """Return the refusal of a body with unknown names: (where, name)."""
    listed = [
        (
            where,
            f"Invalid JSON payload received. Unknown name \"{name}\" at '{where}': Cannot find field.",
        )
        for where, name in found
    ]
    return invalid("\n".join(text for _, text in listed), violations(listed))


def no_credentials() -> RefusedError:
    """Return the refusal of a call without a token."""
    message = (
        "Request is missing required authentication credential. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return RefusedError(401, "UNAUTHENTICATED", message, info("CREDENTIALS_MISSING"))


def bad_credentials() -> RefusedError:
    """Return the refusal of a token that is unknown, expired or revoked."""
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie "
        "or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project."
    )
    return RefusedError(401, "UNAUTHENTICATED", message)


def scope_missing() -> RefusedError:
    """Return the refusal of a token that does not cover the data type."""
    message = "Request had insufficient authentication scopes."
    return RefusedError(403, "PERMISSION_DENIED", message, info("ACCESS_TOKEN_SCOPE_INSUFFICIENT"))


def not_linked() -> RefusedError:
    """Return the refusal of a Google account without a health profile."""
    signup = {"redirect_uri": "https://fitbit.google.com/auth/signup"}
    message = "The account is not linked to Google Health."
    return RefusedError(
        400, "FAILED_PRECONDITION", message, info("ACCOUNT_NOT_LINKED", _HEALTH, signup)
    )


def service_disabled() -> RefusedError:
    """Return the refusal of a project whose API is switched off."""
    console = f"https://console.developers.google.com/apis/api/{_HEALTH}/overview?project={PROJECT}"
    message = (
        f"Google Health API has not been used in project {PROJECT} before or it is disabled. Enable it "
        f"by visiting {console} then retry. If you enabled this API recently, wait a few minutes for "
        "the action to propagate to our systems and retry."
    )
    metadata = {"consumer": f"projects/{PROJECT}", "service": _HEALTH}
    link = {"description": "Google developers console API activation", "url": console}
    return RefusedError(
        403, "PERMISSION_DENIED", message,
        info("SERVICE_DISABLED", metadata=metadata), {"@type": f"{_TYPE}Help", "links": [link]},
    )  # fmt: skip


def incident() -> RefusedError:
    """Return the refusal of August 2026, on every endpoint."""
    message = "User is not authorized to access health data."
    return RefusedError(
        403, "PERMISSION_DENIED", message, info("RESOURCE_PERMISSION_DENIED", _HEALTH)
    )


def uber_mint() -> RefusedError:
    """Return the refusal of a consent that was given with a legacy account."""
    return RefusedError(403, "PERMISSION_DENIED", "Could not mint UberMint from GaiaMint")


def not_permitted() -> RefusedError:
    """Return the refusal of a project's id in place of its number, or of a stranger to the project."""
    return RefusedError(403, "PERMISSION_DENIED", "The caller does not have permission")


def exhausted(retry_after: float | None) -> RefusedError:
    """Return the refusal of one call too many in a minute."""
    message = (
        "Quota exceeded for quota metric 'Queries' and limit 'Queries per minute per user' of service "
        f"'{_HEALTH}' for consumer 'project_number:{PROJECT}'."
    )
    failure = {"subject": f"project:{PROJECT}", "description": "Quota exceeded"}
    error = RefusedError(
        429, "RESOURCE_EXHAUSTED", message, info("RATE_LIMIT_EXCEEDED"),
        {"@type": f"{_TYPE}QuotaFailure", "violations": [failure]},
    )  # fmt: skip
    error.retry_after = retry_after
    return error


_SERVER = {500: "INTERNAL", 502: "UNAVAILABLE", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED"}
_TITLES = {
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


def server_error(status: int, *, html: bool) -> Response:
    """Return a 5xx as the API words it, or as the servers in front of it do."""
    if html:
        return html_reply(status, _TITLES.get(status, "Server Error"))
    message = "The service is currently unavailable."
    return RefusedError(status, _SERVER.get(status, "UNKNOWN"), message).reply()


def point_not_found() -> RefusedError:
    """Return the refusal of a name that nothing has."""
    return RefusedError(404, "NOT_FOUND", "Requested entity was not found.")
