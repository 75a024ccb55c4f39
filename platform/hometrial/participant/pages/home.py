"""The way to the first page: what is to be done today, or the watch where nothing else is asked."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

pages = Blueprint("home", __name__)


@pages.get("/")
def page() -> AnyResponse:
    """Lead to the person's watch."""
    return redirect(url_for("watch.page"), 303)
