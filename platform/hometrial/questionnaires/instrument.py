"""An instrument as declared: its licence, what it asks, how it is scored, what raises an alert."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from hometrial.questionnaires.checking import refuse_faults
from hometrial.questionnaires.declared import (
    Declaration,
    Id,
    Language,
    Line,
    Period,
    Several,
    Text,
    Version,
)
from hometrial.questionnaires.scores import AnyScore, Recoding

Status = Literal[
    "public-domain",
    "free-no-permission",
    "cc-by-4.0",
    "cc-by-2.0",
    "free-with-registration",
    "permission-required",
    "commercial-licence",
]
SkipReason = Literal["prefer_not", "not_sure", "not_relevant", "too_unwell"]


class Licence(Declaration):
    """Under which terms it may be used, whether its wording is shipped, and the line to print with it.

    `modifications` says what differs from the original ("none" if nothing does); CC BY asks for it.
    """

    status: Status
    text_shipped: bool
    notice: Line
    source: Line
    checked: date
    modifications: Line | None = None


class Recall(Declaration):
    """The time that the questions are about; `text` only where it is shown apart from the stem."""

    period: Period
    text: Text | None = None


class Presentation(Declaration):
    """How it is shown: an owner's terms decide, not taste."""

    one_per_screen: bool
    stem_on_every_screen: bool
    allow_skip: bool
    skip_reasons: Several[SkipReason]


class Option(Declaration):
    """One answer of a choice: `value` is what is stored and scored."""

    code: Line
    value: int
    loinc: Line | None = None
    text: Text | None = None


class _Item(Declaration):
    """What any item says of itself.

    `show_if`: a condition on items before it. `hidden_value`: what scores count when the condition is
    false, for instruments whose owner says so. `in_crash`: asked in crash mode too.
    """

    id: Id
    text: Text | None = None
    stem: Id | None = None
    help: Text | None = None
    loinc: Line | None = None
    show_if: Line | None = None
    hidden_value: float | None = None
    in_crash: bool = False


class ChoiceItem(_Item):
    """One answer of an option set."""

    type: Literal["choice"]
    options: Id


class ScaleItem(_Item):
    """A whole number from low to high with words at both ends, such as a numeric rating scale."""

    type: Literal["scale"]
    low: int
    high: int
    low_text: Text | None = None
    high_text: Text | None = None


class NumberItem(_Item):
    """A measured number (`decimal`) or a count (`integer`) within bounds; `unit` is UCUM."""

    type: Literal["integer", "decimal"]
    low: float
    high: float
    unit: Line


class WordsItem(_Item):
    """Words, a day (YYYY-MM-DD) or a time of day (HH:MM)."""

    type: Literal["text", "date", "time"]
    max_length: PositiveInt | None = None

    @model_validator(mode="after")
    def _text_has_an_end(self) -> Self:
        if (self.type == "text") != (self.max_length is not None):
            raise ValueError("max_length belongs to text, and text needs it")
        return self


Item = ChoiceItem | ScaleItem | NumberItem | WordsItem
AnyItem = Annotated[Item, Field(discriminator="type")]


class Flag(Declaration):
    """A word that a score's result carries when the condition on items and scores holds."""

    id: Id
    when: Line


class Alert(Declaration):
    """What somebody must look at: on which condition, how urgent, who, and within how many hours.

    `on` item_saved: the condition knows items only, and is tried at every saved answer.
    """

    id: Id
    when: Line
    level: Literal["red", "amber", "blue"]
    on: Literal["item_saved", "submitted"]
    text: Line
    route: Id
    sla_hours: PositiveFloat


class Vector(Declaration):
    """A worked example: these answers give these scores (within 0.0001), bands and flags."""

    answers: dict[Id, int | float | str | None]
    expect: dict[Id, float | None]
    bands: dict[Id, Id | None] = Field(default={})
    flags: Several[Line] | None = None


class Instrument(Declaration):
    """One questionnaire: a published version never changes, a new one is declared.

    `minutes`: the typical time it takes. `title`, `languages`: a text stands in every language or, if the
    licence forbids to ship it, in none.
    """

    schema_name: Literal["instrument/1"] = Field(alias="schema")
    id: Id
    version: Version
    title: Text
    languages: Annotated[Several[Language], Field(min_length=1)]
    licence: Licence = Field(alias="license")
    completed_by: Literal["participant", "clinician"]
    minutes: PositiveFloat
    codes: dict[Id, Line] = Field(default={})
    recall: Recall | None = None
    presentation: Presentation
    stems: dict[Id, Text | None] = Field(default={})
    option_sets: dict[Id, Annotated[Several[Option], Field(min_length=2)]] = Field(default={})
    items: Annotated[Several[AnyItem], Field(min_length=1)]
    recodings: dict[Id, Recoding] = Field(default={})
    scores: Several[AnyScore] = ()
    flags: Several[Flag] = ()
    alerts: Several[Alert] = ()
    tests: Several[Vector] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        refuse_faults(self)
        return self

    def item(self, name: str) -> Item | None:
        """Return the item of this id, or None."""
        return next((item for item in self.items if item.id == name), None)
