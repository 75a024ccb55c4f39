"""The blueprint of the Exports area."""

from flask import Blueprint
from werkzeug.wrappers import Response

pages = Blueprint("exports", __name__, url_prefix="/exports")

Answer = str | Response | tuple[str, int]
