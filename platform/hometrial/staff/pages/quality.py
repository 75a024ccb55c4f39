"""Quality: the state of the data in numbers, and the signals of central monitoring."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from hometrial.services.querying import data_rules, sweeping
from hometrial.services.viewing import quality
from hometrial.staff.permitting import permits
from hometrial.staff.study import me, reading, writing

pages = Blueprint("quality", __name__, url_prefix="/quality")

SHOWN = 50


@pages.get("")
@permits("data.see")
def page() -> str:
    """Show the numbers, each with the page that tells more."""
    with reading() as session:
        found = quality.overview(session)
    return render_template("quality/overview.html", found=found)


@pages.get("/signals")
@permits("query.see")
def signals() -> str:
    """Show what looks odd over many values: copied answers, digits that repeat, impossible steps."""
    with reading() as session:
        found = [(rule, data_rules.broken(session, rule)) for rule in data_rules.RULES.values()]
    return render_template("quality/signals.html", found=found, shown=SHOWN, form=FlaskForm())


@pages.post("/signals/<rule>")
@permits("query.open")
def ask_about_all(rule: str) -> Response:
    """Open a query about everything that breaks a rule and is not asked about yet."""
    form = FlaskForm()
    if form.validate_on_submit():
        with writing(f"queries about all that breaks the rule {rule}") as session:
            opened = sweeping.ask_about_all(session, sweeping.rule_named(rule), me().actor)
        flash(f"Queries opened: {opened}." if opened else "All of it is being asked about already.")
    return redirect(url_for("queries.listing", rule=rule), 303)
