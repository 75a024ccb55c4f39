"""Forms of departures from the protocol."""

from typing import Any

from wtforms import BooleanField, DateField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from hometrial.models import DEVIATION_CATEGORIES, DEVIATION_IMPACTS
from hometrial.staff.pages.safety.forms import (
    LONGEST,
    SafetyForm,
    choices,
    reason,
    says_something,
)

_LONG = Length(max=LONGEST)


class DeviationForm(SafetyForm):
    """A departure from the protocol."""

    category = SelectField(
        "What it is about",
        choices=choices(DEVIATION_CATEGORIES, None),
    )
    impact = SelectField("What it bears on", choices=choices(DEVIATION_IMPACTS, None))
    happened_on = DateField("When it happened", validators=[InputRequired("Give the day.")])
    found_on = DateField("When it was found", validators=[InputRequired("Give the day.")])
    description = TextAreaField(
        "What happened, and what the protocol asks for",
        validators=[InputRequired("Say what happened."), _LONG, says_something],
    )
    corrective_action = TextAreaField(
        "What is done so that it does not happen again", validators=[_LONG]
    )
    reported_on = DateField(
        "When the ethics committee was told, if it had to be", validators=[Optional()]
    )
    is_closed = BooleanField("Nothing is left to do")

    def said(self) -> dict[str, Any]:
        """Return the fields of the deviation by their names."""
        return {
            "category": self.category.data,
            "impact": self.impact.data,
            "happened_on": self.happened_on.data,
            "found_on": self.found_on.data,
            "description": (self.description.data or "").strip(),
            "corrective_action": (self.corrective_action.data or "").strip(),
            "reported_on": self.reported_on.data,
            "is_closed": bool(self.is_closed.data),
        }


class AmendDeviationForm(DeviationForm):
    """A newer version of a deviation."""

    because = reason("Why it is changed")
