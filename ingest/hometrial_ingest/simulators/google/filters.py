"""The filter language: a small subset of AIP-160, and the real refusals of everything else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from hometrial_ingest.simulators.clock import microseconds
from hometrial_ingest.simulators.google.catalogue import DataType
from hometrial_ingest.simulators.google.errors import RefusedError, bad_filter

_TOKEN = re.compile(
    r"""\s*(?:(?P<literal>"[^"\\]*")|(?P<operator>>=|<=|!=|>|<|=|:)|(?P<word>[^\s"<>=!:()]+)|(?P<other>\S))"""
)
_MEMBERS = {
    "interval": {"interval.start_time": "physical", "interval.civil_start_time": "civil"},
    "sample": {"sample_time.physical_time": "physical", "sample_time.civil_time": "civil"},
    "daily": {"date": "date"},
    "sleep": {"interval.end_time": "physical", "interval.civil_end_time": "civil"},
    "session": {"interval.civil_start_time": "civil"},
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CIVIL = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?)?", re.ASCII)
_PHYSICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)
_SHAPES = {"physical": _PHYSICAL, "civil": _CIVIL, "date": _DATE}

Times = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Token:
    """A piece of a filter and the column at which it begins."""

    kind: str  # literal, operator, word, other
    text: str
    column: int


@dataclass(frozen=True)
class Restriction:
    """member operator literal; `edge` in µs: an instant, or a wall clock if `kind` is not physical."""

    kind: str
    operator: str
    edge: int

    def keeps(self, physical: Times, civil: Times) -> Mask:
        """Return which records satisfy it, from their instants and wall clocks in µs."""
        times = physical if self.kind == "physical" else civil
        kept: Mask = times >= self.edge if self.operator == ">=" else times < self.edge
        return kept


@dataclass(frozen=True)
class Filter:
    """All of `groups` must hold, any restriction within one. No groups: everything passes."""

    groups: tuple[tuple[Restriction, ...], ...] = ()

    @property
    def is_civil(self) -> bool:
        """Whether it speaks of wall clocks."""
        return any(each.kind == "civil" for group in self.groups for each in group)

    def keeps(self, physical: Times, civil: Times) -> Mask:
        """Return which records pass."""
        kept: Mask = np.ones(len(physical), np.bool_)
        for group in self.groups:
            any_of: Mask = np.zeros(len(physical), np.bool_)
            for restriction in group:
                any_of |= restriction.keeps(physical, civil)
            kept &= any_of
        return kept

    def bounds(self, margin: int) -> tuple[int | None, int | None]:
        """Return [from, to) in µs that holds every record that passes; wall clocks widened by a margin."""
        low: int | None = None
        high: int | None = None
        for restriction in (group[0] for group in self.groups if len(group) == 1):
            wide = margin if restriction.kind == "civil" else 0
            if restriction.operator == ">=":
                low = max(low if low is not None else -(1 << 62), restriction.edge - wide)
            else:
                high = min(high if high is not None else 1 << 62, restriction.edge + wide)
        return low, high


def parse(text: str, data_type: DataType) -> Filter:
    """Return what a filter says. Raises RefusedError with the API's own words for what it does not take."""
    if not text.strip():
        return Filter()
    tokens = list(_tokens(text))
    faults: list[tuple[str, str]] = []
    groups: list[tuple[Restriction, ...]] = []
    group: list[Restriction] = []
    place = 0
    while True:
        restriction = _restriction(tokens[place : place + 3], data_type, faults)
        if restriction:
            group.append(restriction)
        place += 3
        if place >= len(tokens):
            break
        joint = _joint(tokens[place], data_type)
        if joint == "AND":
            groups.append(tuple(group))
            group = []
        place += 1
    if faults:
        raise bad_filter(faults)
    return Filter((*groups, tuple(group)))


def _tokens(text: str) -> Iterator[Token]:
    end = len(text.rstrip())
    at = 0
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise _refusal("SYNTAX", "Syntax error", at + 1)
        token = Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1)
        if token.kind == "other":
            raise _refusal("SYNTAX", f"Unexpected character '{token.text}'", token.column)
        yield token
        at = match.end()


def _joint(token: Token, data_type: DataType) -> str:
    allowed = ("AND", "OR") if data_type.id == "sleep" else ("AND",)
    if token.kind == "word" and token.text in allowed:
        return token.text
    if token.kind == "word" and token.text == "OR":
        raise _refusal("EXPRESSION_STRUCTURE", "Operator 'OR' is not supported", token.column)
    raise _refusal("UNEXPECTED_TOKEN", f"Unexpected token '{token.text}'", token.column)


def _restriction(
    tokens: list[Token], data_type: DataType, faults: list[tuple[str, str]]
) -> Restriction | None:
    """Read one restriction; note a member that is not supported and go on, as the API does."""
    if not tokens:
        raise bad_filter([("UNEXPECTED_END_OF_INPUT", "Unexpected end of input.")])
    member, *rest = tokens
    if member.kind != "word":
        raise _refusal("UNEXPECTED_TOKEN", f"Unexpected token '{member.text}'", member.column)
    if not rest or rest[0].kind != "operator":
        raise _refusal(
            "EXPRESSION_STRUCTURE", "Global restrictions are not supported", member.column
        )
    kind = _member_kind(member.text, data_type)
    if len(rest) < 2:
        raise bad_filter([("UNEXPECTED_END_OF_INPUT", "Unexpected end of input.")])
    if kind is None:
        text = f"Member '{member.text}' is not supported for filtering"
        faults.append(("DATA_TYPE_MEMBER", f"{text}. (at line 1, column {member.column})"))
        return None
    operator, literal = rest
    if operator.text not in (">=", "<"):
        raise _refusal(
            "DATA_TYPE_RESTRICTION", f"Operator '{operator.text}' is not supported", operator.column
        )
    return Restriction(kind, operator.text, _edge(literal, kind))


def _member_kind(member: str, data_type: DataType) -> str | None:
    prefix, _, rest = member.partition(".")
    if prefix != data_type.snake:
        return None
    members = _MEMBERS["sleep" if data_type.id == "sleep" else data_type.kind]
    return members.get(rest)


def _edge(literal: Token, kind: str) -> int:
    if literal.kind != "literal":
        raise _refusal(
            "MISSING_TOKEN", f"A quoted literal is missing before '{literal.text}'", literal.column
        )
    text = literal.text[1:-1]
    if not _SHAPES[kind].fullmatch(text):
        raise _refusal("RESTRICTION_COMPARABLE", f"'{text}' is not a valid value", literal.column)
    # Nine fraction digits are allowed, six are what Python knows.
    shorter = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        moment = datetime.fromisoformat(shorter)
    except ValueError as error:
        raise _refusal(
            "RESTRICTION_COMPARABLE", f"'{text}' is not a valid value", literal.column
        ) from error
    return microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _refusal(reason: str, text: str, column: int) -> RefusedError:
    return bad_filter([(reason, f"{text}. (at line 1, column {column})")])
