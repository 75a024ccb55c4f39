"""The participant site: a person's trial from home, and the doors of clouds; no staff page exists in it (D9)."""

import signal
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import waitress
from flask import Flask
from flask_wtf import CSRFProtect

from hometrial.db import Database
from hometrial.participant import (
    departed,
    errors,
    headers,
    languages,
    looks,
    push,
    visiting,
    webhooks,
    words,
)
from hometrial.participant.doors import Tasks
from hometrial.participant.pages import (
    asking,
    charting,
    confirming,
    connecting,
    consenting,
    dosing,
    entering,
    home,
    leaving,
    looking,
    medicating,
    mine,
    passkeys,
    reminding,
    reporting,
    resting,
    supplying,
    team,
    unlinking,
    watching,
)
from hometrial.participant.site import NAME, Hook, Site, nothing
from hometrial.services.syncing import clouds as set_up
from hometrial_ingest.provider import Provider

LARGEST_FORM = 64 * 1024


def create_app(
    database: Database,
    *,
    clouds: Mapping[str, Provider] | None = None,
    on_linked: Hook = nothing,
    on_unlinked: Hook = nothing,
    tasks: Tasks | None = None,
) -> Flask:
    """Make the participants' site of one study.

    `on_linked` and `on_unlinked` are called with the open transaction and the account's id. Without
    `tasks` there is nobody to read what notifications hint at: those doors do not exist then.
    """
    settings = database.settings
    address = urlsplit(settings.public_url)
    https = address.scheme == "https"
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.key("participant-site"),
        SESSION_COOKIE_NAME="__Host-hometrial" if https else "hometrial",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",  # the provider's page sends the browser back from elsewhere
        TRUSTED_HOSTS=[address.hostname],
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, and our pages send none
    )
    found = set_up.clouds(settings) if clouds is None else clouds
    app.extensions[NAME] = Site(database, found, on_linked, on_unlinked)
    csrf = CSRFProtect(app)
    looks.teach(app)
    languages.speak(app)
    visiting.guard(app)
    departed.guard(app)
    headers.strict(app, https=https)
    errors.handle(app)
    words.teach(app)
    for part in (
        visiting,
        asking,
        entering,
        confirming,
        passkeys,
        home,
        dosing,
        supplying,
        resting,
        reporting,
        medicating,
        watching,
        connecting,
        unlinking,
        looking,
        consenting,
        leaving,
        mine,
        charting,
        team,
        reminding,
    ):
        app.register_blueprint(part.pages)
    if tasks is not None:
        app.extensions["hometrial_tasks"] = tasks
        app.extensions["hometrial_hooks"] = webhooks.hooks_of(settings, found)
        for door in (webhooks, push):
            csrf.exempt(door.pages)
            app.register_blueprint(door.pages)
    return app


def serve(app: Flask, host: str, port: int, **options: Any) -> None:
    """Serve until interrupted (Ctrl-C or SIGTERM); `options`: of the web server."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = waitress.create_server(app, host=host, port=port, **options)
    try:
        server.run()
    finally:
        server.close()
