"""The door of phone bridges: records pushed under a key, answered once they are stored."""

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from hometrial.db import PARTICIPANT_ROLE
from hometrial.models import Bridge
from hometrial.participant import doors
from hometrial.services import bridging, pushing
from hometrial.services.bridging import BridgeRevokedError
from hometrial.services.pushing import Answer, problem
from hometrial_ingest.readers import bridge

LARGEST = 8 << 20
"""Bytes of one push."""

pages = Blueprint("push", __name__)


@pages.get(bridge.SCHEMA_PATH)
def schema() -> Response:
    """Publish what a push must look like."""
    answer = jsonify(bridge.schema())
    answer.mimetype = "application/schema+json"
    return answer


@pages.post("/push/v1")
def take() -> Response:
    """Take a push in: 202 once it is stored, 200 if it was before, else a problem with its way out."""
    known = _bridge()
    if known is None:
        return _send(_unknown())
    try:
        body = doors.body(LARGEST)
    except RequestEntityTooLarge:
        return _send(_too_large())
    if request.mimetype != "application/json" or request.content_encoding:
        return _send(_not_json())
    try:
        return _send(_receive(known, body))
    except BridgeRevokedError:
        return _send(_unknown())


def _bridge() -> Bridge | None:
    """Return the bridge whose token was sent, before anything else is looked at."""
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        return None
    with doors.database().reading(role=PARTICIPANT_ROLE) as session:
        return bridging.of_token(session, sent.token)


def _receive(known: Bridge, body: bytes) -> Answer:
    key = request.headers.get("Idempotency-Key", "")
    with doors.database().transaction(
        f"bridge:{known.id}", "a push", role=PARTICIPANT_ROLE
    ) as session:
        answer = pushing.receive(session, known.id, key, body)
        if answer.accepted:
            doors.tasks().absorb(session, known.account_id)
    return answer


def _send(answer: Answer) -> Response:
    sent = jsonify(answer.body)
    sent.status_code = answer.status
    if answer.status >= 400:
        sent.mimetype = "application/problem+json"
    if answer.status == 401:
        sent.headers["WWW-Authenticate"] = 'Bearer realm="push"'
    if answer.status == 429:
        sent.headers["Retry-After"] = str(answer.body["retry_after"])
    return sent


def _unknown() -> Answer:
    return problem(
        401,
        "token",
        "The token opens nothing",
        "send the bridge's token as 'Authorization: Bearer htb_...'; if it was revoked, ask the study "
        "team for another",
    )


def _too_large() -> Answer:
    return problem(
        413,
        "too-large",
        "The push is too large",
        f"a push holds at most {LARGEST >> 20} MiB; split it, each part under a key of its own",
    )


def _not_json() -> Answer:
    return problem(
        415,
        "not-json",
        "The push is not plain JSON",
        "send Content-Type: application/json and no Content-Encoding",
    )
