"""What a person sees when something is refused: one calm sentence and the way on."""

from flask import (
    Flask,
    Response,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from hometrial.errors import TrialError
from hometrial.participant.pages.entering import form_page
from hometrial.participant.visiting import MACHINES
from hometrial.participant.ways import inside
from hometrial.services.entering.freshness import NotConfirmedError
from hometrial.services.syncing.invitations import InvitationRefusedError
from hometrial.services.syncing.linking import NothingToShareError

_LINKS = {
    "used": lazy_gettext(
        "This link was used before. Each link opens the page once. Ask the study team for a new one."
    ),
    "old": lazy_gettext("This link is too old. Ask the study team for a new one."),
    "unknown": lazy_gettext(
        "This link is not complete, or not one of ours. Ask the study team for a new one."
    ),
}
_NO_PAGE = (lazy_gettext("There is no such page"), lazy_gettext("Nothing was changed."))
_STATUSES = {
    400: (
        lazy_gettext("That did not work"),
        lazy_gettext("Nothing was changed. Go back, open the page again and try once more."),
    ),
    404: _NO_PAGE,
    405: _NO_PAGE,
    409: (
        lazy_gettext("That cannot be done now"),
        lazy_gettext("Nothing was changed. If you think that is wrong, call the study team."),
    ),
    413: (
        lazy_gettext("That is too much at once"),
        lazy_gettext("Nothing was changed. Please send less."),
    ),
    500: (
        lazy_gettext("Something went wrong on our side"),
        lazy_gettext("It is not your fault. Please try again later."),
    ),
}


def handle(app: Flask) -> None:
    """Give every refusal a page of its own; the most general comes last."""
    app.register_error_handler(InvitationRefusedError, _link)
    app.register_error_handler(NothingToShareError, _nothing)
    app.register_error_handler(NotConfirmedError, _confirm)
    app.register_error_handler(TrialError, _not_now)
    app.register_error_handler(CSRFError, _old_form)
    app.register_error_handler(401, _closed)
    app.register_error_handler(SecurityError, _not_here)
    app.register_error_handler(HTTPException, _other)


def _page(status: int, title: object, text: object) -> ResponseReturnValue:
    return render_template("message.html", title=title, text=text), status


def _link(error: InvitationRefusedError) -> ResponseReturnValue:
    status = 410 if error.state in ("used", "old") else 404
    text = _LINKS.get(error.state, _LINKS["unknown"])
    title = gettext("This link does not open")
    return render_template("entering/no_link.html", title=title, text=text), status


def _not_now(error: TrialError) -> ResponseReturnValue:
    """Refuse calmly what the trial's rules refuse; the log keeps the rule's own sentence."""
    current_app.logger.info("%s %s refused: %s", request.method, request.endpoint, error)
    return _page(409, *_STATUSES[409])


def _nothing(_error: NothingToShareError) -> ResponseReturnValue:
    text = gettext(
        "You have not agreed to share anything that this service has. "
        "Ask the study team if that is not right."
    )
    return _page(409, gettext("There is nothing to connect"), text)


def _closed(_error: HTTPException) -> ResponseReturnValue:
    """Offer the way in, and back to where the person wanted to go."""
    return form_page(inside(request.path), closed=True), 401


def _confirm(_error: NotConfirmedError) -> ResponseReturnValue:
    """Lead to where the person proves that it is them, and back to the page they were on."""
    looks = request.method == "GET" and request.query_string
    back = request.full_path if looks else request.path
    return redirect(url_for("confirming.page", next=inside(back)), 303)


def _old_form(_error: CSRFError) -> ResponseReturnValue:
    return _page(400, *_STATUSES[400])


def _not_here(_error: SecurityError) -> ResponseReturnValue:
    """Say nothing to a request for another host: not even where our own pages are."""
    return Response("This address is not served here.", 400, mimetype="text/plain")


def _other(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    if request.blueprint in MACHINES:
        return jsonify(error=error.description or error.name), status
    title, text = _STATUSES.get(status, (error.name, gettext("Nothing was changed.")))
    return _page(status, title, text)
