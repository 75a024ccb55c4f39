"""Who may take part in a drafted trial, and what it is judged by."""

from collections.abc import Mapping
from typing import Any, get_args

from hometrial.protocol import outcomes
from hometrial.services.metrics.rules import RULES
from hometrial.staff.pages.trial.sections.choosing import (
    ANCHORS,
    ID,
    LABEL,
    NOT_SAID,
    ids,
    words_of,
)
from hometrial.staff.pages.trial.sheet import Field, Table


def eligibility(_document: Any, _kept: Mapping[str, str]) -> list[Table]:
    """Return the criteria and the variables that they ask for."""
    criterion = (ID, Field("text", "In words", "text"), Field("rule", "Rule", "text", rule=True))
    return [
        Table(("eligibility", "inclusion"), "Must be so", criterion, one="criterion"),
        Table(("eligibility", "exclusion"), "Must not be so", criterion, one="criterion"),
        Table(
            ("variables",),
            "Variables that rules may ask for",
            (
                ID,
                LABEL,
                Field(
                    "type", "Type", "choice", words_of(("number", "yes_no", "choice"), needed=True)
                ),
                Field("unit", "Unit (UCUM), of a number"),
                Field("low", "from", "number"),
                Field("high", "to", "number"),
                Field("options", "Options, of a choice", "words", hint="With commas between them."),
                Field("origin.form", "Taken from form"),
                Field("origin.score", "its item or score"),
            ),
            one="variable",
        ),
    ]


def endpoints(document: Any, _kept: Mapping[str, str]) -> list[Table]:
    """Return the endpoints and the outcomes that they name."""
    measured = ids(document, "outcomes") + ids(document, "responders")
    endpoint = (
        ID,
        Field("outcome", "Outcome", "choice", NOT_SAID + measured),
        *_time("at", "At", document),
        *_time("against", "Against", document),
        Field("between_arms", "Compared between the arms", "yes"),
        Field("population", "Population", "choice", words_of(get_args(outcomes.Population))),
        Field("estimand", "Estimand", "choice", words_of(("treatment_policy", "while_on_drug"))),
    )
    return [
        Table(("endpoints", "primary"), "Primary endpoints", endpoint, one="endpoint"),
        Table(("endpoints", "secondary"), "Secondary endpoints", endpoint, one="endpoint"),
        Table(
            ("endpoints", "feasibility"),
            "Feasibility",
            (ID, Field("text", "In words"), Field("at_least", "A share of at least", "number")),
            one="measure",
        ),
        Table(
            ("outcomes",),
            "Outcomes that endpoints name",
            (
                ID,
                LABEL,
                Field("source", "From", "choice", words_of(("form", "wearable", "laboratory", "events"), needed=True)),
                Field("direction", "Higher is", "choice", words_of(get_args(outcomes.Direction))),
                Field("form", "Form", "choice", NOT_SAID + ids(document, "forms")),
                Field("score", "its score or item"),
                Field("metric", "Daily metric of the watch", "choice", words_of(tuple(sorted(RULES)))),
                Field("analyte", "Analyte"),
                Field("unit", "Unit"),
                Field("counts", "Counted events", "choice", words_of(("adverse_events", "serious_adverse_events", "discontinuations", "crash_days"))),
                Field("over_days", "Mean over days", "whole"),
                Field("at_least_days", "of which known at least", "whole"),
            ),
            one="outcome",
        ),
    ]  # fmt: skip


def _time(part: str, label: str, document: Any) -> tuple[Field, ...]:
    return (
        Field(f"{part}.visits", f"{label} visits", "several", ids(document, "visits")),
        Field(f"{part}.epoch", f"{label} epoch", "choice", NOT_SAID + ids(document, "epochs")),
        Field(f"{part}.anchor", f"{label} days after", "choice", ANCHORS),
        Field(f"{part}.from_day", "from day", "whole"),
        Field(f"{part}.to_day", "to day", "whole"),
    )
