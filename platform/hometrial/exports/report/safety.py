"""Safety: exposure, events by kind, term, dose and time, laboratory shifts, and serious events one by one (5.6)."""

from collections.abc import Callable

from hometrial.exports.report import counted, saying
from hometrial.exports.report.adverse import Events
from hometrial.exports.report.blocks import MEDIAN, Section
from hometrial.exports.report.laboratory import shifts
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.narratives import narratives
from hometrial.exports.report.prevalence import curves

_GRAVE, _FIRST_DAYS = 3, 14
_CHANGED = ("DOSE REDUCED", "DRUG INTERRUPTED", "DOSE INCREASED", "DOSE RATE REDUCED")
RATE = ("events per 100 person-weeks", "100 * events / person_weeks")
SHARE = "People, k/n (%; exact 95 % CI)"
KINDS: tuple[tuple[str, Callable[[Frame], Frame]], ...] = (
    ("Any", lambda rows: rows),
    ("Related", lambda rows: rows[rows["AREL"] == "RELATED"]),
    ("Grade 3 or more", lambda rows: rows[rows["grade"] >= _GRAVE]),
    ("Serious", lambda rows: rows[rows["AESER"] == "Y"]),
    (
        "Serious and related",
        lambda rows: rows[(rows["AESER"] == "Y") & (rows["AREL"] == "RELATED")],
    ),
    ("Led to another dose or a break", lambda rows: rows[rows["AEACN"].isin(_CHANGED)]),
    ("Led to stopping the drug", lambda rows: rows[rows["AEACN"] == "DRUG WITHDRAWN"]),
    ("Fatal", lambda rows: rows[rows["AEOUT"] == "FATAL"]),
)


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("safety", "Safety")
    events = Events(material)
    if not events.treated:
        made.say("Nobody has taken a dose.")
        narratives(made, events)
        return made
    made.say(counting(events))
    overview(made, events)
    by_term(made, events)
    _by_dose(made, events)
    _by_time(made, events)
    _lasting(made, events)
    curves(made, events)
    shifts(made, material)
    narratives(made, events)
    return made


def counting(events: Events, of_whom: str = "") -> str:
    """Say of how many people, over which time, and which events are counted: no number of events stands without it."""
    asked = events.material.protocol.analysis.safety
    own = events.all[events.all["SUBJID"].isin(events.treated)]
    was_there = int(((own["TRTEMFL"] == "Y") & ~own["emergent"]).sum())
    before = int((own["PREFL"] == "Y").sum())
    return (
        f"{of_whom}{len(events.treated)} people, {events.weeks:.1f} person-weeks from the first dose to {asked.days_after_last_dose} "
        f"days after the last, or to the end of the study. Counted are events that began in that time and were new, or worse by a "
        f"grade than the person's own run-in; {was_there} that were there before at the same or a higher grade are not counted, nor "
        f"are {before} that began before the drug. An event without a judgement counts as related, one without a grade as no grade "
        f"3. By the protocol events are asked for from {saying.words(asked.adverse_events_from)} on, serious ones from "
        f"{saying.words(asked.serious_events_from)} on."
    )  # fmt: skip


def rate(made: Section, name: str, count: int, weeks: float) -> str:
    """Return events and their rate per 100 person-weeks."""
    if weeks == 0:
        return f"{count} (no exposure)"
    said = f"{count} ({100 * count / weeks:.2f})"
    made.record(f"{name}, rate", said, count, {"rate": 100 * count / weeks, "weeks": weeks}, RATE)
    return said


def overview(made: Section, events: Events) -> None:
    """Print events by kind."""
    rows, n = [], len(events.treated)
    for name, kind in KINDS:
        these = kind(events.emergent)
        k = these["SUBJID"].nunique()
        rows.append(
            (name, made.share(f"events: {name}", k, n), rate(made, f"events: {name}", len(these), events.weeks),
             counted.none(made, f"events: {name}", k, n))
        )  # fmt: skip
    made.table(
        "Events on the drug, by kind",
        ("", SHARE, "Events (per 100 person-weeks)", "None seen: true rate below (one-sided 95 %)"), rows,
    )  # fmt: skip


def by_term(made: Section, events: Events, column: str = "label", named: str = "Term") -> None:
    """Print events by term, those of most people first."""
    rows, n = [], len(events.treated)
    groups = events.emergent.groupby(column)
    order = sorted(
        groups, key=lambda each: (-each[1]["SUBJID"].nunique(), -len(each[1]), str(each[0]))
    )
    for term, these in order:
        name = f"{named.lower()} {term}"
        worst = these["grade"].max()
        rows.append(
            (saying.capital(str(term)), made.share(name, these["SUBJID"].nunique(), n),
             rate(made, name, len(these), events.weeks),
             str(int((these["AREL"] == "RELATED").sum())), saying.NOTHING if saying.is_missing(worst) else f"{worst:g}")
        )  # fmt: skip
    made.table(
        f"Events on the drug, by {named.lower()}",
        (named, SHARE, "Events (per 100 person-weeks)", "Related, events", "Highest grade"), rows,
    )  # fmt: skip


def _by_dose(made: Section, events: Events) -> None:
    weeks, rows = events.weeks_at(), []
    known = events.emergent[events.emergent["DOSEON"].notna()]
    for mg in sorted(set(weeks) | set(known["DOSEON"])):
        these = known[known["DOSEON"] == mg]
        at = weeks.get(mg, 0.0)
        rows.append(
            (
                f"{mg:g} mg",
                f"{at:.1f}",
                str(these["SUBJID"].nunique()),
                rate(made, f"at {mg:g} mg", len(these), at),
            )
        )
    unknown = len(events.emergent) - len(known)
    made.table(
        "Events by the dose on the day of onset",
        ("Dose of the day", "Person-weeks at it", "People", "Events (per 100 person-weeks)"), rows,
        f"0 mg: missed days, and the days after the drug. {unknown} events began on a day of which nobody told the dose.",
    )  # fmt: skip


def _by_time(made: Section, events: Events) -> None:
    rows = []
    early = events.emergent[events.emergent["ASTDY"] <= _FIRST_DAYS]
    later = events.emergent[events.emergent["ASTDY"] > _FIRST_DAYS]
    for name, these, first, last in (
        (f"Days 1 to {_FIRST_DAYS}", early, 1, _FIRST_DAYS), ("Later", later, _FIRST_DAYS + 1, None),
    ):  # fmt: skip
        weeks = events.weeks_from(first, last)
        rows.append(
            (
                name,
                f"{weeks:.1f}",
                str(these["SUBJID"].nunique()),
                rate(made, name, len(these), weeks),
            )
        )
    made.table(
        "Events by time on the drug",
        ("Onset", "Person-weeks", "People", "Events (per 100 person-weeks)"), rows,
    )  # fmt: skip


def _lasting(made: Section, events: Events) -> None:
    rows = []
    for term, these in events.emergent.groupby("label"):
        onset, lasting = saying.known(these["ASTDY"]), saying.known(these["ADURN"])
        goes_on = int(these["AENDT"].isna().sum())
        made.record(f"onset {term}", saying.span(onset), len(onset), {}, MEDIAN)
        rows.append(
            (
                saying.capital(str(term)),
                str(len(these)),
                saying.span(onset),
                saying.span(lasting),
                str(goes_on),
            )
        )
    made.table(
        "Time to onset, and how long events lasted",
        ("Term", "Events", "Day of onset, median (range)", "Days lasting, median (range)", "Without an end"), rows,
        "Incomplete dates are taken as ADAE takes them; events without an end are in no length.",
    )  # fmt: skip
