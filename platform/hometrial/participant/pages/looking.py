"""Choosing how pages look: colours, size of text, language."""

from flask import Blueprint, redirect, render_template, request
from flask_babel import lazy_gettext
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, RadioField

from hometrial.participant import looks
from hometrial.participant.looks import LANGUAGES, SIZES, Look
from hometrial.participant.site import site
from hometrial.participant.ways import inside

pages = Blueprint("look", __name__)


class LookForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """What can be chosen."""

    theme = RadioField(
        lazy_gettext("Colours"),
        choices=[
            ("auto", lazy_gettext("As my device has it")),
            ("light", lazy_gettext("Light")),
            ("dark", lazy_gettext("Dark")),
            ("dim", lazy_gettext("Dim and warm, for a dark room")),
        ],
    )
    grey = BooleanField(lazy_gettext("No colours at all"))
    size = RadioField(
        lazy_gettext("Size of text"),
        coerce=int,
        choices=list(
            zip(
                SIZES,
                (
                    lazy_gettext("Small"),
                    lazy_gettext("Medium"),
                    lazy_gettext("Large"),
                    lazy_gettext("Very large"),
                ),
                strict=True,
            )
        ),
    )
    language = RadioField(lazy_gettext("Language"), choices=list(LANGUAGES.items()))


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
