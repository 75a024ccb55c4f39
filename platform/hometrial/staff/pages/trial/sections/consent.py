"""Consent in a draft: documents, their sections, the quiz and the switches."""

from collections.abc import Mapping
from typing import Any

from hometrial.protocol import editing
from hometrial.protocol.consent import ELEMENTS
from hometrial.staff.pages.trial.sections.choosing import ID, words_of
from hometrial.staff.pages.trial.sheet import Field, Table
from hometrial_ingest.data_types import DataType


def consent(document: Any, _kept: Mapping[str, str]) -> list[Table]:
    """Return the documents with their sections, the quiz and the switches."""
    elements = tuple((each, f"{each}: {said}") for each, said in ELEMENTS.items())
    found = [
        Table(
            ("consent", "documents"),
            "Documents, one for each language",
            (
                ID,
                Field("version", "Version"),
                Field("language", "Language", hint="As en, de."),
                Field("text", "Name of its text", hint="As consent/trial.en.md."),
                Field("ethics_reference", "Approved by the committee as", null=True),
                Field("impact", "Asks of those who signed before", "choice", words_of(("none", "inform", "reconsent"), needed=True)),
                Field("affects", "Of whom", "choice", words_of(("new", "on_drug", "all"), needed=True)),
            ),
            one="document",
        ),
        Table(
            ("consent",),
            "Quiz, switches and signing anew",
            (
                Field("quiz.questions", "Questions of the quiz, by id", "words"),
                Field("quiz.tries", "Tries before somebody calls", "whole"),
                Field("data_types", "Switches: what is shared, each by itself", "several", words_of(tuple(DataType), needed=True)),
                Field("reconsent_within_days", "Days to sign anew", "whole", hint="14 if nothing is said."),
                Field("allows_proxy", "A legal representative may sign", "yes"),
                Field("elements", "Every document must tell", "several", elements),
            ),
            single=True,
        ),
    ]  # fmt: skip
    documents = editing.at(document, ("consent", "documents"))
    for number, each in enumerate(documents if isinstance(documents, list) else []):
        named = f"{each.get('id')} in {each.get('language')}" if isinstance(each, dict) else ""
        found.append(
            Table(
                ("consent", "documents", number, "sections"),
                f"Sections of {named}",
                (
                    ID,
                    Field("elements", "Tells", "several", elements),
                    Field("key_information", "Key information, which comes first", "yes"),
                ),
                one="section",
            )
        )
    return found
