"""How to reach the study team, from any screen."""

from flask import Blueprint, render_template

pages = Blueprint("team", __name__, url_prefix="/team")


@pages.get("")
def page() -> str:
    """Tell how to reach the team."""
    return render_template("team/team.html")
