"""Choosing how pages look: colours, size of text, language."""

from flask import Blueprint, redirect, render_template, request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, RadioField
from wtforms.fields import SelectChoice

from hometrial.participant import looks
from hometrial.participant.looks import LANGUAGES, Look
from hometrial.participant.site import site
from hometrial.participant.ways import inside

pages = Blueprint("look", __name__)


class LookForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """What can be chosen."""

    size = RadioField(
        lazy_gettext("Size of text"),
        coerce=int,
        choices=[
            SelectChoice("16", lazy_gettext("Small")),
            SelectChoice("20", lazy_gettext("Medium")),
            SelectChoice("24", lazy_gettext("Large")),
            SelectChoice("28", lazy_gettext("Very large")),
        ],
    )
    theme = RadioField(
        lazy_gettext("Colours"),
        choices=[
            SelectChoice("auto", lazy_gettext("As my device has it")),
            SelectChoice("light", lazy_gettext("Light")),
            SelectChoice("dark", lazy_gettext("Dark")),
            SelectChoice("dim", lazy_gettext("Dim and warm, for a dark room")),
        ],
    )
    grey = BooleanField(lazy_gettext("No colours at all"))
    language = RadioField(
        lazy_gettext("Language"), choices=[SelectChoice(*each) for each in LANGUAGES.items()]
    )


@pages.route("/look", methods=["GET", "POST"])
def page() -> AnyResponse | str | tuple[str, int]:
    """Show the choices; keep what is chosen on this device and go back."""
    back = inside(request.values.get("next", "/"))
    form = LookForm(obj=looks.current())
    if not form.is_submitted():
        return render_template("look/look.html", form=form, back=back)
    if not form.validate():
        return render_template("look/look.html", form=form, back=back), 400
    answer = redirect(back, 303)
    chosen = Look(form.theme.data, form.size.data, form.grey.data, form.language.data)
    looks.keep(answer, chosen, https=site().database.settings.public_url.startswith("https"))
    return answer
