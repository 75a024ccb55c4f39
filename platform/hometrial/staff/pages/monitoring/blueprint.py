"""The blueprint of the pages of monitors."""

from flask import Blueprint
from werkzeug.exceptions import BadRequest

from hometrial.models import VERIFIABLE

pages = Blueprint("monitoring", __name__, url_prefix="/monitoring")


def kind_of(text: str | None) -> str:
    """Return a kind of value. Raises BadRequest."""
    if text not in VERIFIABLE:
        raise BadRequest(f"There is no kind {text!r}; there are {', '.join(VERIFIABLE)}.")
    return text
