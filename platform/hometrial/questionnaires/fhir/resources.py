"""The parts of FHIR R4 resources that we read; what else they hold is kept and can be told."""

from collections.abc import Iterator
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from hometrial.questionnaires.fhir.terms import FhirError

Read = TypeVar("Read", bound="Element")


class Element(BaseModel):
    """A part of a resource; fields that it does not know stay in `model_extra`."""

    model_config = ConfigDict(
        frozen=True, extra="allow", strict=True, alias_generator=to_camel, allow_inf_nan=False
    )


class Coding(Element):
    """A code of a system."""

    code: str
    system: str | None = None
    display: str | None = None


class Concept(Element):
    """Codes that mean one thing."""

    coding: list[Coding] = []


class Extension(Element):
    """What one resource says beyond the standard; the kinds of value that ours have."""

    url: str
    value_decimal: float | None = None
    value_integer: int | None = None
    value_string: str | None = None
    value_boolean: bool | None = None
    value_code: str | None = None
    value_coding: Coding | None = None
    value_codeable_concept: Concept | None = None

    @property
    def number(self) -> float | None:
        """The number it states, if it states one."""
        return self.value_decimal if self.value_integer is None else float(self.value_integer)


class Extended(Element):
    """A part that may have extensions; one that changes its meaning must not be passed over, so none may be there."""

    extension: list[Extension] = []
    modifier_extension: list[Any] = Field(default=[], max_length=0)

    def said(self, url: str) -> Extension | None:
        """Return the extension of this URL, or None."""
        return next((each for each in self.extension if each.url == url), None)


class AnswerOption(Extended):
    """One answer to choose."""

    value_coding: Coding
    initial_selected: bool = False


class EnableWhen(Extended):
    """One row of a condition."""

    question: str
    operator: Literal["exists", "=", "!=", ">", "<", ">=", "<="]
    answer_boolean: bool | None = None
    answer_integer: int | None = None
    answer_decimal: float | None = None
    answer_coding: Coding | None = None


class Item(Extended):
    """One item of a Questionnaire, and the items inside it."""

    link_id: str
    type: Literal[
        "group", "display", "decimal", "integer", "date", "time", "string", "text", "choice"
    ]
    text: str | None = None
    code: list[Coding] = []
    enable_when: list[EnableWhen] = []
    enable_behavior: Literal["all", "any"] | None = None
    answer_option: list[AnswerOption] = []
    max_length: int | None = None
    required: bool = False
    repeats: bool = False
    initial: list[Any] = []
    item: list["Item"] = []


class Questionnaire(Extended):
    """A form."""

    resource_type: Literal["Questionnaire"]
    url: str
    version: str
    title: str
    status: Literal["draft", "active", "retired", "unknown"]
    language: str
    name: str | None = None
    copyright: str | None = None
    subject_type: list[str] = []
    code: list[Coding] = []
    item: list[Item]


class Reference(Element):
    """Who or what a resource speaks of."""

    reference: str


class Value(Extended):
    """One answer; the kinds of value that our items have."""

    value_coding: Coding | None = None
    value_integer: int | None = None
    value_decimal: float | None = None
    value_string: str | None = None
    value_date: str | None = None
    value_time: str | None = None


class ResponseItem(Extended):
    """What was answered to one item; nothing if it was skipped."""

    link_id: str
    text: str | None = None
    answer: list[Value] = []
    item: list["ResponseItem"] = []


class QuestionnaireResponse(Extended):
    """A filled form."""

    resource_type: Literal["QuestionnaireResponse"]
    questionnaire: str
    status: Literal["in-progress", "completed", "amended", "entered-in-error", "stopped"]
    subject: Reference
    authored: str
    author: Reference | None = None
    item: list[ResponseItem] = []


def parsed(resource: Any, model: type[Read]) -> Read:
    """Return a JSON value as a resource; raises FhirError with every field that is missing or of another kind."""
    try:
        return model.model_validate(resource)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(step) for step in each['loc']) or 'resource'}: {each['msg']}"
            for each in error.errors()
        ]
        raise FhirError("\n".join(faults)) from error


def walked(items: list[Item]) -> Iterator[Item]:
    """Yield every item before the items inside it."""
    for item in items:
        yield item
        yield from walked(item.item)
