"""Text packs: the wording of an instrument that its licence does not allow to ship, brought by the site."""

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from hometrial.declarations import read
from hometrial.errors import TrialError
from hometrial.questionnaires.declared import Declaration, Id, Language, Line, Version
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.slots import slots

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Tables = Mapping[str, Mapping[int, float]]


class TextPackError(TrialError):
    """A text pack that does not belong to the instrument, is incomplete, or was changed after its upload."""


class TextPack(Declaration):
    """The wording of one instrument's version in one language, and by which right the site has it.

    `texts` by the keys of slots(); `tables` for lookups that come with the owner's manual.
    `sha256` is the digest() of its content.
    """

    schema_name: Literal["textpack/1"] = Field(alias="schema")
    instrument: Id
    version: Version
    language: Language
    uploaded_by: Line
    licence_reference: Line
    sha256: Digest
    texts: Annotated[dict[Line, Line], Field(min_length=1)]
    tables: dict[Id, Annotated[dict[int, float], Field(min_length=1)]] = Field(default={})


def digest(pack: TextPack) -> str:
    """Return the SHA-256, in hex, of what a pack says: canonical JSON of instrument, version, language, texts, tables."""
    content = pack.model_dump(
        mode="json", include={"instrument", "version", "language", "texts", "tables"}
    )
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_pack(text: str, name: str, instrument: Instrument) -> TextPack:
    """Return the text pack that a YAML text declares for this instrument.

    Raises DeclarationError for its form, TextPackError if it belongs to another instrument or version, if
    words are missing or have no place, or if its content is not what `sha256` states.
    """
    pack = read(text, name, TextPack)
    check_pack(pack, instrument)
    return pack


def check_pack(pack: TextPack, instrument: Instrument) -> None:
    """Raise TextPackError with everything that keeps a pack from being this instrument's wording."""
    faults = [*_belonging(pack, instrument), *_wording(pack, instrument)]
    if digest(pack) != pack.sha256:
        faults.append(f"its content has the SHA-256 {digest(pack)}, and it states {pack.sha256}")
    if faults:
        where = f"text pack {pack.instrument}.{pack.language}"
        raise TextPackError("\n".join(f"{where}: {fault}" for fault in faults))


def _belonging(pack: TextPack, instrument: Instrument) -> list[str]:
    if (pack.instrument, pack.version) == (instrument.id, instrument.version):
        return []
    return [
        f"it is for {pack.instrument} {pack.version}, not for {instrument.id} {instrument.version}"
    ]


def _wording(pack: TextPack, instrument: Instrument) -> list[str]:
    places = {slot.key: slot.needed for slot in slots(instrument)}
    absent = [key for key, needed in places.items() if needed and key not in pack.texts]
    strange = [key for key in pack.texts if key not in places]
    return [
        *(f"words are missing for {key}" for key in absent),
        *(f"{instrument.id} has no place for {key}" for key in strange),
    ]
