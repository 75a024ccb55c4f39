"""After the drug: what stayed four weeks later, of the outcomes and of the responders."""

from hometrial.exports.estimates.proportions import changed_sides
from hometrial.exports.report import changes, saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, effects, placed
from hometrial.exports.report.material import Material, records
from hometrial.protocol.outcomes import AtVisit, Responder

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
        return made
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
            for rule in _rules(material, each):
                _sides(made, rule, each, on_drug)
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


def _rules(material: Material, effect: Effect) -> list[Responder]:
    """Return the responder rules that are about this outcome alone."""
    return [
        each
        for each in material.protocol.responders
        if all(mark.outcome == effect.endpoint.outcome for mark in each.marks)
    ]


def _sides(made: Section, rule: Responder, after: Effect, on_drug: Effect) -> None:
    """Count who responds on the drug and off it, from the same baseline."""
    then, now = _reached(rule, on_drug), _reached(rule, after, _baselines(on_drug))
    both = sorted(set(then) & set(now))
    if not both:
        made.say(f"{rule.label}: 0 people have a value on the drug and off it.")
        return
    lost = sum(then[who] and not now[who] for who in both)
    gained = sum(now[who] and not then[who] for who in both)
    n = len(both)
    name = rule.id
    rows = [
        ("On the drug", made.share(f"{name} on the drug", sum(then[who] for who in both), n)),
        ("Off the drug", made.share(f"{name} off the drug", sum(now[who] for who in both), n)),
        ("On, but not off", made.share(f"{name} lost", lost, n)),
        ("Off, but not on", made.share(f"{name} gained", gained, n)),
    ]
    note = "People with a value at both times."
    if lost + gained:
        p = changed_sides(lost, gained)
        said = saying.p_value(p)
        made.record(f"{name} McNemar", said, n, {"b": lost, "c": gained, "p": p}, MCNEMAR)
        note += f" Exact McNemar {said}, exploratory."
    made.table(f"{rule.label}: on the drug ({on_drug.endpoint.id}) and off it ({after.endpoint.id})",
               ("", "k/n (%; exact 95 % CI)"), rows, note)  # fmt: skip


def _baselines(effect: Effect) -> dict[str, float]:
    known = effect.rows[effect.rows["BASE"].notna()]
    return dict(zip(known["SUBJID"], known["BASE"], strict=True))


def _reached(
    rule: Responder, effect: Effect, before: dict[str, float] | None = None
) -> dict[str, bool]:
    started = _baselines(effect) if before is None else before
    found = {}
    for row in records(effect.observed):
        who = str(row["SUBJID"])
        told = [mark.reached(started.get(who), float(row["AVAL"])) for mark in rule.marks]
        if None not in told:
            found[who] = all(told)
    return found
