"""Fields of forms about a person: what was typed stays as it was, and a refusal says how to write it."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, StopValidation, ValidationError

LONGEST_REASON = 2_000
LONGEST_LINE = 200
Check = Callable[[FlaskForm, Field], None]


class ActForm(FlaskForm):  # type: ignore[misc]
    """A form of an act; it may have a reason, which the audit trail keeps.

    `zone`: on whose clock moments are told, the person's own.
    """

    zone = ZoneInfo("UTC")

    @property
    def why(self) -> str:
        """The reason that was typed, nothing of a form without one."""
        return said(self["reason"]) if "reason" in self else ""

    def refuse(self, text: str) -> None:
        """Show a refusal beside the field that it names first, or over the form."""
        name = text.split(":", 1)[0].split(" ", 1)[0]
        if name in self and name != "csrf_token":
            self[name].errors = [*self[name].errors, text]
        else:
            self.form_errors.append(text)


def said(field: Field) -> str:
    """Return what a field says, without spaces around it."""
    return str(field.data or "").strip()


def said_or_none(field: Field) -> str | None:
    """Return what a field says, None if nothing."""
    return said(field) or None


def not_blank(sentence: str) -> Check:
    """Return a check that something but spaces was typed."""

    def check(_form: FlaskForm, field: Field) -> None:
        if not said(field):
            raise StopValidation(sentence)

    return check


def reason(label: str = "Why", *, hint: str = "Kept in the audit trail.") -> TextAreaField:
    """Return the field of a reason that must be given."""
    sentence = "Say why: the reason is kept in the audit trail."
    return TextAreaField(
        label,
        [not_blank(sentence), Length(max=LONGEST_REASON, message="Say it more briefly.")],
        description=hint,
    )


def line(label: str, *, hint: str = "", needed: str = "", longest: int = LONGEST_LINE) -> Field:
    """Return a line of text; `needed`: the sentence where nothing was typed."""
    first: list[Check] = [not_blank(needed)] if needed else [Optional()]
    most = Length(max=longest, message=f"Write {longest} characters at most.")
    return StringField(label, [*first, most], description=hint)


def choice(
    label: str, choices: Iterable[tuple[str, str]], *, hint: str = "", needed: bool = True
) -> SelectField:
    """Return one choice of a list; not `needed`: it may be left open."""
    first = [("", "choose")] if needed else [("", "not said")]
    checks = [InputRequired("Choose one.")] if needed else [Optional()]
    return SelectField(label, checks, choices=options([*first, *choices]), description=hint)


def options(choices: Iterable[tuple[str, str]]) -> list[SelectChoice]:
    """Return choices, value and words, as a field takes them."""
    return [SelectChoice(value, words) for value, words in choices]


def _day(_form: FlaskForm, field: Field) -> None:
    try:
        date.fromisoformat(said(field))
    except ValueError as error:
        raise ValidationError(f"{field.data!r} is no day; write it like 2026-11-28.") from error


def day(label: str, *, hint: str = "", needed: bool = True) -> Field:
    """Return a day of the person's own calendar."""
    first: list[Check] = [not_blank("Give the day.")] if needed else [Optional()]
    return StringField(label, [*first, _day], description=hint, render_kw={"type": "date"})


def day_of(field: Field) -> date | None:
    """Return the day of a field, None if nothing was typed."""
    return date.fromisoformat(said(field)) if said(field) else None


def amount_of(field: Field) -> Decimal | None:
    """Return the number of a field exactly as it was typed, None if nothing was."""
    return Decimal(said(field)) if said(field) else None


def needed_amount(field: Field) -> Decimal:
    """Return the number of a field that must be there, as its check has seen to."""
    return Decimal(said(field))


def needed_day(field: Field) -> date:
    """Return the day of a field that must be there, as its check has seen to."""
    return date.fromisoformat(said(field))


def _amount(_form: FlaskForm, field: Field) -> None:
    try:
        found = Decimal(said(field))
    except InvalidOperation as error:
        raise ValidationError(f"{field.data!r} is no number; write it like 4.5.") from error
    if not found.is_finite():
        raise ValidationError(f"{field.data!r} is no number; write it like 4.5.")


def amount(label: str, *, hint: str = "", needed: bool = True) -> Field:
    """Return a number, kept as it was typed: 0.30 is not 0.3."""
    first: list[Check] = [not_blank("Give the number.")] if needed else [Optional()]
    look = {"inputmode": "decimal", "autocomplete": "off"}
    return StringField(label, [*first, _amount], description=hint, render_kw=look)


def _moment(form: FlaskForm, field: Field) -> None:
    try:
        typed = datetime.fromisoformat(said(field))
    except ValueError as error:
        raise ValidationError(
            f"{field.data!r} is no moment; write it like 2026-11-28 14:00."
        ) from error
    if typed.tzinfo is not None:
        return
    here, later = typed.replace(tzinfo=form.zone), typed.replace(tzinfo=form.zone, fold=1)
    if here.utcoffset() != later.utcoffset():
        raise ValidationError(
            f"The clocks of {form.zone} were changed then: add the offset that you mean, "
            f"{here:%z} or {later:%z}."
        )


def moment(label: str, *, hint: str = "", needed: bool = False) -> Field:
    """Return a moment on the person's own clock, or with an offset of its own."""
    first: list[Check] = [not_blank("Say when.")] if needed else [Optional()]
    look = {"placeholder": "2026-11-28 14:00", "autocomplete": "off"}
    return StringField(label, [*first, _moment], description=hint, render_kw=look)


def moment_of(form: ActForm, name: str) -> datetime | None:
    """Return the instant of a field, None if nothing was typed."""
    if not said(form[name]):
        return None
    typed = datetime.fromisoformat(said(form[name]))
    return (typed if typed.tzinfo else typed.replace(tzinfo=form.zone)).astimezone(UTC)
