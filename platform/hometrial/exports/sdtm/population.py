"""Whom the criteria let in: what the rules themselves say of each age and each sex."""

from collections.abc import Iterator

from hometrial.exports.sdtm import standard
from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import Choice, Number
from hometrial.rules import Answer, decide, parse

_YEARS = "a"  # UCUM


def _is_let_in(protocol: Protocol, variable: str, answer: Answer) -> bool:
    """Say whether no criterion keeps somebody out of whom only this is known."""
    told = {variable: answer}
    eligibility = protocol.eligibility
    return all(
        decide(parse(each.rule), told).holds is not False for each in eligibility.inclusion
    ) and not any(decide(parse(each.rule), told).holds for each in eligibility.exclusion)


def ages(protocol: Protocol) -> tuple[int | None, int | None]:
    """Return the youngest and the oldest age in years that no criterion keeps out; None where there is no such end."""
    asked = next((each for each in protocol.variables if each.id == "age"), None)
    if not isinstance(asked, Number) or asked.unit != _YEARS:
        return None, None
    years = range(int(asked.low), int(asked.high) + 1)
    let_in = [year for year in years if _is_let_in(protocol, "age", year)]
    if not let_in:
        return None, None
    low, high = let_in[0], let_in[-1]
    return (None if low == years[0] else low), (None if high == years[-1] else high)


def sexes(protocol: Protocol) -> str:
    """Return SEXPOP: BOTH, unless the protocol asks for the sex and keeps one out."""
    let_in = set(_sexes(protocol))
    return let_in.pop() if len(let_in) == 1 else "BOTH"


def _sexes(protocol: Protocol) -> Iterator[str]:
    for variable in protocol.variables:
        if variable.id == "sex" and isinstance(variable, Choice):
            for option in variable.options:
                term = standard.matching("SEX", option)
                if term and term.value in ("F", "M") and _is_let_in(protocol, "sex", option):
                    yield term.value
