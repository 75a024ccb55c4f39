"""Declarations in YAML: read strictly, checked by a pydantic model, every fault told with its place and value."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Strict, StringConstraints, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from hometrial.errors import TrialError

Declared = TypeVar("Declared", bound=BaseModel)
Each = TypeVar("Each")
Several = Annotated[tuple[Each, ...], Strict(strict=False)]
Version = Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Place = tuple[int | str, ...]
"""Field names and positions from the top of a declaration."""

_SHOWN = 60


class Declaration(BaseModel):
    """A part of a declaration: what it does not know, or what has another type, it refuses."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, populate_by_name=True
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit together: where, a sentence with the way out, what stands there."""

    place: Place
    said: str
    value: object = None


class DeclarationError(TrialError):
    """A declaration that cannot be used. `faults`: one sentence each, with file, line, field and value."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def read(text: str, name: str, model: type[Declared]) -> Declared:
    """Return what a YAML 1.2 text declares; `name` is the file's, for the faults.

    Raises DeclarationError with all faults at once: no YAML, a key twice, an unknown field, a wrong value.
    """
    try:
        return model.model_validate(YAML(typ="safe", pure=False).load(text))
    except (YAMLError, ValidationError):
        return _read_slowly(text, name, model)


def _read_slowly(text: str, name: str, model: type[Declared]) -> Declared:
    """Read with the parser that remembers lines, six times slower, to tell where each fault stands."""
    document = _parsed(text, name)
    try:
        return model.model_validate(_plain(document))
    except ValidationError as error:
        raise DeclarationError(
            [_fault(name, document, each["loc"], each["msg"]) for each in error.errors()]
        ) from error


def refusal(name: str, faults: Iterable[Fault]) -> ValidationError:
    """Return what a validator of a whole declaration raises, so that `read` tells each fault in its place."""
    return ValidationError.from_exception_data(
        name,
        [
            {
                "type": "value_error",
                "loc": fault.place,
                "input": fault.value,
                "ctx": {"error": ValueError(fault.said)},
            }
            for fault in faults
        ],
    )


def _parsed(text: str, name: str) -> Any:
    try:
        return YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        problem = str(error.problem or error.context).splitlines()[0]
        raise DeclarationError([f"{name}{line}: this is no YAML: {problem}"]) from error
    except YAMLError as error:
        raise DeclarationError([f"{name}: this is no YAML: {error}"]) from error


def _plain(node: Any) -> Any:
    """Return a document without what the parser remembers of lines and comments."""
    if isinstance(node, dict):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(each) for each in node]
    plain = {str: str, float: float, int: int}
    kind = next((kind for kind in plain if isinstance(node, kind) and node is not True), None)
    return node if kind is None or isinstance(node, bool) else plain[kind](node)


def _fault(name: str, document: Any, place: Place, problem: str) -> str:
    line, path, value = _found(document, place)
    said = problem.removeprefix("Value error, ")
    shown = "" if isinstance(value, dict | list) else f" (it says {_short(value)})"
    field = f" {path}:" if path else ""
    return f"{name}, line {line}:{field} {said}{shown}"


def _found(document: Any, place: Place) -> tuple[int, str, Any]:
    """Follow a place into a document as far as it goes: the line there, the field's path, what it says.

    pydantic puts names of its own between, such as the tag of a union: they lead nowhere and are left out.
    """
    node, line, path = document, 1, ""
    for number, step in enumerate(place, 1):
        if isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line, path = node.lc.item(step)[0] + 1, f"{path}[{step}]"
        elif isinstance(node, CommentedMap) and step in node:
            line, path = node.lc.key(step)[0] + 1, f"{path}.{step}".lstrip(".")
        elif number == len(place) and isinstance(node, CommentedMap):
            return line, f"{path}.{step}".lstrip("."), node  # a field that is not there
        else:
            continue
        node = node[step]
    return line, path, node


def _short(value: Any) -> str:
    said = repr(value)
    return said if len(said) <= _SHOWN else said[:_SHOWN] + "…"
