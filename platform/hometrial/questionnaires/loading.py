"""Instruments from their files: one, or all that are shipped; each checked, each with a hash of its own."""

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

from hometrial.declarations import DeclarationError, read
from hometrial.errors import TrialError
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.vectors import vector_faults

_FOLDER = resources.files("hometrial.questionnaires") / "instruments"


class UnknownInstrumentError(TrialError):
    """An instrument that is not shipped."""


def load(text: str, name: str) -> Instrument:
    """Return the instrument that a YAML text declares; `name` is the file's.

    Raises DeclarationError with all its faults: of form, of reference, of wording; and, if there are none,
    with every worked example that comes out otherwise.
    """
    instrument = read(text, name, Instrument)
    faults = [f"{name}: {said}" for said in vector_faults(instrument)]
    if faults:
        raise DeclarationError(faults)
    return instrument


def ids() -> tuple[str, ...]:
    """Return the ids of the shipped instruments, sorted; none of them is read."""
    files = (file.name for file in _FOLDER.iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml")))


def named(name: str) -> Instrument:
    """Return a shipped instrument; raises UnknownInstrumentError with the ids there are."""
    known = ids()
    if name not in known:
        raise UnknownInstrumentError(
            f"no instrument is named {name!r}; there are {', '.join(known)}"
        )
    return _shipped(name)


def shipped() -> Mapping[str, Instrument]:
    """Return every instrument of this package by its id; raises DeclarationError if one cannot be used."""
    return {name: _shipped(name) for name in ids()}


@cache
def _shipped(name: str) -> Instrument:
    file = f"{name}.yaml"
    instrument = load((_FOLDER / file).read_text("utf-8"), file)
    if instrument.id != name:
        raise DeclarationError([f"{file}, line 1: id: the file must be named {instrument.id}.yaml"])
    return instrument


def definition_hash(instrument: Instrument) -> str:
    """Return the SHA-256 of an instrument's canonical form, in hex: another wording, another hash.

    Canonical: JSON of what is declared (what equals its default is left out), keys sorted, no space, UTF-8.
    """
    declared = instrument.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    canonical = json.dumps(declared, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()
