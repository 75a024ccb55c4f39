"""Title, arms and epochs of a draft."""

from collections.abc import Mapping
from typing import Any

from hometrial.staff.pages.trial.sections.choosing import (
    ANCHORS,
    ID,
    LABEL,
    NOT_SAID,
    ids,
    with_options,
    words_of,
)
from hometrial.staff.pages.trial.sheet import Field, Table


def about(_document: Any, _kept: Mapping[str, str]) -> list[Table]:
    """Return what says which trial it is."""
    return [
        Table(
            (),
            "Title and identifiers",
            (
                Field("id", "Id of the protocol", hint="It stays the same in every version."),
                Field("version", "Version", hint="Three numbers, as 1.1.0; raise it with each change."),
                Field("title", "Title", "text"),
                Field("phase", "Phase"),
                Field("registration.registry", "Registry", null=True),
                Field("registration.id", "Number there", null=True),
                Field("design.masking", "Masking", "choice", (("none", "open label"),)),
                Field("design.sites", "Sites", "choice", (("one", "one"), ("several", "several"))),
                Field("design.planned", "People planned", "whole"),
                Field(
                    "design.recruitment_months", "Months of recruitment", "number",
                    hint="Within which they are expected to be enrolled; recruitment is compared with it.",
                ),
            ),
            single=True,
        ),
        Table(
            ("regulatory_basis",),
            "Regulatory basis",
            (Field("region", "Region"), Field("basis", "Basis")),
            one="basis",
        ),
    ]  # fmt: skip


def arms_and_epochs(document: Any, kept: Mapping[str, str]) -> list[Table]:
    """Return the arms, how people come to them, and the epochs."""
    mine = ids(document, "arms")
    return [
        Table(
            ("arms",),
            "Arms",
            (
                ID,
                LABEL,
                Field("ratio", "Share of allocations", "whole", hint="1 if nothing is said."),
                Field("start_offset_weeks", "Weeks later than the earliest arm", "whole"),
                Field("titration", "Dose plan", "choice", NOT_SAID + ids(document, "titrations")),
            ),
            one="arm",
            kept=kept,
            note="An arm goes only while nobody is in it.",
        ),
        Table(
            ("epochs",),
            "Epochs, in their order",
            (
                ID,
                Field("days", "Days planned", "whole"),
                Field("max_days", "Days at most", "whole"),
                Field("arms", "Only of these arms", "several", mine, hint="None ticked: of every arm."),
                Field("drug", "The drug is taken", "yes", null=True),
                Field("optional", "Entered by choice", "yes"),
                Field("reconsent", "With a consent of its own", "yes"),
                Field("begins.anchor", "Begins, counted from", "choice", ANCHORS),
                Field("begins.day", "Days after that", "whole"),
                Field("ends", "Its last day is", "choice", ANCHORS),
                Field("requires.valid_wear_days", "Needs days of wear", "whole"),
                Field("requires.diary_days", "Needs days of diary", "whole"),
            ),
            one="epoch",
        ),
        Table(
            ("allocation",),
            "How people come to their arm",
            (
                Field(
                    "method", "Method", "choice",
                    words_of(("not_allocated", "permuted_blocks", "minimisation"), needed=True),
                ),
                Field("at_visit", "At visit", "choice", NOT_SAID + ids(document, "visits")),
                Field("first_dose_within_days", "First dose within days", "whole"),
                Field("block_sizes", "Sizes of blocks", "numbers", hint="With permuted blocks, as 2, 4."),
                Field("probability", "Probability of the preferred arm", "number", hint="With minimisation."),
            ),
            single=True,
        ),
        Table(
            ("allocation", "factors"),
            "Factors of stratification",
            (
                ID,
                Field("variable", "Variable", "choice", NOT_SAID + with_options(document)),
                Field("weight", "Weight", "number", hint="With minimisation; 1 if nothing is said."),
            ),
            one="factor",
        ),
    ]  # fmt: skip
