"""Instruments as they were asked, kept by their hash, and the words that a site brings for them."""

import hashlib
import json

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.declarations import read
from hometrial.errors import TrialError
from hometrial.models import InstrumentVersion, TextPackUpload
from hometrial.questionnaires import loading, packs
from hometrial.questionnaires.instrument import Instrument
from hometrial.questionnaires.packs import TextPack
from hometrial.questionnaires.rendering import Form, WordingAbsentError, render


class UnknownDefinitionError(TrialError):
    """An instrument's definition that was never asked here."""


def keep(session: Session, instrument: Instrument) -> str:
    """Keep an instrument as it is declared now, once, and return its hash."""
    sha256 = loading.definition_hash(instrument)
    declared = instrument.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    row = {
        "sha256": sha256,
        "instrument": instrument.id,
        "version": instrument.version,
        "body": json.dumps(declared, sort_keys=True, separators=(",", ":"), ensure_ascii=False),
        "kept_at": clock.now(),
    }
    session.execute(insert(InstrumentVersion).on_conflict_do_nothing(), [row])
    return sha256


def kept(session: Session, sha256: str) -> Instrument:
    """Return the instrument of a hash, as it was asked then. Raises UnknownDefinitionError."""
    row = session.get(InstrumentVersion, sha256)
    if row is None:
        raise UnknownDefinitionError(
            f"no questionnaire with the definition {sha256[:12]}… was ever asked here; load the form again"
        )
    shipped = loading.named(row.instrument) if row.instrument in loading.ids() else None
    if shipped is not None and loading.definition_hash(shipped) == sha256:
        return shipped
    return Instrument.model_validate_json(row.body)


def upload_pack(session: Session, body: str, name: str, *, by: str) -> TextPack:
    """Keep a text pack for its instrument, in force from now on. Raises DeclarationError, TextPackError."""
    declared = read(body, name, TextPack)
    pack = packs.read_pack(body, name, loading.named(declared.instrument))
    session.add(
        TextPackUpload(
            instrument=pack.instrument,
            version=pack.version,
            language=pack.language,
            sha256=pack.sha256,
            body=body,
            uploaded_at=clock.now(),
            uploaded_by=by,
        )
    )
    session.flush()
    return pack


def pack_of(session: Session, instrument: Instrument, language: str) -> TextPack | None:
    """Return the newest text pack of this version of an instrument in a language, None if there is none."""
    row = session.scalars(
        select(TextPackUpload)
        .where(
            TextPackUpload.instrument == instrument.id,
            TextPackUpload.version == instrument.version,
            TextPackUpload.language == language,
        )
        .order_by(TextPackUpload.uploaded_at.desc(), TextPackUpload.id)
        .limit(1)
    ).one_or_none()
    return None if row is None else packs.read_pack(row.body, f"{row.instrument}.yaml", instrument)


def form_of(session: Session, instrument: Instrument, language: str) -> Form:
    """Return an instrument in a language. Raises WordingAbsentError where nobody brought its words."""
    return render(instrument, language, pack_of(session, instrument, language))


def has_words(session: Session, instrument: Instrument, language: str) -> bool:
    """Say whether an instrument can be shown in a language."""
    try:
        form_of(session, instrument, language)
    except WordingAbsentError:
        return False
    return True


def wording_hash(form: Form) -> str:
    """Return the SHA-256, in hex, of every word that is shown: another translation, another hash."""
    shown = [
        [form.language, form.title, form.recall, form.notice],
        *(
            [each.item.id, each.text, each.stem, each.help, each.low_text, each.high_text]
            for each in form.questions
        ),
        *([choice.value, choice.text] for each in form.questions for choice in each.choices),
    ]
    return hashlib.sha256(json.dumps(shown, ensure_ascii=False).encode()).hexdigest()
