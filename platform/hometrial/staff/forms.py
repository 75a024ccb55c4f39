"""Forms of decisions; what was typed stays in them when they are refused."""

from datetime import datetime

from flask_wtf import FlaskForm
from wtforms import SelectMultipleField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

LONGEST_REASON = 2_000


class ManyField(SelectMultipleField):  # type: ignore[misc]
    """Several of some choices, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _says_something(_form: FlaskForm, field: TextAreaField) -> None:
    if not (field.data or "").strip():
        raise ValidationError("Say why: the reason is kept beside the row and in the audit trail.")


class _Decision(FlaskForm):  # type: ignore[misc]
    reason = TextAreaField(
        validators=[
            InputRequired("Say why: the reason is kept beside the row and in the audit trail."),
            Length(max=LONGEST_REASON, message=f"Say it in {LONGEST_REASON} characters at most."),
            _says_something,
        ]
    )

    @property
    def why(self) -> str:
        """The reason without spaces around it."""
        return str(self.reason.data).strip()

    def refuse(self, text: str) -> None:
        """Show a refusal beside the reason."""
        self.reason.errors = [*self.reason.errors, text]


class ConfirmForm(_Decision):
    """Why a row is wrong."""


class ReleaseForm(_Decision):
    """Why a row is right after all, and its instant if it has none."""

    at = StringField()
    needs_instant = False

    def validate_at(self, field: StringField) -> None:
        """Ask for an instant with its offset exactly where the row has none."""
        if not self.needs_instant:
            return
        text = (field.data or "").strip()
        if not text:
            raise ValidationError(
                "This row has no instant; give one, for example 2016-03-13T07:00:00Z."
            )
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise ValidationError(f"{text!r} is no instant; write 2016-03-13T07:00:00Z.") from error
        if moment.tzinfo is None:
            raise ValidationError(f"{text} has no zone; end it with Z or an offset such as -05:00.")

    @property
    def instant(self) -> datetime | None:
        """The instant given, None for a row that has one."""
        return datetime.fromisoformat(str(self.at.data).strip()) if self.needs_instant else None
