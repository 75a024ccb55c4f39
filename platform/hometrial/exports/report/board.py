"""What a safety board reads, in the order of its packs: enrolment, events by body system, deaths, missing outcomes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from hometrial.errors import ExportRefusedError
from hometrial.exports.report import deviating, saying
from hometrial.exports.report.adverse import Events
from hometrial.exports.report.blocks import COUNT, Section
from hometrial.exports.report.effects import effects
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.report.narratives import narratives
from hometrial.exports.report.safety import KINDS, by_term, counting, overview, rate

_GRADES = (1, 2, 3, 4, 5)
_STATES = (
    ("Consented", "ENRLFL", "Y"),
    ("Started the drug", "SAFFL", "Y"),
    ("Stopped the drug", "EOTSTT", "DISCONTINUED"),
    ("Left the study", "EOSSTT", "DISCONTINUED"),
    ("Completed the study", "EOSSTT", "COMPLETED"),
)
Groups = Mapping[str, frozenset[str]]
"""People by the name that their arm bears in the pack."""


def enrolment(material: Material) -> Section:
    """Return who came month by month, against the number that is planned."""
    made = Section("enrolment", "Enrolment against the plan")
    planned = material.protocol.design.planned
    days = sorted(day for day in material.people["RFICDT"] if not saying.is_missing(day))
    said = saying.plain(min(len(days), planned), planned)
    made.record("consented of planned", said, planned, {"k": min(len(days), planned)}, COUNT)
    over = f" and {len(days) - planned} more" if len(days) > planned else ""
    made.say(f"Consented of the {planned} that are planned: {said}{over}.")
    months = Counter(f"{day:%Y-%m}" for day in days)
    rows, total = [], 0
    for month in _months(days, material.standing.cut.date()):
        total += months[month]
        rows.append((month, str(months[month]), str(total), f"{max(0, planned - total)}"))
        made.record(
            f"consented in {month}",
            str(months[month]),
            total,
            {"count": months[month], "total": total},
            COUNT,
        )
    made.table("Consented, by month", ("Month", "Consented", "Together", "Still planned"), rows)
    return made


def _months(days: Sequence[date], cut: date) -> list[str]:
    if not days:
        return []
    first, last = days[0], max(days[-1], min(cut, days[-1]))
    count = (last.year - first.year) * 12 + last.month - first.month
    return [
        f"{first.year + (first.month - 1 + at) // 12}-{(first.month - 1 + at) % 12 + 1:02}"
        for at in range(count + 1)
    ]


def deviations(material: Material) -> Section:
    """Return the deviations."""
    made = Section("deviations", "Deviations")
    deviating.table(made, material)
    return made


def adverse_events(material: Material) -> Section:
    """Return events of everybody together: by kind, by body system and severity, by term."""
    made = Section("adverse", "Adverse events")
    events = Events(material)
    if not events.treated:
        made.say("Nobody has taken a dose.")
        return made
    made.say(counting(events))
    overview(made, events)
    by_term(made, events, "organ", "Body system")
    _by_grade(made, {"Everybody": events})
    by_term(made, events)
    return made


def serious(material: Material) -> Section:
    """Return serious events one by one, and deaths."""
    made = Section("serious", "Serious adverse events and deaths")
    events = Events(material)
    narratives(made, events)
    died = [
        who for who, row in material.persons.items() if "DEATH" in (row["DCSREAS"], row["DCTREAS"])
    ]
    fatal = set(events.all.loc[events.all["AEOUT"] == "FATAL", "SUBJID"]) | set(died)
    share = made.share("deaths", len(fatal), len(material.population("ENR")))
    made.say(
        f"Deaths, of everybody who consented: {share}{': ' if fatal else ''}{', '.join(sorted(fatal))}."
    )
    return made


def missing_outcomes(material: Material) -> Section:
    """Return how many have each endpoint, of those who should."""
    made = Section("outcomes", "Missing outcomes")
    _outcomes(made, material, {"Everybody": frozenset(material.people.index)})
    return made


def groups(material: Material, *, masked: bool) -> dict[str, frozenset[str]]:
    """Return people by arm, under the arms' names or, masked, as A and B in the order of a hash that the lock seeds.

    Raises ExportRefusedError where people have doses but no arm.
    """
    people = material.people
    arms = [arm for arm in material.arms if arm in set(people["TRT01P"])]
    if not arms and material.population("SAF"):
        raise ExportRefusedError(
            f"{material.standing.name} tells nobody's arm: its profile leaves it out; a closed pack needs a lock of the unblinded data"
        )
    if masked:
        arms.sort(key=lambda arm: saying.scrambled(material.standing.root + arm))
    return {
        (f"Arm {chr(ord('A') + place)}" if masked else arm): frozenset(
            people.index[people["TRT01P"] == arm]
        )
        for place, arm in enumerate(arms)
    }


def by_arm(material: Material, within: Groups) -> list[Section]:
    """Return what only the board's closed session sees: everything that counts, arm beside arm."""
    return [
        _people(material, within),
        _events(material, within),
        _missing(material, within),
    ]


def _people(material: Material, within: Groups) -> Section:
    made = Section("arms", "Enrolment, exposure and stops by arm")
    persons = material.persons
    rows: list[tuple[str, ...]] = []
    for label, column, wanted in _STATES:
        cells = [
            made.share(
                f"{label}: {name}",
                sum(persons[who][column] == wanted for who in people),
                len(people),
            )
            for name, people in within.items()
        ]
        rows.append((label, *cells))
    for label, column in (("Days on the drug", "TRTDURD"), ("Highest daily dose (mg)", "DOSMAX")):
        rows.append(
            (
                label,
                *(
                    saying.span(persons[who][column] for who in people)
                    for people in within.values()
                ),
            )
        )
    made.table("By arm", ("", *(f"{name}, n = {len(people)}" for name, people in within.items())), rows,
               "k/n (%; exact 95 % CI); median (range). No p values: a board weighs harms, it does not test them.")  # fmt: skip
    return made


def _events(material: Material, within: Groups) -> Section:
    made = Section("arm-events", "Adverse events by arm")
    events = {name: Events(material, people) for name, people in within.items()}
    for name, each in events.items():
        made.say(counting(each, f"{name}: "))
    head = ("", *(f"{name}, n = {len(each.treated)}" for name, each in events.items()))
    rows = []
    for label, kind in KINDS:
        cells = [
            _cell(made, f"{label}: {name}", kind(each.emergent), each)
            for name, each in events.items()
        ]
        rows.append((label, *cells))
    made.table("Events on the drug, by kind: people, and events per 100 person-weeks", head, rows)
    for column, named in (("organ", "body system"), ("label", "term")):
        every = sorted({str(one) for each in events.values() for one in each.emergent[column]})
        made.table(
            f"Events on the drug, by {named}", head,
            [
                (saying.capital(one), *(_cell(made, f"{one}: {name}", each.emergent[each.emergent[column] == one], each)
                                        for name, each in events.items()))
                for one in every
            ],
        )  # fmt: skip
    _by_grade(made, events)
    return made


def _cell(made: Section, name: str, these: Frame, events: Events) -> str:
    share = made.share(name, these["SUBJID"].nunique(), len(events.treated))
    return f"{share}, {rate(made, name, len(these), events.weeks)}"


def _by_grade(made: Section, within: Mapping[str, Events]) -> None:
    """Print people by their worst grade in each body system."""
    rows = []
    organs = sorted({str(one) for each in within.values() for one in each.emergent["organ"]})
    for organ in organs:
        for name, events in within.items():
            own = events.emergent[events.emergent["organ"] == organ]
            worst = own.groupby("SUBJID")["grade"].max()
            counts = [str(int((worst == grade).sum())) for grade in _GRADES]
            unknown = str(int(worst.isna().sum()))
            first = saying.capital(organ) if name == next(iter(within)) else ""
            rows.append((first, name, f"{len(worst)}/{len(events.treated)}", *counts, unknown))
    made.table(
        "People by their worst grade in each body system",
        ("Body system", "", "k/n", *(f"Grade {each}" for each in _GRADES), "Not graded"), rows,
    )  # fmt: skip


def _missing(material: Material, within: Groups) -> Section:
    made = Section("arm-outcomes", "Missing outcomes by arm")
    _outcomes(made, material, within)
    return made


def _outcomes(made: Section, material: Material, within: Groups) -> None:
    rows = []
    for effect in effects(material):
        everybody = set(material.population(effect.endpoint.population))
        known = set(effect.observed["SUBJID"])
        cells = [
            made.share(
                f"{effect.endpoint.id}: {name}",
                len(known & people & everybody),
                len(people & everybody),
            )
            for name, people in within.items()
        ]
        rows.append((f"{effect.endpoint.id} {effect.label}", effect.endpoint.population, *cells))
    made.table(
        "People with a value, of the endpoint's population",
        ("Endpoint", "Population", *(f"{name}, k/n (%; exact 95 % CI)" for name in within)), rows,
        "Without a value are those too whose time is still to come.",
    )  # fmt: skip
