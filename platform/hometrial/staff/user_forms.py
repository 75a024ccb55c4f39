"""Forms about accounts and roles; what was typed stays in them when they are refused."""

from flask_wtf import FlaskForm
from wtforms import IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice

from hometrial.errors import TrialError
from hometrial.models import ROLES

_MINUTES = 24 * 60


class AccountForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """A new account."""

    name = StringField("Name to log in with")
    full_name = StringField("Full name")


class RoleForm(FlaskForm):  # type: ignore[misc]
    """A role that is asked for."""

    role = SelectField(
        "Role", choices=[SelectChoice(each, each.replace("_", " ")) for each in ROLES]
    )
    site = SelectField("Where")
    reason = TextAreaField("Why")


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why something is done."""

    reason = TextAreaField("Why")


class LinkForm(FlaskForm):  # type: ignore[misc]
    """How long a link opens."""

    minutes = IntegerField("Minutes that it opens", default=_MINUTES)


def beside(form: FlaskForm, error: TrialError) -> None:
    """Show a refusal beside the field that it names, or beside the last one."""
    name, colon, told = str(error).partition(": ")
    key = name.replace(" ", "_")
    if colon and key in form:
        form[key].errors = [f"{told[:1].upper()}{told[1:]}."]
        return
    shown = [each for each in form if each.name != "csrf_token"]
    shown[-1].errors = [f"{str(error)[:1].upper()}{str(error)[1:]}."]
