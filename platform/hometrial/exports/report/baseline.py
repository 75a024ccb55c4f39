"""The baseline table: who took part, and where they began. No p values between arms (5.6)."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from hometrial.exports.report import asked_before
from hometrial.exports.report.blocks import COUNT, MEDIAN, Section
from hometrial.exports.report.material import Material
from hometrial.exports.report.saying import (
    NOTHING,
    capital,
    centre,
    is_missing,
    known,
    listed,
    plain,
    spread,
    words,
)
from hometrial.protocol.outcomes import EventOutcome

Column = tuple[str, list[str]]
_MOST_TERMS = 12
_FEWEST_OF_A_TERM = 2


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("baseline", "Baseline")
    population = "FAS" if material.population("FAS") else "SAF"
    columns = _columns(material, population)
    if not columns[-1][1]:
        made.say("Nobody has begun the drug with a baseline: there is no table yet.")
        return made
    rows = list(_rows(made, material, columns))
    made.table(
        f"Baseline of the people in {population}",
        ("", *(f"{name}, n = {len(people)}" for name, people in columns)),
        rows,
        "Median [quartiles]; mean (SD); k/n (%). Numbers of people with the value in braces where some lack it. "
        "No p values: allocation makes differences between arms chance by definition (CONSORT).",
    )
    lacking = asked_before.unasked(material)
    if lacking:
        made.say(f"Not declared in this protocol, so not in the table: {listed(lacking)}.", "note")
    return made


def _columns(material: Material, population: str) -> list[Column]:
    within = material.population(population)
    arms = material.arms if material.shows_arms else ()
    found = [(arm, [who for who in within if material.persons[who]["ARM"] == arm]) for arm in arms]
    return [*found, ("All", within)]


def _rows(
    made: Section, material: Material, columns: Sequence[Column]
) -> Iterator[tuple[str, ...]]:
    yield _measured(
        made, "Age (years)", {who: row["AGE"] for who, row in material.persons.items()}, columns
    )
    told = {who: str(row["SEX"]) for who, row in material.persons.items()}
    sexes = {who: _SEXES.get(code, words(code)) for who, code in told.items()}
    yield from _levels(made, "Sex at birth", sexes, columns)
    if material.protocol.design.sites == "several":
        yield from _levels(
            made, "Site", {who: row["SITEID"] for who, row in material.persons.items()}, columns
        )
    yield from _answers(made, material, columns)
    for label, values in _outcomes(material):
        yield _measured(made, f"{label}, before the drug", values, columns)
    for label, values in asked_before.scores(material):
        yield _measured(made, label, values, columns)
    if material.protocol.history.doses:
        earlier = asked_before.earlier(material)
        yield _having(made, "Tells of naltrexone before the trial", earlier, columns)
    yield from _terms(made, material, columns)


_SEXES = {
    "F": "female",
    "M": "male",
    "U": "not told",
    "UNDIFFERENTIATED": "intersex",
    "": "not told",
}


def _measured(
    made: Section, label: str, values: Mapping[str, float], columns: Sequence[Column]
) -> tuple[str, ...]:
    cells = []
    for name, people in columns:
        found = known(values.get(who, float("nan")) for who in people)
        missing = "" if len(found) == len(people) else f" {{{len(found)}}}"
        cells.append(f"{spread(found)}; {centre(found)}{missing}" if found else NOTHING)
        mean = sum(found) / len(found) if found else None
        made.record(f"{label}: {name}", cells[-1], len(found), {"mean": mean}, MEDIAN)
    return (label, *cells)


def _levels(
    made: Section, label: str, values: Mapping[str, str], columns: Sequence[Column]
) -> Iterator[tuple[str, ...]]:
    everybody = columns[-1][1]
    levels = sorted({values.get(who) or "not told" for who in everybody})
    for level in levels:
        cells = []
        for name, people in columns:
            k = sum((values.get(who) or "not told") == level for who in people)
            cells.append(plain(k, len(people)) if people else NOTHING)
            made.record(f"{label}, {level}: {name}", cells[-1], len(people), {"k": k}, COUNT)
        yield (f"{label}: {level}", *cells)


def _answers(
    made: Section, material: Material, columns: Sequence[Column]
) -> Iterator[tuple[str, ...]]:
    """Yield what screenings asked: numbers and choices, and yes or no where not everybody said the same."""
    labels = {each.id: each for each in material.protocol.variables}
    told: dict[str, dict[str, str]] = {}
    for row in material.source.rows("screening_answer"):
        if row["value"] not in (None, ""):
            told.setdefault(row["variable"], {})[row["participant"]] = row["value"]
    everybody = columns[-1][1]
    for name, variable in labels.items():
        values = told.get(name, {})
        if name == "age" or not any(who in values for who in everybody):
            continue
        label = capital(variable.label)
        if variable.type == "number":
            yield _measured(made, label + _unit(variable.unit), _numbers(values), columns)
        elif variable.type != "yes_no":
            yield from _levels(made, label, {k: words(v) for k, v in values.items()}, columns)
        elif len({values.get(who) for who in everybody}) > 1:
            said = {k: "yes" if v == "true" else "no" for k, v in values.items()}
            yield from _levels(made, label, said, columns)


_UNITS = {"d": "days", "wk": "weeks", "mo": "months", "a": "years", "1": ""}


def _unit(code: str) -> str:
    """Return a UCUM unit as it is read; what it only annotates in braces is no unit."""
    said = _UNITS.get(code, re.sub(r"\{(\d[^}]*)\}", r"\1", code))
    said = re.sub(r"\{[^}]*\}", "", said).replace("_", " ")
    return f" ({said})" if said else ""


def _numbers(values: Mapping[str, str]) -> dict[str, float]:
    return {who: float(value) for who, value in values.items()}


def _outcomes(material: Material) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield the baseline of each outcome, of the first endpoint that has one."""
    effects = material.frame("ADEFF")
    labels = {
        each.id: each.label
        for each in material.protocol.outcomes
        if not isinstance(each, EventOutcome) or each.counts == "crash_days"
    }
    done = set()
    for endpoint in material.protocol.endpoints.all:
        rows = effects[(effects["PARAMCD"] == endpoint.id.upper()) & effects["BASE"].notna()]
        if endpoint.outcome in done or endpoint.outcome not in labels or not len(rows):
            continue
        done.add(endpoint.outcome)
        yield labels[endpoint.outcome], dict(zip(rows["SUBJID"], rows["BASE"], strict=True))


def _terms(
    made: Section, material: Material, columns: Sequence[Column]
) -> Iterator[tuple[str, ...]]:
    """Yield what people had and took when they began, as far as several share it."""
    everybody = set(columns[-1][1])
    symptoms: dict[str, set[str]] = {}
    for row in material.source.rows("baseline_symptom"):
        if (row["grade"] or 0) > 0:
            symptoms.setdefault(words(row["term"]), set()).add(row["participant"])
    medicines = {
        row["participant"] for row in material.source.rows("medication") if _runs_in(material, row)
    }
    yield from _shared(made, "Symptom before the drug", symptoms, everybody, columns)
    yield _having(made, "Takes another medicine", medicines, columns)


def _runs_in(material: Material, row: Mapping[str, object]) -> bool:
    """Say whether a medicine was taken when the drug began, as far as its dates tell."""
    people = material.people
    if row["participant"] not in people.index:
        return False
    first = material.persons[str(row["participant"])]["TRTSDT"]
    if is_missing(first):
        return False
    day = f"{first:%Y-%m-%d}"
    began, ended = str(row["began"] or ""), str(row["ended"] or "")
    return (not began or began <= day) and (not ended or ended >= day[: len(ended)])


def _shared(
    made: Section, label: str, terms: Mapping[str, set[str]], everybody: set[str],
    columns: Sequence[Column],
) -> Iterator[tuple[str, ...]]:  # fmt: skip
    counted = Counter({term: len(people & everybody) for term, people in terms.items()})
    for term, count in sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:_MOST_TERMS]:
        if count >= _FEWEST_OF_A_TERM:
            yield _having(made, f"{label}: {term}", terms[term], columns)


def _having(
    made: Section, label: str, having: Iterable[str], columns: Sequence[Column]
) -> tuple[str, ...]:
    who = set(having)
    cells = []
    for name, people in columns:
        k = sum(each in who for each in people)
        cells.append(plain(k, len(people)) if people else NOTHING)
        made.record(f"{label}: {name}", cells[-1], len(people), {"k": k}, COUNT)
    return (label, *cells)
