"""Consent as the protocol names it: documents by reference, what their sections cover, and the switches."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt

from hometrial.protocol.declared import (
    Days,
    Declaration,
    Distinct,
    Id,
    Language,
    Line,
    Several,
    Version,
)
from hometrial_ingest.data_types import DataType

ELEMENTS: dict[str, str] = {
    "a": "purpose of the trial",
    "b": "that it is research, and what of it is experimental",
    "c": "the investigational product, and the chance of each arm",
    "d": "procedures",
    "e": "the participant's obligations",
    "f": "foreseeable risks and inconveniences, also to partner, embryo, foetus or infant",
    "g": "expected benefits, or that there are none",
    "h": "alternatives",
    "i": "compensation and treatment for injury",
    "j": "payment, prorated",
    "k": "expenses",
    "l": "voluntary; may stop the product or leave the trial at any time without penalty",
    "m": "follow-up of those who stop, withdraw or are discontinued",
    "n": "how data are handled, also after withdrawal",
    "o": "direct access of monitors, auditors, ethics committee and regulators to source records",
    "p": "confidentiality, also in publications",
    "q": "timely information that may affect willingness",
    "r": "whom to ask for information, about rights, after injury",
    "s": "circumstances in which participation may be ended",
    "t": "duration",
    "u": "approximate number of participants",
    "v": "results, and the treatment actually received, on request",
    "device": "which wearable, what it collects, the vendor's own terms",
    "unwatched": "that data are not watched in real time, and whom to reach in an emergency",
    "courier": "who gets the address for deliveries",
    "carer": "what a carer may see and do",
    "data_protection": "controller, legal basis, retention, rights, transfers (GDPR Art. 13)",
    "registry": "where the trial is registered (21 CFR 50.25(c))",
    "reuse": "future use of de-identified data (45 CFR 46.116(b)(9))",
}
"""What a consent document must cover: letters after ICH E6(R3) 2.8.10, words for what comes with a home trial."""


def _element(name: str) -> str:
    if name not in ELEMENTS:
        raise ValueError(f"no such element of consent; there are {', '.join(ELEMENTS)}")
    return name


def _data_type(name: str) -> str:
    if name not in set(DataType):
        raise ValueError(f"no such data type; there are {', '.join(DataType)}")
    return name


Element = Annotated[str, AfterValidator(_element)]
DataTypeName = Annotated[str, AfterValidator(_data_type)]


class Section(Declaration):
    """A part of a document that is read on its own; `key_information` parts come first."""

    id: Id
    elements: Distinct[Element] = ()
    key_information: bool = False


class ConsentDocument(Declaration):
    """A version of a consent form: its text by reference, its effect on people who signed an earlier one.

    `ethics_reference` is None until a committee has approved it; nobody can sign it before.
    """

    id: Id
    version: Version
    language: Language
    text: Line
    ethics_reference: Line | None
    impact: Literal["none", "inform", "reconsent"]
    affects: Literal["new", "on_drug", "all"]
    sections: Several[Section] = Field(min_length=1)


class Quiz(Declaration):
    """Questions of comprehension by id; all must be right within so many tries, else somebody calls."""

    questions: Distinct[Id] = Field(min_length=1)
    tries: PositiveInt


class Consent(Declaration):
    """What must be agreed to: `elements` each document covers, `data_types` each a switch of its own.

    Who must consent anew has `reconsent_within_days` until they are overdue. A legal representative signs for
    a person only where `allows_proxy` says so.
    """

    elements: Distinct[Element] = Field(min_length=1)
    documents: Several[ConsentDocument] = Field(min_length=1)
    quiz: Quiz
    data_types: Distinct[DataTypeName] = ()
    reconsent_within_days: Days = 14
    allows_proxy: bool = False
