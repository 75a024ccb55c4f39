"""Everything about one person and what staff do for them, a module a page; all of them are of `people`."""

from flask import Blueprint

pages = Blueprint("people", __name__, url_prefix="/people")
