"""The section of the flow: its drawing, the visits assessed, why screenings failed, and end states."""

from collections import Counter
from textwrap import wrap

from hometrial.exports.report import saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.drawing import Drawing
from hometrial.exports.report.flow import Flow, failing, flow, said
from hometrial.exports.report.material import Material

_WIDE, _BOX, _LINE, _GAP = 720.0, 320.0, 15.0, 16.0
_LEFT, _RIGHT = 10.0, 400.0
_OF_A_BOX, _BESIDE = 43, 58
"""Letters of a line in a box, and beside it."""


def section(material: Material) -> Section:
    """Return the section. Raises FlowError if the flow does not add up."""
    made = Section("flow", "Flow of participants")
    found = flow(material)
    everybody = len(found.stages[0].people)
    made.figure(
        "Flow of participants. Each box is the next box and those beside the arrow; the report refuses to be made otherwise.",
        drawn(found),
    )
    for stage in found.stages:
        made.record(stage.name, str(len(stage.people)), everybody, {"k": len(stage.people)}, _COUNT)
    _dates(made, material)
    made.table(
        "End states at the data cut; everybody is in exactly one",
        ("End state", f"k/n of {everybody} (%; exact 95 % CI)"),
        [
            (name, made.share(f"end: {name}", len(people), everybody))
            for name, people in found.ends.items()
        ],
    )
    _sets(made, material)
    _assessed(made, found)
    _failures(made, material)
    _by_arm(made, material)
    return made


_COUNT = ("people who reached the box", "len(box); asserted: box == next + leavers")


def drawn(found: Flow) -> Drawing:
    """Draw the boxes, and who left beside the arrows; what is too long for a line goes on in the next."""
    boxes = [wrap(each.name, _OF_A_BOX) for each in found.stages]
    beside = [
        [part for line in said(each.reasons) for part in wrap(line, _BESIDE)]
        for each in found.stages
    ]
    heights = [
        max(34.0, 20 + _LINE * len(name), _LINE * len(lines) + 14)
        for name, lines in zip(boxes, beside, strict=True)
    ]
    told = "; ".join(f"{each.name}: {len(each.people)}" for each in found.stages)
    drawing = Drawing(_WIDE, sum(heights) + _GAP * len(heights) + 10, told)
    top = 6.0
    for place, stage in enumerate(found.stages):
        is_last = place + 1 == len(found.stages)
        _box(drawing, top, boxes[place], f"n = {len(stage.people)}")
        _beside(
            drawing,
            top,
            (15 + _LINE * len(boxes[place]), heights[place]),
            beside[place],
            is_last=is_last,
        )
        top += heights[place] + _GAP
    return drawing


def _box(drawing: Drawing, top: float, name: list[str], count: str) -> None:
    drawing.box(_LEFT, top, (_BOX, 15 + _LINE * len(name)), "panel", "soft")
    for number, line in enumerate(name):
        drawing.words(_LEFT + 10, top + 19 + _LINE * number, line)
    drawing.words(_LEFT + _BOX - 10, top + 19, count, anchor="end", is_bold=True)


def _beside(
    drawing: Drawing, top: float, tall: tuple[float, float], lines: list[str], *, is_last: bool
) -> None:
    """Draw the arrow to the next box, and who left; `tall`: of the box, and of both."""
    box, whole = tall
    middle = _LEFT + _BOX / 2
    if not is_last:
        drawing.line((middle, top + box), (middle, top + whole + _GAP), ink="soft")
        _arrow(drawing, middle, top + whole + _GAP)
    if lines:
        at = top + box + (6 if whole > 40 else 2)
        drawing.line((middle, at), (_RIGHT - 6, at), ink="soft")
    for number, line in enumerate(lines):
        lower = 0 if whole > 40 else 6
        drawing.words(_RIGHT, top + 20 + _LINE * number + lower, line, size=10.5)


def _arrow(drawing: Drawing, x: float, y: float) -> None:
    drawing.line((x - 4, y - 6), (x, y), (x + 4, y - 6), ink="soft")


def _dates(made: Section, material: Material) -> None:
    """Say when people came and when they were on the drug; by days, so not to the public."""
    people = material.people
    told = [
        f"{what} {saying.day(min(days))} to {saying.day(max(days))}"
        for what, column in (("consented", "RFICDT"), ("first doses", "TRTSDT"), ("last doses so far", "TRTEDT"))
        if (days := [each for each in people[column] if not saying.is_missing(each)])
    ]  # fmt: skip
    if told:
        cut = material.standing.cut
        made.say(
            f"{saying.capital('; '.join(told))}; followed until the data cut, {cut:%Y-%m-%d}.",
            single=True,
        )


def _sets(made: Section, material: Material) -> None:
    """Print the sets of people that everything else is of, as the protocol defines them."""
    consented = len(material.population("ENR"))
    made.table(
        "Analysis sets", ("Set", "By the protocol", "k/n of those who consented (%; exact 95 % CI)"),
        [
            (each.id, each.text, made.share(f"set {each.id}", len(material.population(each.id)), consented))
            for each in material.protocol.analysis.sets
        ],
    )  # fmt: skip


def _assessed(made: Section, found: Flow) -> None:
    rows = []
    for each in found.assessed:
        n = sum(map(len, each.states.values()))
        for place, (state, people) in enumerate(sorted(each.states.items())):
            share = made.share(f"{each.visit.id}: {state}", len(people), n)
            rows.append(("" if place else each.visit.label, state, share))
    made.table(
        "Assessed, of those who started the drug",
        ("Visit", "State", "k/n (%; exact 95 % CI)"),
        rows,
        "Assessed: the visit was held. People fill in its questionnaires at home, so that endpoints can have values of more people "
        "than were assessed. Not due yet: its window is still open, or to come.",
    )


def _failures(made: Section, material: Material) -> None:
    reasons = failing(material)
    main = Counter(each[0] for each in reasons.values() if each)
    every = Counter(reason for each in reasons.values() for reason in each)
    made.table(
        "Why screenings failed",
        ("Rule", "Main reason, people", "Among the reasons, people"),
        [(reason, str(main[reason]), str(count)) for reason, count in sorted(every.items())],
        "One main reason a person; all reasons may be several.",
    )


def _by_arm(made: Section, material: Material) -> None:
    """Tell of each arm how far its people came, in a trial that allocates."""
    if not material.shows_arms:
        return
    people = material.people
    rows = []
    for arm in material.arms:
        of_arm = people[people["ARM"] == arm]
        rows.append(
            (
                arm,
                str(len(of_arm)),
                *(str(int((of_arm[flag] == "Y").sum())) for flag in ("SAFFL", "FASFL", "PPROTFL")),
                str(int((of_arm["EOSSTT"] == "COMPLETED").sum())),
            )
        )
    made.table(
        "Arms", ("Arm", "Randomised", "Started (SAF)", "FAS", "PP", "Completed the study"), rows
    )
