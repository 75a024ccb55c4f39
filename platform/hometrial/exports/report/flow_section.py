"""The section of the flow: its drawing, the visits assessed, why screenings failed, and end states."""

from collections import Counter

from hometrial.exports.report.blocks import Section
from hometrial.exports.report.drawing import Drawing
from hometrial.exports.report.flow import Flow, failing, flow, said
from hometrial.exports.report.material import Material

_WIDE, _BOX, _LINE, _GAP = 640.0, 250.0, 15.0, 16.0
_LEFT, _RIGHT = 10.0, 330.0


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
    made.table(
        "End states at the data cut; everybody is in exactly one",
        ("End state", f"k/n of {everybody} (%; exact 95 % CI)"),
        [
            (name, made.share(f"end: {name}", len(people), everybody))
            for name, people in found.ends.items()
        ],
    )
    _assessed(made, found)
    _failures(made, material)
    _by_arm(made, material)
    return made


_COUNT = ("people who reached the box", "len(box); asserted: box == next + leavers")


def drawn(found: Flow) -> Drawing:
    """Draw the boxes, and who left beside the arrows."""
    heights = [max(34.0, _LINE * len(said(each.reasons)) + 14) for each in found.stages]
    height = sum(heights) + _GAP * len(heights) + 10
    told = "; ".join(f"{each.name}: {len(each.people)}" for each in found.stages)
    drawing = Drawing(_WIDE, height, told)
    top = 6.0
    for place, (stage, tall) in enumerate(zip(found.stages, heights, strict=True)):
        drawing.box(_LEFT, top, (_BOX, 30), "panel", "soft")
        drawing.words(_LEFT + 10, top + 19, stage.name)
        drawing.words(
            _LEFT + _BOX - 10, top + 19, f"n = {len(stage.people)}", anchor="end", is_bold=True
        )
        middle = _LEFT + _BOX / 2
        if place + 1 < len(found.stages):
            drawing.line((middle, top + 30), (middle, top + tall + _GAP), ink="soft")
            _arrow(drawing, middle, top + tall + _GAP)
        lines = said(stage.reasons)
        if lines:
            at = top + 36 if tall > 40 else top + 32
            drawing.line((middle, at), (_RIGHT - 6, at), ink="soft")
        for number, line in enumerate(lines):
            drawing.words(
                _RIGHT, top + 20 + _LINE * number + (0 if tall > 40 else 6), _cut(line), size=10.5
            )
        top += tall + _GAP
    return drawing


def _arrow(drawing: Drawing, x: float, y: float) -> None:
    drawing.line((x - 4, y - 6), (x, y), (x + 4, y - 6), ink="soft")


def _cut(line: str) -> str:
    return line if len(line) <= 54 else f"{line[:53]}…"


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
