"""What a twin is made of: a protocol, its questionnaires, the names of metrics; and nothing of any person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from uuid import NAMESPACE_URL, uuid5

from hometrial.declarations import read
from hometrial.exports.twin.eligible import Found, plainest
from hometrial.exports.twin.logic import Logic
from hometrial.protocol.model import Protocol
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.loading import definition_hash

UNTIL = date(2027, 4, 30)
"""The last day of data unless another is given: a month after summer time began in Europe."""


@dataclass(frozen=True)
class Metric:
    """A daily metric: its unit (UCUM), and the version of its rule."""

    unit: str
    version: int


@dataclass(frozen=True)
class Setting:
    """A protocol as it was approved (`body`), instruments by id as declared, metrics by name, `until` the last day."""

    protocol: Protocol
    body: str
    instruments: Mapping[str, str]
    metrics: Mapping[str, Metric]
    seed: int
    until: date = UNTIL

    @cached_property
    def declared(self) -> dict[str, Instrument]:
        """The instruments by id. Raises DeclarationError or ValidationError for a body that declares none."""
        return {name: parsed(body, name) for name, body in sorted(self.instruments.items())}

    @cached_property
    def logic(self) -> dict[str, Logic]:
        """What each instrument shows and comes to, by its id."""
        return {each.id: Logic(each) for each in self.declared.values()}

    @cached_property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each instrument's canonical form."""
        return {name: definition_hash(each) for name, each in self.declared.items()}

    @cached_property
    def eligible(self) -> Found:
        """Answers of somebody eligible. Raises ExportRefusedError for rules that nothing fulfils."""
        return plainest(self.protocol)

    @cached_property
    def version_id(self) -> str:
        """The id of the one protocol version."""
        return self.named("protocol_version")

    def named(self, *path: object) -> str:
        """Return an id that follows from the protocol, the seed and a path."""
        parts = (self.protocol.id, self.seed, *path)
        return str(uuid5(NAMESPACE_URL, "hometrial-twin/" + "/".join(map(str, parts))))

    def instrument_of(self, form: str) -> Instrument | None:
        """Return the questionnaire of a form, None if it has none or nobody gave its declaration."""
        name = next((each.instrument for each in self.protocol.forms if each.id == form), None)
        return None if name is None else self.declared.get(name)


def parsed(body: str, name: str) -> Instrument:
    """Return an instrument from YAML, or from JSON as the database keeps it."""
    if body.lstrip().startswith("{"):
        return Instrument.model_validate_json(body)
    return read(body, name, Instrument)
