"""After the drug: what stayed four weeks later, of the outcomes and of the responders."""

from hometrial.exports.estimates.proportions import changed_sides
from hometrial.exports.report import changes, saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, effects, placed
from hometrial.exports.report.material import Material, records
from hometrial.exports.report.series import code
from hometrial.exports.sdtm import planned
from hometrial.protocol.outcomes import AtVisit, LaboratoryOutcome, Outcome, Responder

MCNEMAR = (
    "McNemar, exact",
    "statsmodels.stats.contingency_tables.mcnemar(table, exact=True)",
)


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("after", "Off the drug")
    found = placed(material, "after")
    if not found:
        made.say("The protocol declares no endpoint after the last dose.")
    changes.rows(
        made,
        material,
        [each for each in found if each.kind == "change"],
        "Endpoints after the last dose",
    )
    for each in found:
        on_drug = _on_drug(material, each)
        if on_drug is not None:
            _stayed(made, each, on_drug)
    _responders(made, material)
    return made


def _on_drug(material: Material, after: Effect) -> Effect | None:
    """Return the endpoint of the same outcome on the drug, primary ones first."""
    for each in effects(material):
        same = each.endpoint.outcome == after.endpoint.outcome and each.kind == "change"
        if same and each.endpoint.id != after.endpoint.id and isinstance(each.endpoint.at, AtVisit):
            return each
    return None


def _stayed(made: Section, after: Effect, on_drug: Effect) -> None:
    now, then = (
        dict(zip(each.observed["SUBJID"], each.observed["AVAL"], strict=True))
        for each in (after, on_drug)
    )
    both = sorted(set(now) & set(then))
    apart = [now[who] - then[who] for who in both]
    said = saying.span(apart)
    made.record(
        f"{after.endpoint.id} minus {on_drug.endpoint.id}", said, len(both), {}, changes.RANGE
    )
    made.say(
        f"{after.endpoint.id} against {on_drug.endpoint.id} ({on_drug.label}): change from on the drug to off it, median (range) "
        f"{said}, n = {len(both)}.",
    )  # fmt: skip


def _responders(made: Section, material: Material) -> None:
    """Print for each responder endpoint on the drug who responds then and who after it, from the same baseline."""
    visits = [
        each for each in planned.visits(material.protocol) if each.visit.anchor == "last_dose"
    ]
    rules = {each.id: each for each in material.protocol.responders}
    for each in effects(material):
        rule = rules.get(each.endpoint.outcome)
        if rule is None or not _is_on_drug(material, each):
            continue
        found = [(visit, _reached(material, rule, visit)) for visit in visits]
        visit, now = next((pair for pair in found if pair[1]), (None, {}))
        then = {str(row["SUBJID"]): row["CRIT1FL"] == "Y" for row in records(each.observed)}
        _sides(made, each, then, now, "" if visit is None else visit.visit.label)


def _is_on_drug(material: Material, effect: Effect) -> bool:
    at = effect.endpoint.at
    return isinstance(at, AtVisit) and any(
        material.protocol.visit(name).anchor == "first_dose" for name in at.visits
    )


def _reached(material: Material, rule: Responder, visit: planned.PlannedVisit) -> dict[str, bool]:
    """Return who reaches all marks of a rule at a visit, of whom each mark is known."""
    told: dict[str, list[bool | None]] = {}
    for mark in rule.marks:
        outcome = next(each for each in material.protocol.outcomes if each.id == mark.outcome)
        for who, (now, base) in _values(material, outcome, visit).items():
            told.setdefault(who, []).append(mark.reached(base, now))
    return {
        who: all(marks)
        for who, marks in told.items()
        if len(marks) == len(rule.marks) and None not in marks
    }


def _values(
    material: Material, outcome: Outcome, visit: planned.PlannedVisit
) -> dict[str, tuple[float, float | None]]:
    """Return value and baseline at a visit of everybody who has a value there."""
    table = material.frame("ADLB" if isinstance(outcome, LaboratoryOutcome) else "ADQS")
    rows = table[
        (table["PARAMCD"] == code(material, outcome))
        & (table["AVISITN"] == visit.number)
        & (table["ANL01FL"] == "Y")
    ]
    return {
        str(row["SUBJID"]): (
            float(row["AVAL"]),
            None if saying.is_missing(row["BASE"]) else float(row["BASE"]),
        )
        for row in records(rows)
    }


def _sides(
    made: Section, effect: Effect, then: dict[str, bool], now: dict[str, bool], label: str
) -> None:
    """Count who responds on the drug and off it."""
    name = effect.endpoint.id
    both = sorted(set(then) & set(now))
    if not both:
        made.say(f"{name} {effect.label}: 0 people are known on the drug and off it.")
        return
    lost = sum(then[who] and not now[who] for who in both)
    gained = sum(now[who] and not then[who] for who in both)
    n = len(both)
    rows = [
        ("On the drug", made.share(f"{name} on the drug", sum(then[who] for who in both), n)),
        ("Off the drug", made.share(f"{name} off the drug", sum(now[who] for who in both), n)),
        ("On, but not off", made.share(f"{name} lost", lost, n)),
        ("Off, but not on", made.share(f"{name} gained", gained, n)),
    ]
    note = "People with a value at both times, from the same baseline."
    if lost + gained:
        p = changed_sides(lost, gained)
        said = saying.p_value(p)
        made.record(f"{name} McNemar", said, n, {"b": lost, "c": gained, "p": p}, MCNEMAR)
        note += f" Exact McNemar {said}, exploratory."
    else:
        note += " Nobody changed sides: McNemar's test has nothing to compare."
    made.table(f"{name} {effect.label}: on the drug, and off it ({label})",
               ("", "k/n (%; exact 95 % CI)"), rows, note)  # fmt: skip
