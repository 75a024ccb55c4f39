"""The forms around a draft: how it begins, is saved, handed in and set aside."""

from collections.abc import Sequence

from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput

from hometrial.models import ProtocolVersion
from hometrial.services.trial.drafting import LONGEST, DraftRefusedError


class BeginForm(FlaskForm):  # type: ignore[misc]
    """What a draft begins as."""

    name = StringField(
        "What it is for", validators=[InputRequired("Say what it is for."), Length(max=200)]
    )
    begin_as = SelectField("Begin as", validators=[InputRequired("Choose what it begins as.")])
    file = FileField("A file (YAML), if it begins as one")
    is_test = BooleanField("A rehearsal: nobody in it reaches an export")


class SaveForm(FlaskForm):  # type: ignore[misc]
    """What every save says: the revision that it began with, and what for."""

    seen = IntegerField(widget=HiddenInput(), validators=[InputRequired("Open the page anew.")])
    because = StringField("What for", validators=[Optional(), Length(max=400)])

    @property
    def why(self) -> str:
        """What was typed, without spaces around it."""
        return str(self.because.data or "").strip()


class TextForm(SaveForm):
    """A draft as the file that it is."""

    body = TextAreaField("The file", validators=[Length(max=LONGEST)])
    file = FileField("Or take this file in its place")

    @property
    def text(self) -> str:
        """What was typed, with the line ends of files."""
        return str(self.body.data or "").replace("\r\n", "\n")


class SubmitForm(FlaskForm):  # type: ignore[misc]
    """Why the protocol is changed."""

    seen = IntegerField(widget=HiddenInput(), validators=[InputRequired("Open the page anew.")])
    reason = TextAreaField(
        "Why it is changed, for whoever approves it",
        validators=[InputRequired("Say why it is changed."), Length(max=2000)],
    )


class EndForm(FlaskForm):  # type: ignore[misc]
    """Why a draft is not followed up."""

    reason = TextAreaField(
        "Why it is set aside", validators=[InputRequired("Say why."), Length(max=2000)]
    )


def beginnings(versions: Sequence[ProtocolVersion], shipped: Sequence[str]) -> list[SelectChoice]:
    """Return what a draft may begin as: the newest versions first, then what ships, a file, nothing."""
    return [
        *(
            SelectChoice(
                f"version:{each.id}",
                f"{each.protocol} {each.version}, {each.state}{', a rehearsal' if each.is_test else ''}",
            )
            for each in reversed(versions)
        ),
        *(SelectChoice(f"shipped:{name}", f"{name}, as it ships") for name in shipped),
        SelectChoice("file:", "a file of mine"),
        SelectChoice("empty:", "nothing"),
    ]


def uploaded(file: FileStorage | None) -> str:
    """Return the text of a file that was sent. Raises DraftRefusedError of none, or of one that is no text."""
    body = b"" if file is None else file.stream.read(4 * LONGEST + 1)
    if not body:
        raise DraftRefusedError("no file was sent; choose one")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DraftRefusedError("the file is no UTF-8; save it as text in UTF-8") from error
