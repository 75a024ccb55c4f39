"""The staff site: what came in, what is missing and why, what waits for a decision (D9, D15)."""

import hashlib
from urllib.parse import urlsplit

from flask import Flask
from flask_bootstrap import Bootstrap5
from flask_wtf import CSRFProtect

from hometrial.db import Database
from hometrial.staff import api, assets, errors, headers, navigation, permitting, words
from hometrial.staff.pages import (
    access_log,
    account,
    batches,
    bulk,
    completeness,
    entering,
    exports,
    keys,
    lineage,
    monitoring,
    people,
    providers,
    quality,
    quarantine,
    queries,
    rules,
    safety,
    setting_up,
    sync,
    system,
    timeline,
    today,
    trail,
    trial,
    users,
)
from hometrial.staff.study import Study

LARGEST_FORM = 64 * 1024
LOCAL = ("localhost", "127.0.0.1")
PARTS = (
    today,
    completeness,
    people,
    timeline,
    bulk,
    sync,
    exports,
    lineage,
    batches,
    quality,
    quarantine,
    queries,
    rules,
    providers,
    safety,
    monitoring,
    trail,
    trial,
    system,
)


def create_app(database: Database) -> Flask:
    """Make the staff site of one study."""
    settings = database.settings
    address = urlsplit(settings.staff_url)
    https = address.scheme == "https"
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=settings.key("staff-site"),
        SESSION_COOKIE_NAME=cookie_name(database, https=https),
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        TRUSTED_HOSTS=list(_names(address.hostname or "")),
        BOOTSTRAP_SERVE_LOCAL=True,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, and our pages send none
    )
    app.extensions["hometrial"] = Study(database)
    Bootstrap5(app)
    CSRFProtect(app).exempt(api.doors)  # a token in a header is no browser's
    headers.strict(app)
    errors.handle(app)
    words.teach(app)
    app.jinja_env.globals.update(menu=navigation.menu)
    for part in (*PARTS, entering, setting_up, account, users, access_log, keys, assets):
        app.register_blueprint(part.pages)
    app.register_blueprint(api.doors)
    permitting.guard(app)
    return app


def cookie_name(database: Database, *, https: bool) -> str:
    """Return the cookie's name: two studies on one host's ports must not mix, so that each has its own."""
    home = hashlib.sha256(str(database.settings.home).encode()).hexdigest()[:8]
    return f"__Host-staff_{home}" if https else f"staff_{home}"


def _names(host: str) -> tuple[str, ...]:
    """Return the names under which the site may be asked for; this machine has several."""
    return LOCAL if host in LOCAL else (host,)
