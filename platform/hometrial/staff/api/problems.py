"""What a program is told when something is refused: a problem (RFC 9457) with the field, its value and the way out."""

import json
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response
from werkzeug.exceptions import HTTPException

from hometrial.errors import TrialError, UnknownParticipantError
from hometrial.services.delivering import ProfileRefusedError
from hometrial.services.locking.keeping import UnknownLockError
from hometrial.services.serving.snapshots import SnapshotGoneError
from hometrial.services.staffing.acting import NotPermittedError
from hometrial.services.staffing.tokens import TooOftenError

MEDIA_TYPE = "application/problem+json"
_STATUS: dict[type[TrialError], int] = {
    NotPermittedError: HTTPStatus.FORBIDDEN,
    ProfileRefusedError: HTTPStatus.FORBIDDEN,
    UnknownParticipantError: HTTPStatus.NOT_FOUND,
    UnknownLockError: HTTPStatus.NOT_FOUND,
    SnapshotGoneError: HTTPStatus.GONE,
}


class ValueWrongError(TrialError):
    """A value in a request that will not do."""

    def __init__(self, field: str, value: object, way_out: str) -> None:
        super().__init__(f"{field}: {value!r} will not do; {way_out}")
        self.field, self.value, self.way_out = field, value, way_out


class NotThereError(TrialError):
    """Something that there is not, or not for who asks."""


class NotReadyError(TrialError):
    """Something that has to be asked for first, or is not ready yet."""


def handle(part: Blueprint) -> None:
    """Give every refusal below the interface the form of a problem."""
    part.register_error_handler(401, _nobody)
    part.register_error_handler(HTTPException, _plain)
    part.register_error_handler(TrialError, _refused)
    part.register_error_handler(TooOftenError, _too_often)


def problem(status: int, detail: str, **further: object) -> Response:
    """Return an answer that tells of a problem."""
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **further,
    }
    return Response(json.dumps(told, default=str), status, mimetype=MEDIA_TYPE)


def _nobody(_error: HTTPException) -> Response:
    answer = problem(
        401,
        "no token came along, or one that is unknown, revoked or over",
        field="Authorization",
        way_out="send `Authorization: Bearer TOKEN`; tokens are made on the page Account of the staff site",
    )
    answer.headers["WWW-Authenticate"] = 'Bearer realm="hometrial"'
    return answer


def _too_often(error: TooOftenError) -> Response:
    answer = problem(
        429,
        str(error),
        field="Authorization",
        limit=error.most,
        retry_after=error.seconds,
        way_out=f"wait {error.seconds} seconds; fewer and larger requests (format=parquet, archive) bring the same",
    )
    answer.headers["Retry-After"] = str(error.seconds)
    return answer


def _plain(error: HTTPException) -> Response:
    return problem(error.code or 500, error.description or error.name)


def _refused(error: TrialError) -> Response:
    if isinstance(error, ValueWrongError):
        return problem(400, str(error), field=error.field, value=error.value, way_out=error.way_out)
    own: dict[type[TrialError], int] = {NotThereError: 404, NotReadyError: 409}
    return problem((_STATUS | own).get(type(error), 409), str(error))
