"""What the pages of the way in share: keys, where a request comes from, how codes go out, whom passkeys are for."""

import math
from typing import cast
from uuid import UUID

from flask import current_app, make_response, render_template, request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField

from hometrial.participant import looks
from hometrial.participant.doors import tasks
from hometrial.participant.site import site
from hometrial.services.entering import codes, parties
from hometrial.services.entering.budgets import Wait
from hometrial.services.entering.codes import Keys, Outgoing
from hometrial.services.entering.parties import Party
from hometrial.services.messaging import queueing, secrets

OUTGOING = "hometrial_codes"
"""Under this name an app may have another way for codes to go out."""


class CodeForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """The code, as it was typed."""

    code = StringField(lazy_gettext("The code from the message"))


def keys() -> Keys:
    """Return the keys of this study that the way in needs."""
    settings = site().database.settings
    return Keys(codes=settings.key("entry-codes"), identity=settings.key("identity"))


def client() -> str:
    """Return where in the network the request comes from; headers that anybody can write say nothing here."""
    return request.remote_addr or "nowhere"


def outgoing() -> Outgoing:
    """Return how a code goes out."""
    return cast(Outgoing, current_app.extensions.get(OUTGOING, _queue))


def _queue(session: Session, participant_id: UUID, code: str) -> None:
    queueing.queue_code(
        session,
        participant_id,
        codes.in_groups(code),
        looks.current().language,
        key=secrets.key_of(site().database.settings),
    )
    if "hometrial_tasks" in current_app.extensions:
        tasks().send(session)


def has_passkeys() -> bool:
    """Tell whether passkeys can be made at this site's address."""
    return parties.party(site().database.settings.public_url) is not None


def party() -> Party:
    """Return whom passkeys are made for. Raises NotFound (404) where none can be made."""
    found = parties.party(site().database.settings.public_url)
    if found is None:
        raise NotFound
    return found


def too_often(wait: Wait) -> AnyResponse:
    """Ask calmly for some patience, and tell programs how much."""
    minutes = math.ceil(wait.seconds / 60)
    answer = make_response(render_template("entering/wait.html", minutes=minutes), 429)
    answer.headers["Retry-After"] = str(wait.seconds)
    return answer
