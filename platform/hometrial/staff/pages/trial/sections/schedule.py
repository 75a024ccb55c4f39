"""The schedule of a draft: forms, visits, diaries, and the energy that it may cost."""

from collections.abc import Mapping
from typing import Any, get_args

from hometrial.protocol import visits
from hometrial.questionnaires import loading as instruments
from hometrial.staff.pages.trial.sections.choosing import (
    ANCHORS,
    ID,
    LABEL,
    NOT_SAID,
    Options,
    ids,
    words_of,
)
from hometrial.staff.pages.trial.sheet import Field, Table


def library() -> Options:
    """Return every instrument of the library, with its minutes and the terms of its licence."""
    return tuple(
        (each.id, f"{each.title.get('en', each.id)}, {each.minutes:g} min, {each.licence.status}")
        for each in instruments.shipped().values()
    )


def schedule(document: Any, _kept: Mapping[str, str]) -> list[Table]:
    """Return forms, visits, diaries, and how much of it may be asked."""
    forms, mine = ids(document, "forms"), ids(document, "arms")
    return [
        Table(
            ("forms",),
            "Forms and instruments",
            (
                ID,
                LABEL,
                Field("instrument", "Instrument of the library", "choice", (("", "none: staff or laboratory"), *library())),
                Field("filled_by", "Filled in by", "choice", words_of(("participant", "staff", "laboratory"), needed=True)),
                Field("minutes", "Minutes that it takes the person", "number", hint="0 for staff and laboratory."),
            ),
            one="form",
        ),
        Table(
            ("visits",),
            "Visits",
            (
                ID,
                LABEL,
                Field("anchor", "Counted from", "choice", ANCHORS),
                Field("day", "Day after that", "whole"),
                Field("window", "Window: days before, after", "pair", hint="As -3, 7."),
                Field("mode", "How", "choice", words_of(get_args(visits.Mode))),
                Field("arms", "Only of these arms", "several", mine),
                Field("forms", "Forms", "several", forms, in_matrix=True),
                Field("optional_forms", "Optional forms", "several", forms),
                Field("sessions", "Spread over sessions", "whole", hint="1 if nothing is said."),
                Field("repeat.every_days", "Again every so many days", "whole"),
                Field("repeat.times", "so many times in all", "whole"),
            ),
            one="visit",
        ),
        Table(
            ("diaries",),
            "Diaries",
            (
                ID,
                Field("form", "Form", "choice", NOT_SAID + forms),
                Field("every_days", "Every so many days", "whole"),
                Field("first_day", "First, days into the epoch", "whole"),
                Field("window_days", "Window: days before, after", "pair"),
                Field("opens", "Opens at"),
                Field("closes", "Closes at"),
                Field("closes_days_later", "so many days after the window", "whole"),
                Field("epochs", "In these epochs", "several", ids(document, "epochs")),
                Field("arms", "Only of these arms", "several", mine),
                Field("on_bad_days", "On bad days", "choice", words_of(("short", "excused"))),
            ),
            one="diary",
        ),
        Table(
            ("energy_budget",),
            "Energy budget: the most that may be asked",
            (
                Field("minutes_any_day", "Minutes on any day", "number"),
                Field("minutes_any_week", "Minutes in any week", "number"),
                Field("minutes_median_week", "Minutes in the median week", "number"),
            ),
            single=True,
        ),
        Table(
            ("reminders",),
            "Reminders",
            (
                Field("most_a_day", "At most a day", "whole"),
                Field("quiet_from", "None from"),
                Field("quiet_to", "to"),
                Field("minutes_before_close", "Minutes before a form closes", "whole"),
            ),
            single=True,
        ),
    ]  # fmt: skip


def licences() -> list[tuple[str, str, float, str, str]]:
    """Return of each instrument of the library its id, title, minutes, the state of its licence, and its notice."""
    return [
        (
            each.id,
            each.title.get("en", each.id),
            each.minutes,
            str(each.licence.status).replace("-", " "),
            each.licence.notice,
        )
        for each in instruments.shipped().values()
    ]
