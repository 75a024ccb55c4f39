"""Rules ask for variables that are declared, and only for what these can answer."""

from collections.abc import Iterator

from hometrial.protocol.checks.fault import Fault, Known, Place
from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import Number, misuses
from hometrial.rules import names, parse


def rules_ask_what_can_be_answered(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Every rule names declared variables and compares each with what it can be."""
    variables = {each.id: each for each in protocol.variables}
    for place, rule in _rules(protocol):
        for said in misuses(parse(rule), variables):
            yield Fault(place, said)


def _rules(protocol: Protocol) -> Iterator[tuple[Place, str]]:
    for section, criteria in (
        ("inclusion", protocol.eligibility.inclusion),
        ("exclusion", protocol.eligibility.exclusion),
    ):
        for number, criterion in enumerate(criteria):
            yield ("eligibility", section, number, "rule"), criterion.rule
    for number, titration in enumerate(protocol.titrations):
        for kind in ("hold", "step_down", "stop"):
            for index, trigger in enumerate(getattr(titration, kind)):
                yield ("titrations", number, kind, index, "when"), trigger.when
    for number, alert in enumerate(protocol.alerts):
        yield ("alerts", number, "when"), alert.when


def variables_are_used(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Every variable is asked for by a rule or a factor; a range has a beginning and an end."""
    used = {name for _, rule in _rules(protocol) for name in names(parse(rule))}
    if protocol.allocation.method != "not_allocated":
        used |= {factor.variable for factor in protocol.allocation.factors}
    for number, variable in enumerate(protocol.variables):
        if variable.id not in used:
            said = f"no rule and no factor asks for {variable.id}; use it, or take it out"
            yield Fault(("variables", number, "id"), said)
        if isinstance(variable, Number) and variable.low >= variable.high:
            said = f"nothing lies between {variable.low:g} and {variable.high:g}; swap them"
            yield Fault(("variables", number, "low"), said)
