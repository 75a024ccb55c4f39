"""What was signed, bound to its signature: any byte that changes afterwards is found, and named."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import ConsentSignature, ConsentText, ProtocolVersion
from hometrial.services import identifying
from hometrial.services.agreeing import scanning
from hometrial.services.agreeing.texts import digest
from hometrial.settings import Settings

_PURPOSE = b"hometrial/consent-signature/1"
_COLUMNS = (
    "participant_id", "text_id", "protocol", "document", "version", "protocol_version_id", "part", "countersigns",
    "signer", "role", "kind", "signed_at", "zone", "meaning", "reauthentication", "identity_check",
    "discussed_with", "granted",
)  # fmt: skip
"""The columns that repeat what the statement says."""


@dataclass(frozen=True)
class Keys:
    """The key that names are encrypted with, and the study's own that seals signatures."""

    identity: bytes
    signing: bytes

    @staticmethod
    def of(settings: Settings) -> "Keys":
        """Return a study's keys."""
        return Keys(settings.key("identity"), settings.key("signing"))


def seal(
    session: Session, keys: Keys, signature: ConsentSignature, said: dict[str, str | None]
) -> None:
    """Write the statement, checksum and seal of a signature; `said` is what no column holds: names."""
    text = session.get_one(ConsentText, signature.text_id)
    version = session.get_one(ProtocolVersion, signature.protocol_version_id)
    whole = {"id": str(signature.id), **_columns(signature), **said, **_signed_with(text, version)}
    statement = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    signature.statement = identifying.seal(keys.identity, signature.id, "statement", statement)
    signature.sha256 = _checksum(text.body, statement)
    signature.seal = _mac(keys, signature.sha256)


def said_in(keys: Keys, signature: ConsentSignature) -> dict[str, Any]:
    """Return everything that was signed, names in clear. Raises TrialError if it cannot be opened."""
    opened = identifying.unseal(keys.identity, signature.id, "statement", signature.statement)
    said: dict[str, Any] = json.loads(opened)
    return said


def verify(session: Session, keys: Keys, signature: ConsentSignature) -> tuple[str, ...]:
    """Return what differs from what was signed, one sentence each; nothing if the signature stands."""
    try:
        statement = identifying.unseal(
            keys.identity, signature.id, "statement", signature.statement
        )
    except TrialError as error:
        return (f"statement: it cannot be opened: {error}",)
    said = json.loads(statement)
    text = session.get_one(ConsentText, signature.text_id)
    version = session.get_one(ProtocolVersion, signature.protocol_version_id)
    now = {"id": str(signature.id), **_columns(signature), **_signed_with(text, version)}
    found = [
        f"{field}: {value!r} now, {said.get(field)!r} was signed"
        for field, value in now.items()
        if said.get(field) != value
    ]
    if signature.countersigns is not None:
        first = session.get_one(ConsentSignature, signature.countersigns)
        if first.sha256 != said["countersigned_sha256"]:
            found.append(
                "countersigns: the participant's signature is another than was countersigned"
            )
    if signature.sha256 != _checksum(text.body, statement):
        found.append("sha256: it is not the checksum of the text and of what was signed")
    if "scan_payload" in said:
        try:
            scanning.read(session, keys.identity, signature.participant_id, said)
        except TrialError as error:
            found.append(str(error))
    if not hmac.compare_digest(signature.seal, _mac(keys, signature.sha256)):
        found.append("seal: it was not made with this study's key for this checksum")
    return tuple(found)


def _columns(signature: ConsentSignature) -> dict[str, Any]:
    return {each: _plain(getattr(signature, each)) for each in _COLUMNS}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: an instant as it is written in UTC, an id as text."""
    if value is None or isinstance(value, str | list):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _signed_with(text: ConsentText, version: ProtocolVersion) -> dict[str, str]:
    return {
        "language": text.language,
        "text_sha256": digest(text.body),
        "quiz_sha256": digest(text.quiz),
        "protocol_version": version.version,
        "protocol_sha256": version.sha256,
    }


def _checksum(body: str, statement: str) -> str:
    return digest(f"{body}\0{statement}")


def _mac(keys: Keys, sha256: str) -> str:
    return hmac.new(keys.signing, _PURPOSE + b"\0" + sha256.encode(), hashlib.sha256).hexdigest()
