"""Dose plans of a draft: steps, and the rules by which a dose goes up, waits, goes down or stops."""

from collections.abc import Mapping
from typing import Any, get_args

from hometrial.protocol import editing, supply, titration
from hometrial.staff.pages.trial.sections.choosing import ID, Options, words_of
from hometrial.staff.pages.trial.sheet import Field, Table


def _when(label: str = "When") -> tuple[Field, ...]:
    return (
        ID,
        Field("when", label, "text", rule=True),
        Field("days", "Held on so many days", "whole"),
        Field("of_days", "of the last so many", "whole"),
    )


def _actions(model: Any) -> Options:
    return words_of(get_args(model.model_fields["action"].annotation))


def doses(document: Any, _kept: Mapping[str, str]) -> list[Table]:
    """Return every dose plan with its steps and rules, and the way back after a gap."""
    found: list[Table] = []
    plans = editing.at(document, ("titrations",))
    for number, plan in enumerate(plans if isinstance(plans, list) else []):
        found += _of_plan(number, str(plan.get("id", number)) if isinstance(plan, dict) else "")
    return [*found, _restart()]


def _of_plan(number: int, name: str) -> list[Table]:
    path = ("titrations", number)
    return [
        Table(
            path,
            f"Dose plan {name}",
            (
                ID,
                Field("unit", "Unit", "choice", (("mg/day", "mg a day"),)),
                Field("resolution_mg", "Doses are multiples of (mg)", "number"),
                Field("time_of_day", "Taken in the", "choice", words_of(get_args(titration.TimeOfDay))),
                Field("max_mg_day", "Highest dose ordered (mg a day)", "number"),
                Field("extension_max_mg_day", "Highest in the extension", "number"),
                Field("absolute_max_mg_day", "Nothing above is recorded as taken", "number"),
                Field("step_up.no_related_grade", "Step up: no related event of grade", "whole"),
                Field("step_up.clear_days", "in the last days", "whole"),
                Field("step_up.adherence_at_least", "and adherence of at least", "number", hint="A share, as 0.7."),
                Field("step_up.no_open_red_alert", "and no open red alert", "yes", null=True),
                Field("step_up.actor", "Step up: who takes it", "choice", words_of(("participant", "investigator"))),
                Field("step_up.approver", "Step up: who approves", "choice", words_of(("automatic", "investigator"))),
                Field("sensitive_start.steps_mg", "Smaller doses first (mg)", "numbers"),
                Field("sensitive_start.min_days", "Days of each", "whole"),
                Field("sensitive_start.when", "For whom"),
                Field("split.from_mg_day", "In portions from (mg a day)", "number"),
                Field("split.shares", "Shares of the portions", "numbers"),
                Field("split.min_gap_hours", "Hours between them", "whole"),
                Field("maximum_tolerated", "The maximum tolerated dose is", "text"),
            ),
            single=True,
        ),
        Table(
            (*path, "steps"),
            f"Steps of {name}",
            (
                Field("step", "Step", "whole"),
                Field("mg", "mg a day", "number"),
                Field("from_week", "From week on drug", "whole"),
                Field("min_days", "For at least days", "whole"),
            ),
            one="step",
        ),
        Table(
            (*path, "hold"),
            f"The dose stays ({name})",
            (*_when(), Field("action", "What happens", "choice", _actions(titration.Hold)), Field("hold_days", "For days", "whole")),
            one="rule",
        ),
        Table(
            (*path, "step_down"),
            f"The dose goes down ({name})",
            (*_when(), Field("action", "What happens", "choice", _actions(titration.StepDown))),
            one="rule",
        ),
        Table(
            (*path, "stop"),
            f"The drug stops ({name})",
            (*_when(), Field("action", "What happens", "choice", _actions(titration.Stop)), Field("repeat_hours", "Repeat the laboratory within hours", "whole")),
            one="rule",
        ),
    ]  # fmt: skip


def _restart() -> Table:
    return Table(
        ("interruption", "restart"),
        "After a gap",
        (
            Field("gap_days_max", "Gap of at most days", "whole", null=True, hint="Empty: however long."),
            Field("action", "How to go on", "choice", words_of(get_args(supply.RestartAction))),
        ),
        one="gap",
    )  # fmt: skip
