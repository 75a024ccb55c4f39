"""A protocol's file changed in places: comments, order and the way that values are written stay as they are."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from hometrial.declarations import DeclarationError, Place

_WIDTH = 4096


@dataclass(frozen=True)
class Put:
    """A value that stands at a place from now on; a place that is one beyond the end of a list adds to it."""

    place: Place
    value: Any


@dataclass(frozen=True)
class Drop:
    """What stands at a place is taken out, if anything does."""

    place: Place


Edit = Put | Drop


def plain(body: str) -> Any:
    """Return what a file says, checked or not. Raises DeclarationError if it is no YAML."""
    return deepcopy(_parsed(body))


@lru_cache(maxsize=32)
def _parsed(body: str) -> Any:
    try:
        return YAML(typ="safe", pure=False).load(body)
    except YAMLError as error:
        raise DeclarationError([f"this is no YAML: {error}"]) from error


def edited(body: str, edits: Iterable[Edit]) -> str:
    """Return a file with the edits made in their order; without any it is the same, byte by byte.

    Places are those of the file as each edit finds it. Raises DeclarationError if it is no YAML.
    """
    made = list(edits)
    if not made:
        return body
    yaml = _yaml()
    try:
        document = yaml.load(body) or CommentedMap()
    except YAMLError as error:
        raise DeclarationError([f"this is no YAML: {error}"]) from error
    for edit in made:
        _make(document, edit)
    out = StringIO()
    yaml.dump(document, out)
    return out.getvalue()


def at(document: Any, place: Place) -> Any:
    """Return what stands at a place of a document, None if nothing does."""
    node = document
    for step in place:
        if isinstance(node, Mapping) and step in node:
            node = node[step]
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = list.__getitem__(node, step)
        else:
            return None
    return node


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = _WIDTH  # a line that is there is not broken elsewhere
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), _null)
    return yaml


def _null(representer: Any, _none: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def _make(document: Any, edit: Edit) -> None:
    *path, last = edit.place
    node = document
    for step, after in zip(path, edit.place[1:], strict=True):
        inner, wanted = at(node, (step,)), list if isinstance(after, int) else dict
        if not isinstance(inner, wanted):  # what cannot hold it gives way
            if isinstance(edit, Drop):
                return
            inner = CommentedSeq() if wanted is list else CommentedMap()
            _set(node, step, inner)
        node = inner
    if isinstance(edit, Put):
        _set(node, last, edit.value)
    elif at(node, (last,)) is not None or (isinstance(node, dict) and last in node):
        del node[last]


def _set(node: Any, step: int | str, value: Any) -> None:
    if isinstance(node, list) and step == len(node):
        node.append(_in_one_line(value))
    else:
        node[step] = _in_one_line(value)


def _in_one_line(value: Any) -> Any:
    """Write a new list or row of fields in one line, as the files do."""
    if isinstance(value, CommentedMap | CommentedSeq):
        return value
    if isinstance(value, dict):
        made = CommentedMap({name: _in_one_line(each) for name, each in value.items()})
        made.fa.set_flow_style()
        return made
    if isinstance(value, list):
        row = CommentedSeq([_in_one_line(each) for each in value])
        row.fa.set_flow_style()
        return row
    return value
