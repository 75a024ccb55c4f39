"""Protocols in and out of files: read, checked, written; and the ones that come with the product."""

from importlib import resources
from io import StringIO
from typing import Self

from pydantic import RootModel, model_validator
from ruamel.yaml import YAML

from hometrial.declarations import read, refusal
from hometrial.errors import TrialError
from hometrial.protocol.checking import faults
from hometrial.protocol.checks.fault import Known
from hometrial.protocol.model import Protocol

_SHIPPED = resources.files("hometrial.protocol") / "protocols"


class UnknownProtocolError(TrialError):
    """A protocol that does not come with this product."""


def load(text: str, name: str, known: Known) -> Protocol:
    """Return the protocol that a YAML text declares, checked against what this installation knows.

    Raises DeclarationError with every fault: its line, its field, what stands there and the way out.
    """

    class Document(RootModel[Protocol]):
        @model_validator(mode="after")
        def _can_be_run(self) -> Self:
            found = faults(self.root, known)
            if found:
                raise refusal(name, found)
            return self

    return read(text, name, Document).root


def shipped() -> tuple[str, ...]:
    """Return the ids of the protocols that come with the product."""
    names = (each.name for each in _SHIPPED.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def shipped_text(protocol: str) -> str:
    """Return the file of a protocol that comes with the product; raises UnknownProtocolError."""
    if protocol not in shipped():
        listed = ", ".join(shipped())
        raise UnknownProtocolError(
            f"protocol: {protocol} does not come with this; there are {listed}"
        )
    return (_SHIPPED / f"{protocol}.yaml").read_text(encoding="utf-8")


def write(protocol: Protocol) -> str:
    """Return a protocol as YAML that loads as the same; comments of the file it came from are lost."""
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 110
    stream = StringIO()
    declared = protocol.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    yaml.dump({"schema": "protocol/1", **declared}, stream)
    return stream.getvalue()
