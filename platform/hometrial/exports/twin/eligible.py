"""Answers that make somebody eligible, or not: found from the protocol's own rules, whatever they ask."""

from collections.abc import Iterator, Mapping
from itertools import islice, product

from hometrial.errors import ExportRefusedError
from hometrial.exports.twin.chance import Chance
from hometrial.protocol.eligibility import Criterion, Standing, judge
from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import Choice, Number, Variable, YesNo
from hometrial.rules import Answer, Comparison, decide, names, parse, parts

Found = dict[str, Answer]
_ROUNDS = 5
_TRIES = 20_000


def asked(protocol: Protocol) -> tuple[Variable, ...]:
    """Return the variables that eligibility asks for, in the protocol's order."""
    criteria = (*protocol.eligibility.inclusion, *protocol.eligibility.exclusion)
    wanted = {name for each in criteria for name in names(parse(each.rule))}
    return tuple(each for each in protocol.variables if each.id in wanted)


def plainest(protocol: Protocol) -> Found:
    """Return answers of somebody eligible, the same each time. Raises ExportRefusedError for rules that nothing fulfils."""
    variables = asked(protocol)
    answers: Found = {each.id: _plain(each) for each in variables}
    inclusion = [(each, True) for each in protocol.eligibility.inclusion]
    exclusion = [(each, False) for each in protocol.eligibility.exclusion]
    for _ in range(_ROUNDS):
        for criterion, wanted in (*inclusion, *exclusion):
            answers |= _fulfilled(protocol, criterion, answers, wanted=wanted)
    if _standing(protocol, answers) is not Standing.ELIGIBLE:
        raise ExportRefusedError(
            f"{protocol.id}: no answers were found that make somebody eligible; check its eligibility rules"
        )
    return answers


def failing(protocol: Protocol, answers: Found, chance: Chance) -> tuple[Found, tuple[str, ...]]:
    """Return answers that no longer fulfil one of the rules, and the ids of those they fail."""
    exclusion = [(each, True) for each in protocol.eligibility.exclusion]
    inclusion = [(each, False) for each in protocol.eligibility.inclusion]
    criterion, wanted = chance.pick(exclusion or inclusion)
    changed = answers | _fulfilled(protocol, criterion, answers, wanted=wanted)
    found = judge(protocol.eligibility, protocol.variables, changed)
    return changed, tuple(each.id for each in found.failing)


def _standing(protocol: Protocol, answers: Found) -> Standing:
    return judge(protocol.eligibility, protocol.variables, answers).standing


def _plain(variable: Variable) -> Answer:
    if isinstance(variable, Number):
        return max(variable.low, 0)
    return False if isinstance(variable, YesNo) else variable.options[0]


def _fulfilled(protocol: Protocol, criterion: Criterion, answers: Found, *, wanted: bool) -> Found:
    """Return what must change so that a rule holds, or does not; nothing if that was not found."""
    rule = parse(criterion.rule)
    if decide(rule, answers).holds is wanted:
        return {}
    known = {each.id: each for each in protocol.variables}
    asked_for = names(rule)
    options = [list(_candidates(protocol, known[name])) for name in asked_for]
    for values in islice(product(*options), _TRIES):
        tried = dict(zip(asked_for, values, strict=True))
        if decide(rule, answers | tried).holds is wanted:
            return tried
    return {}


def _candidates(protocol: Protocol, variable: Variable) -> Iterator[Answer]:
    if isinstance(variable, YesNo):
        yield from (False, True)
    elif isinstance(variable, Choice):
        yield from variable.options
    else:
        limits = set(_limits(protocol, variable.id))
        near = {limit + step for limit in limits for step in (-1, 0, 1)}
        yield from sorted(each for each in near if variable.low <= each <= variable.high)


def _limits(protocol: Protocol, name: str) -> Iterator[float]:
    criteria = (*protocol.eligibility.inclusion, *protocol.eligibility.exclusion)
    for part in (part for each in criteria for part in parts(parse(each.rule))):
        if isinstance(part, Comparison) and name in names(part):
            for side in (part.left, part.right):
                if isinstance(side, int | float) and not isinstance(side, bool):
                    yield side


def varied(protocol: Protocol, answers: Found, chance: Chance, told: Mapping[str, Answer]) -> Found:
    """Return other answers, one by one, wherever the rules still hold; those that forms have `told` come first."""
    criteria = [(each, True) for each in protocol.eligibility.inclusion]
    criteria += [(each, False) for each in protocol.eligibility.exclusion]
    for variable in asked(protocol):
        drawn = told.get(variable.id, _drawn(variable, answers[variable.id], chance))
        tried = answers | {variable.id: drawn}
        rules = [(parse(each.rule), wanted) for each, wanted in criteria]
        holds = (decide(rule, tried).holds is wanted for rule, wanted in rules if variable.id in names(rule))  # fmt: skip
        if variable.refusal(drawn) is None and all(holds):
            answers = tried
    return answers


def _drawn(variable: Variable, now: Answer, chance: Chance) -> Answer:
    if isinstance(variable, YesNo):
        return chance.happens(0.2) if now is False else now
    if isinstance(variable, Choice):
        return chance.pick(variable.options)
    assert not isinstance(now, str)  # noqa: S101 - a number's answer is one
    span = min(variable.high - variable.low, 40)
    digits = 1 if span <= 1 or variable.unit == "1" else 0
    found = chance.between(now, now + span / (10 if variable.unit == "1" else 1), digits)
    return found if digits else int(found)
