"""What the pilots of these illnesses printed, for this trial; what its protocol does not declare is said, not passed over."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from hometrial.exports.estimates.proportions import attainable
from hometrial.exports.report import saying
from hometrial.exports.report.adverse import Events
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, effects, is_off_drug
from hometrial.exports.report.material import Frame, Material
from hometrial.exports.sdtm import planned
from hometrial.exports.sdtm.coding import listed
from hometrial.protocol.outcomes import FormOutcome, LaboratoryOutcome, Responder

NOT_DECLARED = "not declared in this protocol"
MEAN_SE = ("mean with its standard error: SD/√n", "numpy.std(x, ddof=1) / sqrt(len(x))")
Scores = frozenset[tuple[str, str]]
Printing = Callable[[Section, Material], Iterator[str]]


@dataclass(frozen=True)
class Told:
    """A percentage that a pilot printed, and of how many people it says it is."""

    what: str
    percent: float
    n: int


@dataclass(frozen=True)
class Pilot:
    """A pilot: by which questionnaire a trial like it is known, what it printed, and how that is printed here."""

    name: str
    known_by: str
    items: tuple[tuple[str, str, Printing], ...]
    told: tuple[Told, ...] = ()


def _people(_made: Section, material: Material) -> Iterator[str]:
    consented = int(material.people["RFICDT"].notna().sum()) if len(material.people) else 0
    yield f"{consented} consented, {len(material.population('SAF'))} started the drug"


def _dropped(made: Section, material: Material) -> Iterator[str]:
    treated = material.population("SAF")
    stopped = [each for each in treated if material.persons[each]["EOTSTT"] == "DISCONTINUED"]
    left = [each for each in treated if material.persons[each]["EOSSTT"] == "DISCONTINUED"]
    n = len(treated)
    yield f"stopped the drug: {made.share('pilot: stopped', len(stopped), n)}"
    yield f"left the study after the first dose: {made.share('pilot: left', len(left), n)}"


def _serious(made: Section, material: Material) -> Iterator[str]:
    events = Events(material)
    rows = events.emergent[events.emergent["AESER"] == "Y"]
    k, n = rows["SUBJID"].nunique(), len(events.treated)
    yield f"serious, people: {made.share('pilot: serious', k, n)}; events: {len(rows)}"


def _with_terms(*terms: str) -> Printing:
    def printing(made: Section, material: Material) -> Iterator[str]:
        events = Events(material)
        rows = events.emergent[events.emergent["term"].isin(terms)]
        said = made.share(f"pilot: {terms[0]}", rows["SUBJID"].nunique(), len(events.treated))
        yield f"{', '.join(map(saying.words, terms))}: {said}"

    return printing


def _scored(*scores: tuple[str, str]) -> Printing:
    """Print scores before and after: as the endpoints that they are, or else as what was asked and is none."""

    def printing(made: Section, material: Material) -> Iterator[str]:
        wanted = frozenset(scores)
        found = [each for each in effects(material) if _is_of(material, each, wanted)]
        for each in found:
            yield f"{each.endpoint.id} {each.label}: {_before_after(made, material, each.endpoint.id, each.pairs)}"
        if not found:
            yield from _asked(made, material, scores)

    return printing


def _is_of(material: Material, effect: Effect, wanted: Scores) -> bool:
    if effect.kind != "change" or not isinstance(effect.outcome, FormOutcome):
        return False
    if is_off_drug(material, effect):
        return False
    of_form = {each.id: each.instrument or "" for each in material.protocol.forms}
    return (of_form[effect.outcome.form], effect.outcome.score) in wanted


def _asked(made: Section, material: Material, scores: tuple[tuple[str, str], ...]) -> Iterator[str]:
    instruments = {each.instrument: each.label for each in material.protocol.forms}
    for instrument, score in scores:
        if instrument not in instruments:
            continue
        rows = _last_on_drug(material, listed()[instrument, "score", score].testcd)
        label = instruments[instrument]
        said = _before_after(made, material, f"{label} {score}", rows)
        yield f"{label} is asked and is no endpoint of this protocol: {said}"


def _last_on_drug(material: Material, code: str) -> Frame:
    """Return the rows of ADQS of the last planned visit on the drug that has a change."""
    table = material.frame("ADQS")
    on_drug = [
        each.number
        for each in planned.visits(material.protocol)
        if each.visit.anchor == "first_dose"
    ]
    rows = table[
        (table["PARAMCD"] == code) & (table["ANL01FL"] == "Y") & table["AVISITN"].isin(on_drug)
    ]
    rows = rows[rows["CHG"].notna() & rows["SUBJID"].isin(material.population("SAF"))]
    return rows[rows["AVISITN"] == rows["AVISITN"].max()] if len(rows) else rows


def _before_after(made: Section, material: Material, name: str, rows: Frame) -> str:
    if rows.empty:
        return "0 people have both values"
    is_few = len(rows) < material.least
    say = saying.span if is_few else saying.error
    cells = [say(rows[each]) for each in ("BASE", "AVAL")]
    if not is_few:
        values = {"before": float(rows["BASE"].mean()), "after": float(rows["AVAL"].mean())}
        values |= {f"se_{each.lower()}": saying.standard_error(rows[each]) for each in ("BASE", "AVAL")}  # fmt: skip
        made.record(f"pilot: {name}", " and ".join(cells), len(rows), values, MEAN_SE)
    few = ", median (range)" if is_few else ""
    return f"before {cells[0]}, then {cells[1]}{few}, n = {len(rows)}"


def _responders(is_it: Callable[[Responder], bool]) -> Printing:
    def printing(made: Section, material: Material) -> Iterator[str]:
        rules = {each.id for each in material.protocol.responders if is_it(each)}
        for each in effects(material):
            if each.endpoint.outcome in rules:
                k = int((each.observed["CRIT1FL"] == "Y").sum())
                said = made.share(f"pilot: {each.endpoint.id}", k, len(each.observed))
                yield f"{each.endpoint.id} {each.label}: {said} of those assessed"

    return printing


def _off_drug(made: Section, material: Material) -> Iterator[str]:
    for each in effects(material):
        if each.kind == "change" and is_off_drug(material, each):
            yield f"{each.endpoint.id} {each.label}: {_before_after(made, material, each.endpoint.id, each.pairs)}"


def _analyte(made: Section, material: Material) -> Iterator[str]:
    for each in effects(material):
        if each.kind == "change" and isinstance(each.outcome, LaboratoryOutcome):
            yield f"{each.endpoint.id} {each.label}: {_before_after(made, material, each.endpoint.id, each.pairs)}"


def _by_centre(_made: Section, material: Material) -> Iterator[str]:
    if material.protocol.design.sites == "several":
        sites = material.people["SITEID"].value_counts().sort_index()
        yield "; ".join(f"site {site}: {count} people" for site, count in sites.items()) or "nobody"


_WHOLE_LIFE = (("ibdq", "total"), ("rand36", "pf"), ("rand36", "ef"), ("rand36", "gh"))
_CROHNS = Pilot(
    "Smith 2007 (Crohn's disease, open label, 12 weeks and 4 after)",
    "cdai",
    (
        ("People", "17", _people),
        ("CDAI before and after", "mean with SE, paired p", _scored(("cdai", "total"))),
        ("Response", "share of people", _responders(lambda each: any(mark.falls_by for mark in each.marks))),
        ("Remission", "share of people", _responders(lambda each: any(mark.below for mark in each.marks))),
        ("4 weeks off the drug", "CDAI", _off_drug),
        ("Quality of life", "two questionnaires", _scored(*_WHOLE_LIFE)),
        ("Drop-outs", "number", _dropped),
        ("Sleep disturbance", "7/17", _with_terms("trouble_sleeping", "vivid_dreams", "nightmares")),
        ("A laboratory value or marker as an endpoint", "yes", _analyte),
    ),
    (Told("response", 89, 17), Told("remission", 67, 17)),
)  # fmt: skip
_MS = Pilot(
    "Gironi 2008 (primary progressive multiple sclerosis, open label, several centres, 6 months)",
    "spasticity_nrs",
    (
        ("People", "40", _people),
        ("Drop-outs", "5/40", _dropped),
        ("Major adverse events", "2 events", _serious),
        ("Spasticity before and after", "scale", _scored(("spasticity_nrs", "spasticity"), ("msss88", "total"))),
        ("Pain", "scale", _scored()),
        ("Fatigue", "scale", _scored()),
        ("Depression", "scale", _scored(("phq8", "total"), ("phq9", "total"))),
        ("Quality of life", "scale", _scored(*_WHOLE_LIFE)),
        ("Beta-endorphin before and after", "laboratory", _analyte),
        ("By centre", "yes", _by_centre),
    ),
)  # fmt: skip
PILOTS = (_CROHNS, _MS)


def precedents(made: Section, material: Material) -> None:
    """Print what the pilot of the same illness printed, for this trial; of a protocol without one nothing."""
    asked = {each.instrument for each in material.protocol.forms}
    for pilot in PILOTS:
        if pilot.known_by not in asked:
            continue
        rows = []
        for label, there, printing in pilot.items:
            here = list(printing(made, material)) or [NOT_DECLARED]
            rows += [(label if not at else "", there if not at else "", said) for at, said in enumerate(here)]  # fmt: skip
        made.table(
            f"What {pilot.name} printed, for this trial", ("", "There", "Here"), rows,
            "Mean (SE) before and after of those with both values; with fewer than "
            f"{material.least} people median (range). Open label there and here: the two are no "
            "controls of each other.",
        )  # fmt: skip
        for told in pilot.told:
            made.say(_denominator(pilot, told), "note")


def _denominator(pilot: Pilot, told: Told) -> str:
    """Say whether a percentage can be one of so many people."""
    head = f"{pilot.name.partition(' (')[0]} tells of {told.percent:g} % {told.what} of {told.n} people: "
    found = attainable(told.percent, told.n)
    if found:
        return head + " or ".join(f"{k}/{told.n}" for k in found) + "."
    near = range(told.n // 2, told.n + 2)
    others = [f"{k}/{n}" for n in near for k in attainable(told.percent, n)]
    return (
        f"{head}no k of {told.n} gives that. It takes another denominator, such as {' or '.join(others) or 'a larger one'}; "
        "so it is held against nothing here."
    )  # fmt: skip
