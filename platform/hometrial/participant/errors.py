"""What a person sees when something is refused: one calm sentence and the way on."""

from flask import Flask, Response, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from hometrial.participant.visiting import MACHINES
from hometrial.services.syncing.invitations import InvitationRefusedError
from hometrial.services.syncing.linking import NothingToShareError

_LINKS = {
    "used": "This link was used before. Each link opens the page once. Ask the study team for a new one.",
    "old": "This link is too old. Ask the study team for a new one.",
    "unknown": "This link is not complete, or not one of ours. Ask the study team for a new one.",
}
_CLOSED = (
    "Nothing was changed. The page closes by itself when it is not used for a while. "
    "Ask the study team for a new link."
)
_STATUSES = {
    400: (
        "That did not work",
        "Nothing was changed. Go back, open the page again and try once more.",
    ),
    404: ("There is no such page", "Nothing was changed."),
    405: ("There is no such page", "Nothing was changed."),
    500: ("Something went wrong on our side", "It is not your fault. Please try again later."),
}


def handle(app: Flask) -> None:
    """Give every refusal a page of its own; the most general comes last."""
    app.register_error_handler(InvitationRefusedError, _link)
    app.register_error_handler(NothingToShareError, _nothing)
    app.register_error_handler(CSRFError, _old_form)
    app.register_error_handler(401, _closed)
    app.register_error_handler(SecurityError, _not_here)
    app.register_error_handler(HTTPException, _other)


def _page(status: int, title: str, text: str) -> ResponseReturnValue:
    return render_template("message.html", title=title, text=text), status


def _link(error: InvitationRefusedError) -> ResponseReturnValue:
    return _page(
        410 if error.state in ("used", "old") else 404, "This link does not open", _link_text(error)
    )


def _link_text(error: InvitationRefusedError) -> str:
    return _LINKS.get(error.state, _LINKS["unknown"])


def _nothing(_error: NothingToShareError) -> ResponseReturnValue:
    text = "You have not agreed to share anything that this service has. Ask the study team if that is not right."
    return _page(409, "There is nothing to connect", text)


def _closed(_error: HTTPException) -> ResponseReturnValue:
    return _page(401, "Your page is closed", _CLOSED)


def _old_form(_error: CSRFError) -> ResponseReturnValue:
    return _page(400, *_STATUSES[400])


def _not_here(_error: SecurityError) -> ResponseReturnValue:
    """Say nothing to a request for another host: not even where our own pages are."""
    return Response("This address is not served here.", 400, mimetype="text/plain")


def _other(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if request.blueprint in MACHINES:
        return jsonify(error=error.description or error.name), status
    title, text = _STATUSES.get(status, (error.name, "Nothing was changed."))
    return _page(status, title, text)
