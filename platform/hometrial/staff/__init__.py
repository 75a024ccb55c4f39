"""The staff site: what came in, what is missing and why, what waits for a decision (D9, D15)."""

import secrets

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect

from hometrial.db import Database
from hometrial.staff import assets, errors, headers, login, words
from hometrial.staff.pages import (
    batches,
    completeness,
    people,
    providers,
    quarantine,
    sync,
    trail,
    work,
)
from hometrial.staff.study import Study

LARGEST_FORM = 64 * 1024
PARTS = (work, completeness, people, sync, batches, quarantine, providers, trail)


def create_app(database: Database, *, token: str, actor: str) -> Flask:
    """Make the staff site of one study; `token` logs in, `actor` is who its decisions are by."""
    app = Flask(__name__)
    door = login.Login(token)
    app.config.update(
        # A new key at each start: sessions live in this process, and end with it.
        SECRET_KEY=secrets.token_bytes(32),
        SESSION_COOKIE_NAME=door.cookie_name,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        WTF_CSRF_TIME_LIMIT=None,
    )
    app.extensions["hometrial"] = Study(database, actor)
    door.guard(app)
    Bootstrap5(app)
    CSRFProtect(app)
    headers.strict(app)
    errors.handle(app)
    words.teach(app)
    for part in (*PARTS, login, assets):
        app.register_blueprint(part.pages)
    return app
