"""TA, TE, TI, TV: the trial as the protocol plans it: arms, elements, criteria and visits."""

from hometrial.exports.sdtm import planned
from hometrial.exports.sdtm.assembling import SOURCE, Row, pieces
from hometrial.exports.sdtm.criteria import criteria
from hometrial.exports.sdtm.study import Study
from hometrial.protocol.arms import Epoch
from hometrial.protocol.model import Protocol
from hometrial.protocol.visits import Visit


def _stored(study: Study) -> tuple[str, ...]:
    rows = study.source.rows("protocol_version")
    return tuple(f"protocol_version/{row['id']}" for row in rows if row["in_force"])


def ta(study: Study) -> list[Row]:
    """Return one row for each element of each arm, in order; an epoch of the protocol is an element."""
    protocol, stored = study.protocol, _stored(study)
    codes = planned.element_codes(protocol)
    branching, names = _branching(protocol), planned.arm_names(protocol)
    arms = planned.arm_codes(protocol)
    rows: list[Row] = []
    for arm in protocol.arms:
        epochs = protocol.epochs_of(arm.id)
        for place, epoch in enumerate(epochs, start=1):
            rows.append(
                {
                    SOURCE: stored, "ARMCD": arms[arm.id], "ARM": names[arm.id], "TAETORD": place,
                    "ETCD": codes[epoch.id], "ELEMENT": planned.element(epoch.id),
                    "TABRANCH": pieces(f"Allocated to {names[arm.id]}")[0] if epoch.id == branching else "",
                    "TATRANS": _transition(epochs, place),
                    "EPOCH": study.epoch_terms[epoch.id],
                }
            )  # fmt: skip
    return rows


def _branching(protocol: Protocol) -> str | None:
    """Return the element at whose end people are allocated: the last before any drug that all arms share."""
    if len(protocol.arms) == 1:
        return None
    before = None
    for epoch in protocol.epochs:
        if epoch.drug or epoch.arms:
            return before
        before = epoch.id
    return before


def _transition(epochs: tuple[Epoch, ...], place: int) -> str:
    """Say who goes on elsewhere than to the next element."""
    epoch, following = epochs[place - 1], epochs[place:]
    said = []
    off_drug = next((each for each in following if not each.drug), None)
    if epoch.drug and off_drug is not None and off_drug is not following[0]:
        said.append(f"Who stops the drug for good goes on to {planned.element(off_drug.id)}")
    if following and following[0].optional:
        consent = " and consents anew" if following[0].reconsent else ""
        said.append(f"Only who chooses to{consent} goes on to {planned.element(following[0].id)}")
    return pieces("; ".join(said))[0]


def te(study: Study) -> list[Row]:
    """Return one row for each element: the point in time at which it begins, and what ends it."""
    protocol = study.protocol
    codes = planned.element_codes(protocol)
    return [
        {
            SOURCE: _stored(study),
            "ETCD": codes[epoch.id],
            "ELEMENT": planned.element(epoch.id),
            "TESTRL": _start(protocol.epochs, place),
            "TEENRL": _end(epoch),
            "TEDUR": f"P{epoch.days}D",
        }
        for place, epoch in enumerate(protocol.epochs)
    ]


def _start(epochs: tuple[Epoch, ...], place: int) -> str:
    epoch = epochs[place]
    if epoch.begins is not None:
        return planned.after(epoch.begins.anchor, epoch.begins.day)
    if place == 0:
        return planned.after("consent", 0)
    before = epochs[place - 1]
    return f"The day after the {before.days} planned days of {planned.element(before.id)}"


def _end(epoch: Epoch) -> str:
    latest = f"{epoch.longest} days after its start"
    if epoch.ends is not None:
        return f"{planned.ANCHORS[epoch.ends].capitalize()}, at the latest {latest}"
    return f"Start of the next element, at the latest {latest}"


def ti(study: Study) -> list[Row]:
    """Return the criteria of each version of the protocol."""
    return [
        {
            SOURCE: (each.source,), "IETESTCD": each.code, "IETEST": each.text,
            "IECAT": each.category, "TIVERS": each.version,
        }
        for each in criteria(study.source)
    ]  # fmt: skip


def tv(study: Study) -> list[Row]:
    """Return the planned visits, one row for each repetition, and for each arm where only some have them."""
    names, arms = planned.arm_names(study.protocol), planned.arm_codes(study.protocol)
    return [
        {
            SOURCE: _stored(study), "VISITNUM": each.number, "VISIT": each.name,
            "VISITDY": each.day, "ARMCD": arms.get(arm, ""),
            "ARM": names.get(arm, ""),
            "TVSTRL": _visit_rule(each.visit, each.repetition),
        }
        for each in planned.visits(study.protocol)
        for arm in each.visit.arms or ("",)
    ]  # fmt: skip


def _visit_rule(visit: Visit, repetition: int) -> str:
    every = 0 if visit.repeat is None else visit.repeat.every_days
    due = planned.after(visit.anchor, visit.day + (repetition - 1) * every)
    before, after = visit.window
    return f"{due}; {-before} days early to {after} days late"
