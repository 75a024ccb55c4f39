"""Who went how far: boxes that add up, and exactly one end state for everybody (protocol-and-instruments.md 5.3)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from hometrial.errors import ExportRefusedError
from hometrial.exports.report.material import Material
from hometrial.exports.report.saying import capital, is_missing, words
from hometrial.protocol.visits import Visit

ONGOING = "ongoing at the data cut"
SCREEN_FAILURE = "SCREEN FAILURE"
_FIRST_BOXES_FROM_DAY = 14
"""Visits nearer to the first dose than that are calls, and no box of the flow."""


class FlowError(ExportRefusedError):
    """A flow that does not add up."""


@dataclass(frozen=True)
class Stage:
    """One box: who reached it, and why those who are not in the next box are not, each person with one reason."""

    name: str
    people: frozenset[str]
    leavers: Mapping[str, str]

    @property
    def reasons(self) -> list[tuple[str, int]]:
        """The reasons with how many people each, the most frequent first."""
        counted = Counter(self.leavers.values())
        return sorted(counted.items(), key=lambda each: (-each[1], each[0]))


@dataclass(frozen=True)
class Assessed:
    """A visit and what became of it for everybody who started the drug."""

    visit: Visit
    states: Mapping[str, frozenset[str]]


@dataclass(frozen=True)
class Flow:
    """The boxes from registered on, the visits that were assessed, and everybody's end state."""

    stages: tuple[Stage, ...]
    assessed: tuple[Assessed, ...]
    ends: Mapping[str, frozenset[str]]


def flow(material: Material) -> Flow:
    """Return the flow, checked. Raises FlowError if it does not add up."""
    way = _Way(material)
    found = Flow(tuple(way.stages()), tuple(way.assessed()), way.ends())
    check(found)
    return found


def check(found: Flow) -> None:
    """Raise FlowError unless each box is the next one and its leavers, and everybody has exactly one end state."""
    for stage, after in zip(found.stages, found.stages[1:], strict=False):
        if after.people - stage.people:
            raise FlowError(f"flow: {after.name} has people who are not in {stage.name}")
        if len(stage.people) != len(after.people) + len(stage.leavers) or (
            stage.people - after.people != set(stage.leavers)
        ):
            raise FlowError(
                f"flow: {stage.name} has {len(stage.people)} people, but {after.name} {len(after.people)} "
                f"and {len(stage.leavers)} who left"
            )
    everybody = found.stages[0].people
    placed = [person for people in found.ends.values() for person in people]
    if len(placed) != len(set(placed)) or set(placed) != everybody:
        raise FlowError(f"flow: {len(everybody)} people, but {len(placed)} end states")
    started = next(each.people for each in found.stages if each.name == STARTED)
    for each in found.assessed:
        if sum(map(len, each.states.values())) != len(started):
            raise FlowError(f"flow: {each.visit.label} does not tell of everybody who started once")


STARTED = "Started the drug (SAF)"


@dataclass(frozen=True)
class _Way:
    """What is known of everybody's way."""

    material: Material

    def stages(self) -> Iterator[Stage]:
        boxes = list(self._boxes())
        for place, (name, people) in enumerate(boxes):
            following = boxes[place + 1][1] if place + 1 < len(boxes) else people
            yield Stage(
                name, people, {each: self._why(each) for each in sorted(people - following)}
            )

    def _boxes(self) -> Iterator[tuple[str, frozenset[str]]]:
        told, protocol = self.material.people, self.material.protocol
        reached = frozenset(self.material.source.people) | frozenset(told.index)
        steps = [("Registered", reached)]

        def narrowed(name: str, people: frozenset[str]) -> None:
            steps.append((name, people & steps[-1][1]))

        def has(column: str) -> frozenset[str]:
            return frozenset(told.index[told[column].notna()])

        outcomes, consented = self._screened(), has("RFICDT")
        before = frozenset(outcomes) - consented
        also = ", or screened before consent" if before else ""
        narrowed(f"Consented (ENR){also}", consented | before)
        narrowed("Screened, decided", frozenset(outcomes))
        narrowed("Eligible", frozenset(who for who, each in outcomes.items() if each == "eligible"))
        ended = {
            row["participant"]
            for row in self.material.source.rows("anchor")
            if row["anchor"] == "run_in_end"
        }
        if any(each.ends == "run_in_end" for each in protocol.epochs):
            narrowed("Run-in completed", frozenset(ended))
        if self.material.is_randomised:
            narrowed("Randomised", has("RANDDT"))
        narrowed(STARTED, has("TRTSDT"))
        for visit in drug_visits(self.material):
            narrowed(f"On the drug: {visit.label}", frozenset(self._on_drug_at(visit)))
        return iter(steps)

    def _screened(self) -> dict[str, str]:
        """Return the outcome of everybody's last screening, once it is decided."""
        last: dict[str, tuple[int, str]] = {}
        for row in self.material.source.rows("screening"):
            if row["outcome"] in ("eligible", "screen_failure"):
                last[row["participant"]] = max(
                    last.get(row["participant"], (-1, "")), (row["number"] or 0, row["outcome"])
                )
        return {who: outcome for who, (_, outcome) in last.items()}

    def _on_drug_at(self, visit: Visit) -> Iterator[str]:
        for who, row in self.material.persons.items():
            if is_missing(row["TRTSDT"]):
                continue
            due = row["TRTSDT"] + timedelta(days=visit.day)
            if row["EOTSTT"] == "COMPLETED" or row["TRTEDT"] >= due:
                yield str(who)

    def _why(self, person: str) -> str:
        """Return why somebody is not in the next box."""
        if person in self.material.left_out:
            return self.material.left_out[person]
        row = self.material.persons[person]
        if row["DCSREAS"] == SCREEN_FAILURE:
            return f"screening failure, {self.main_reason(person)}"
        if row["EOSSTT"] == "DISCONTINUED":
            return words(row["DCSREAS"]) or "left, no reason told"
        if row["EOTSTT"] == "DISCONTINUED":
            return f"stopped the drug ({words(row['DCTREAS']) or 'no reason told'}), followed up"
        return ONGOING

    def main_reason(self, person: str) -> str:
        """Return the first rule that a screening failed by."""
        reasons = failing(self.material).get(person)
        return reasons[0].split(" ")[0] if reasons else "no rule named"

    def assessed(self) -> Iterator[Assessed]:
        """Yield the visits that count from the first or the last dose, with one state for everybody who started."""
        started = self.material.population("SAF")
        for visit in (*drug_visits(self.material), *off_drug_visits(self.material)):
            states: dict[str, set[str]] = {}
            for who in started:
                states.setdefault(self._state(who, visit), set()).add(who)
            yield Assessed(visit, {name: frozenset(people) for name, people in states.items()})

    def _state(self, who: str, visit: Visit) -> str:
        row = self._visits.get((who, visit.id))
        person = self.material.persons[who]
        has_ended = person["EOTSTT"] in ("COMPLETED", "DISCONTINUED")
        if row is not None and row["outcome"] == "held":
            if visit.anchor == "last_dose":
                return "assessed"
            is_off = (
                person["EOTSTT"] == "DISCONTINUED" and row["day"] and row["day"] > person["TRTEDT"]
            )
            return "assessed, off the drug" if is_off else "assessed, on the drug"
        if person["EOSSTT"] == "DISCONTINUED" and not (row and row["day"]):
            return f"not assessed: {words(person['DCSREAS']) or 'left'}"
        if row is not None and row["outcome"] in ("missed", "overdue"):
            return f"not assessed: {row['outcome']}"
        return (
            "not assessed: missed"
            if has_ended and person["EOSSTT"] == "COMPLETED"
            else "not due yet"
        )

    @property
    def _visits(self) -> dict[tuple[str, str], dict[str, object]]:
        rows = self.material.source.rows("visit")
        return {
            (row["participant"], row["visit"]): row for row in rows if row["number"] in (None, 1)
        }

    def ends(self) -> dict[str, frozenset[str]]:
        """Return everybody in exactly one end state."""
        found: dict[str, set[str]] = {}
        everybody = set(self.material.source.people) | set(self.material.people.index)
        for who in sorted(everybody):
            found.setdefault(self._end(who), set()).add(who)
        return {name: frozenset(found[name]) for name in sorted(found)}

    def _end(self, who: str) -> str:
        told = self.material.persons
        has_failed = who in told and told[who]["DCSREAS"] == SCREEN_FAILURE
        if who not in told or (is_missing(told[who]["RFICDT"]) and not has_failed):
            return "Registered, not consented"
        row = told[who]
        if row["EOSSTT"] == "COMPLETED":
            return (
                "Completed"
                if row["EOTSTT"] == "COMPLETED"
                else "Stopped the drug, followed up to the end"
            )
        if row["EOSSTT"] == "DISCONTINUED":
            return f"Left: {words(row['DCSREAS']) or 'no reason told'}"
        states = {
            "ONGOING": "on the drug",
            "COMPLETED": "after the drug",
            "DISCONTINUED": "stopped the drug",
        }
        return f"Ongoing, {states.get(row['EOTSTT'], 'before the drug')}"


def failing(material: Material) -> dict[str, list[str]]:
    """Return all rules that the last screening of each person failed by, with their words."""
    eligibility = material.protocol.eligibility
    texts = {each.id: each.text for each in (*eligibility.inclusion, *eligibility.exclusion)}
    found: dict[str, list[str]] = {}
    for row in material.source.rows("screening"):
        if row["outcome"] == "screen_failure":
            rules = [each.strip() for each in (row["failing"] or "").replace(";", ",").split(",")]
            found[row["participant"]] = [
                f"{each} {texts.get(each, '')}".strip() for each in rules if each
            ]
    return found


def drug_visits(material: Material) -> list[Visit]:
    """Return the visits on the drug that come once, in order of their days."""
    return sorted(
        (
            each
            for each in material.protocol.visits
            if each.anchor == "first_dose"
            and each.repeat is None
            and each.day >= _FIRST_BOXES_FROM_DAY
        ),
        key=lambda each: each.day,
    )


def off_drug_visits(material: Material) -> list[Visit]:
    """Return the visits after the last dose."""
    return [each for each in material.protocol.visits if each.anchor == "last_dose"]


def said(reasons: list[tuple[str, int]]) -> list[str]:
    """Say reasons with their numbers, one a line."""
    return [f"{capital(reason)}: {count}" for reason, count in reasons]
