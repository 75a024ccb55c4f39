"""Forms of data sets and locks; what was chosen and typed stays when it is refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_wtf import FlaskForm
from wtforms import BooleanField, DateField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from hometrial.errors import TrialError
from hometrial.exports.deidentifying import PROFILES, Profile
from hometrial.exports.formats.writing import FORMATS
from hometrial.models import BOARD_DECISIONS, LOCK_KINDS
from hometrial.services.locking.wanted import DEFAULT_FORMATS, EVERY, Wanted, wanted
from hometrial.services.viewing.foreseen import Place
from hometrial.staff.forms import LONGEST_REASON, ManyField
from hometrial_ingest.signals import SIGNALS, Signal

FORMAT_WORDS = {
    "xpt5": "SAS transport, version 5: what regulators and their checkers take",
    "xpt8": "SAS transport, version 8: for SAS, with long names",
    "dataset-json": "CDISC Dataset-JSON 1.1: the exchange format that follows SAS transport",
    "ndjson": "CDISC Dataset-JSON, one line a row: for very long tables",
    "parquet": "Parquet: for R, Python, DuckDB and Spark",
    "csv": "CSV: for any program",
    "stata": "Stata",
    "spss": "SPSS",
}
"""What each format is for."""
SAMPLES = (
    ("all", "All samples, by minute and second"),
    ("daily", "None: the daily tables alone"),
    ("chosen", "Of these streams"),
)
KIND_WORDS = {
    "interim": "Interim: the study goes on",
    "final": "Final: the study is over, and this is what is analysed",
}
LONGEST_MINUTES = 20_000
FIRST_OF_ROOT = 8
"""So many characters of the root are typed by whoever signs."""


DECISION_WORDS = {
    "continue": "Continue as planned",
    "modify": "Continue with changes",
    "pause": "Pause: no new people and no further doses until it is cleared up",
    "stop": "Stop the study",
}


def _choices(words: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice(value, text) for value, text in words.items()]


class _Form(FlaskForm):  # type: ignore[misc]  # the library has no types
    def refuse(self, error: TrialError) -> None:
        """Show a refusal beside the field that its sentence begins with, or above the form."""
        name, _, rest = str(error).partition(": ")
        field = self._fields.get(name)
        if field is None or isinstance(field, HiddenField) or not rest:
            self.form_errors.append(str(error))
        else:
            field.errors = [*field.errors, rest]


class DataForm(_Form):
    """Which samples, in which formats, under which profile."""

    samples = RadioField(
        "Samples of watches", choices=[SelectChoice(*each) for each in SAMPLES], default="all"
    )
    streams = ManyField(
        "Streams", choices=[SelectChoice(str(each), SIGNALS[each].label) for each in Signal]
    )
    formats = ManyField(
        "Formats",
        choices=_choices({name: FORMAT_WORDS[name] for name in FORMATS}),
        default=list(DEFAULT_FORMATS),
        validators=[InputRequired("Choose at least one format.")],
    )
    profile = RadioField("What stays behind", validators=[InputRequired("Choose a profile.")])

    def offer_profiles(self, roles: Sequence[str]) -> tuple[Profile, ...]:
        """Offer the profiles that some roles may ask for; return them."""
        mine = tuple(each for each in PROFILES.values() if each.roles & set(roles))
        self.profile.choices = [SelectChoice(each.name, each.name) for each in mine]
        if self.profile.data is None and mine:
            self.profile.data = mine[0].name
        return mine

    def validate_streams(self, field: ManyField) -> None:
        """Ask for a stream where streams are chosen one by one."""
        if self.samples.data == "chosen" and not field.data:
            raise ValidationError(
                "Tick the streams whose samples you want, or choose another line above."
            )

    @property
    def wanted(self) -> Wanted:
        """What is wanted. Raises ExportRefusedError."""
        streams = {"all": (EVERY,), "daily": ()}.get(
            self.samples.data, tuple(self.streams.data or ())
        )
        return wanted(tuple(self.formats.data), self.profile.data, streams)


class DraftForm(DataForm):
    """A draft: whose data, too."""

    sites = ManyField("Sites", validators=[InputRequired("Choose at least one site.")])

    def offer_sites(self, places: Sequence[Place]) -> None:
        """Offer sites, all of them ticked on a new page."""
        self.sites.choices = [SelectChoice(each.code, each.name) for each in places]
        if not self.is_submitted():
            self.sites.data = [each.code for each in places]


class LockForm(DataForm):
    """A lock: what it is called, which kind it is, and why it is made."""

    name = StringField("Name", validators=[InputRequired("Give it a name, for example DSMB-1.")])
    kind = RadioField(
        "Kind",
        choices=_choices({kind: KIND_WORDS[kind] for kind in LOCK_KINDS}),
        default=LOCK_KINDS[0],
    )
    reason = TextAreaField(
        "Why it is made",
        validators=[
            InputRequired("Say why: it stands in the lock's manifest."),
            Length(max=LONGEST_REASON, message=f"Say it in {LONGEST_REASON} characters at most."),
        ],
    )


class SignForm(_Form):
    """A signature under a lock: as whom, and for which root."""

    role = RadioField("You sign as", validators=[InputRequired("Choose as whom you sign.")])
    root = HiddenField(validators=[InputRequired("The form says no root; open the page anew.")])
    first = StringField(f"The first {FIRST_OF_ROOT} characters of the root")
    read = BooleanField(
        "I have read what this lock holds", validators=[InputRequired("Tick this when you have.")]
    )

    def offer(self, roles: Sequence[str]) -> None:
        """Offer the roles as which somebody can sign."""
        self.role.choices = [SelectChoice(each, each.replace("_", " ")) for each in roles]
        if len(roles) == 1 and not self.is_submitted():
            self.role.data = roles[0]

    def validate_first(self, field: StringField) -> None:
        """Compare what was typed with the root that was shown."""
        if (field.data or "").strip().lower() != str(self.root.data)[:FIRST_OF_ROOT]:
            raise ValidationError(
                "These are not the first characters of the root above; type them as they stand."
            )


class DecisionForm(_Form):
    """What the safety board decided."""

    decision = RadioField(
        "The board recommends to",
        choices=_choices({each: DECISION_WORDS[each] for each in BOARD_DECISIONS}),
        validators=[InputRequired("Choose what the board decided.")],
    )
    met_on = DateField("Day of the meeting", validators=[InputRequired("Give the day.")])
    because = TextAreaField(
        "Minutes, and why",
        validators=[
            InputRequired("Say why; the board's reasons are kept with it."),
            Length(max=LONGEST_MINUTES, message=f"Say it in {LONGEST_MINUTES} characters at most."),
        ],
    )
    root = HiddenField(validators=[InputRequired("The form says no root; open the page anew.")])


def chosen(form: DataForm, samples: Mapping[str, int]) -> dict[str, Any]:
    """Return the samples of the streams that a form chooses, as far as there are any."""
    which = form.samples.data
    taken = (
        set(form.streams.data or ())
        if which == "chosen"
        else set(samples)
        if which == "all"
        else set()
    )
    return {stream: count for stream, count in samples.items() if stream in taken}
