"""What is missing: forms by visit and arm, the patterns of the primary endpoint; what that could change is in `sensitivity`."""

from collections import Counter, defaultdict

from hometrial.exports.report import saying, sensitivity
from hometrial.exports.report.blocks import COUNT, Section
from hometrial.exports.report.effects import Effect, placed
from hometrial.exports.report.informative import informative
from hometrial.exports.report.material import Material
from hometrial.exports.report.series import is_at_visits, series


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("missing", "Missing data and sensitivity")
    _by_visit(made, material)
    for each in placed(material, "primary"):
        if each.kind == "change":
            _patterns(made, material, each)
            sensitivity.print_all(made, material, each)
    sensitivity.responders(made, placed(material, "responders"))
    informative(made, material)
    return made


def _by_visit(made: Section, material: Material) -> None:
    labels = {each.id: each.label for each in material.protocol.forms}
    arms = material.arms if material.shows_arms else ()
    of_arm = {who: str(row["ARM"]) for who, row in material.persons.items()}
    states: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row in material.source.rows("expected_form"):
        if row["kind"] == "visit":
            visit = str(row["occasion"]).partition("#")[0]
            states[row["form"], visit][row["state"]] += 1
            arm = of_arm.get(row["participant"], "")
            states[row["form"], visit][f"{row['state']} of {arm}"] += 1
    order = {each.id: place for place, each in enumerate(material.protocol.visits)}
    rows, last = [], ""
    for form, visit in sorted(
        states, key=lambda each: (labels.get(each[0], each[0]), order.get(each[1], 99))
    ):
        own = states[form, visit]
        due = own["received"] + own["missing"]
        said = saying.plain(own["received"], due)
        made.record(f"{form} at {visit}", said, due, {"k": own["received"]}, COUNT)
        name = labels.get(form, form)
        rest = (str(own["missing"]), str(own["excused"]), str(own["open"] + own["not_yet"]))
        rows.append(
            ("" if name == last else name, visit, said, *(_of_arm(own, arm) for arm in arms), *rest)
        )
        last = name
    made.table(
        "Forms by visit",
        ("Form", "Visit", "Received of due, k/n (%)", *arms, "Missing", "Excused", "Not due yet"), rows,
        "Due are those received and missing; of who left before the visit none is due, and the flow says why they left. "
        "Excused: a bad day that was declared, a hospital stay or a pause."
        + (" In the columns of the arms: received of due." if arms else ""),
    )  # fmt: skip


def _of_arm(own: Counter[str], arm: str) -> str:
    """Return how many of an arm came of those due; people without an arm are in neither."""
    came = own[f"received of {arm}"]
    return saying.plain(came, came + own[f"missing of {arm}"])


def _patterns(made: Section, material: Material, effect: Effect) -> None:
    """Print which visits have a value, person by person added up: X there, . not there."""
    outcome = effect.outcome
    if outcome is None or not is_at_visits(outcome):
        return
    values = series(material, outcome)
    people = material.population(effect.endpoint.population)
    if values.empty:
        return
    labels = values.drop_duplicates("place").set_index("place")["label"].sort_index()
    there = set(zip(values["person"], values["place"], strict=True))
    there |= {(who, 0) for who in effect.rows[effect.rows["BASE"].notna()]["SUBJID"]}
    found = Counter(
        "".join("X" if (who, at) in there else "." for at in labels.index) for who in people
    )
    order = sorted(found.items(), key=lambda each: (-each[1], each[0]))
    rows = [
        (pattern, made.share(f"{effect.endpoint.id} pattern {pattern}", count, len(people)))
        for pattern, count in order
    ]
    made.table(
        f"{effect.endpoint.id}: patterns over {', '.join(labels)}", ("Pattern", "k/n (%; exact 95 % CI)"), rows,
        "X: there; point: not there, or not due yet.",
    )  # fmt: skip
