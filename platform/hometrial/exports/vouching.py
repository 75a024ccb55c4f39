"""A folder that vouches for itself: every byte is summed, the sums are signed, and anybody can check it offline.

MANIFEST.json tells what the folder holds, MANIFEST.sha256 sums it and every file (`sha256sum -c` works). The root
hash is the SHA-256 of MANIFEST.sha256: it stands for the whole folder. MANIFEST.sig signs it with the installation's
key (Ed25519); SIGNATURES.json, which comes when people have signed, repeats the root that they signed for.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hometrial.errors import ExportRefusedError
from hometrial.exports.folder import MANIFEST, MANIFEST_SUMS, sha256

SIGNATURE, SIGNATURES = "MANIFEST.sig", "SIGNATURES.json"
_BESIDE = frozenset({MANIFEST_SUMS, SIGNATURE, SIGNATURES})
"""Files that no sum covers: the sums, and what is signed over them."""
SIGNERS = 2
_Problems = tuple[str, ...]
_UNSIGNED = frozenset({"draft", "twin"})
"""Kinds of folders that no key signs."""
_UNREADABLE = (ValueError, KeyError, TypeError, OSError, InvalidSignature, RecursionError)


class FolderChangedError(ExportRefusedError):
    """A folder of ours of which one file is so broken that the others cannot be checked."""

    exit_code = 1


@dataclass(frozen=True)
class Verified:
    """What `verify` found. `problems` is empty if every byte is as it was; `signed` names who signed for this root."""

    root: str
    files: int
    kind: str
    name: str
    key: str
    signed: tuple[str, ...]
    problems: _Problems

    @property
    def is_proposal(self) -> bool:
        """Say whether it is a lock that two people have not signed."""
        return self.kind == "lock" and len(self.signed) < SIGNERS


def root_of(folder: Path) -> str:
    """Return the one hash that stands for a folder: that of its sums."""
    return sha256(folder / MANIFEST_SUMS)


def sign(folder: Path, key: bytes) -> str:
    """Sign a folder's sums with the installation's 32-byte key; return its root hash."""
    root = root_of(folder)
    private = Ed25519PrivateKey.from_private_bytes(key)
    made = {
        "algorithm": "ed25519",
        "root": root,
        "public_key": _public(private.public_key()),
        "signature": private.sign(root.encode()).hex(),
    }
    _write(folder / SIGNATURE, made)
    return root


def add_signatures(folder: Path, signatures: list[dict[str, Any]], key: bytes) -> None:
    """Write who signed for a folder's root, sealed with the installation's key."""
    private = Ed25519PrivateKey.from_private_bytes(key)
    body = {"root": root_of(folder), "signatures": signatures}
    _write(
        folder / SIGNATURES,
        {**body, "seal": private.sign(_canonical(body)).hex()},
    )


def _public(key: Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _write(path: Path, body: dict[str, Any]) -> None:
    path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def verify(folder: Path) -> Verified:
    """Check a folder by itself: no database, no network. Each problem names the file.

    Raises ExportRefusedError if the folder has no manifest: then it is none of ours; FolderChangedError if it has one
    that cannot be read, or no sums.
    """
    manifest, sums = _manifest(folder), _sums(folder)
    listed = {file["path"]: file["sha256"] for file in manifest["files"]}
    root = root_of(folder)
    problems = [*_missing_or_foreign(folder, set(listed)), *_changed(folder, listed, sums)]
    key, told = _signature_problems(folder, root, str(manifest.get("kind", "")))
    signed, further = _people(folder, root, key)
    return Verified(
        root=root,
        files=len(listed),
        kind=str(manifest.get("kind", "")),
        name=str(manifest.get("name", "")),
        key=hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16] if key else "",
        signed=signed,
        problems=(*problems, *told, *further),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
        fits = all(_is_within(file["path"], file["sha256"]) for file in found["files"])
    except OSError as error:
        was_ours = (folder / MANIFEST_SUMS).is_file()
        refused = FolderChangedError if was_ours else ExportRefusedError
        raise refused(
            f"{folder} has no {MANIFEST} that can be read ({error.strerror}); give the folder of an export"
        ) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FolderChangedError(
            f"{path} was changed: it is no manifest any more; take the folder again"
        ) from error
    if not fits:
        raise FolderChangedError(
            f"{path} was changed: it names files that no export writes; take the folder again"
        )
    return found


def _is_within(path: object, digest: object) -> bool:
    """Say whether an entry names a file within the folder."""
    if not (isinstance(path, str) and isinstance(digest, str)) or "\0" in path:
        return False
    return bool(path) and not path.startswith("/") and ".." not in path.split("/")


def _sums(folder: Path) -> bytes:
    path = folder / MANIFEST_SUMS
    try:
        return path.read_bytes()
    except OSError as error:
        raise FolderChangedError(
            f"{folder} has no {MANIFEST_SUMS} that can be read ({error.strerror}); take the folder again"
        ) from error


def _missing_or_foreign(folder: Path, listed: set[str]) -> list[str]:
    there = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_symlink() or not path.is_dir()
    }
    known = listed | {MANIFEST} | _BESIDE
    no_files = {name for name in there & known if not _is_plain(folder / name)}
    return [
        *(f"{name} is missing" for name in sorted(listed - there)),
        *(f"{name} is not in the manifest" for name in sorted(there - known)),
        *(f"{name} was changed: it is a link or no file" for name in sorted(no_files)),
    ]


def _is_plain(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _changed(folder: Path, listed: dict[str, str], sums: bytes) -> list[str]:
    """Say which file was changed, and not merely which pair differs: the manifest and the sums speak for each other."""
    told, lines = set(sums.split(b"\n")), [_line(digest, name) for name, digest in listed.items()]
    problems, as_listed = [], True
    for name, digest in sorted(listed.items()):
        if not _is_plain(folder / name):
            continue
        try:
            now = sha256(folder / name)
        except OSError as error:
            problems.append(f"{name} cannot be read ({error.strerror})")
            continue
        as_listed = as_listed and now == digest
        if now != digest and _line(now, name) not in told:
            problems.append(f"{name} was changed")
    own = _line(sha256(folder / MANIFEST), MANIFEST)
    if sums == b"\n".join([*lines, own, b""]):
        return problems
    if own in told or (as_listed and not set(lines) <= told):
        return [*problems, f"{MANIFEST_SUMS} was changed: it is not what {MANIFEST} says"]
    if set(lines) <= told and sums.startswith(b"\n".join([*lines, b""])):
        return [*problems, f"{MANIFEST} was changed, or its line in {MANIFEST_SUMS}"]
    return [*problems, f"{MANIFEST} was changed"]


def _line(digest: str, name: str) -> bytes:
    return f"{digest}  {name}".encode()


def _signature_problems(folder: Path, root: str, kind: str) -> tuple[str, list[str]]:
    """Return the public key of MANIFEST.sig, and what is wrong with it. A draft has none, and neither has a twin."""
    path = folder / SIGNATURE
    if not path.exists():
        return "", [] if kind in _UNSIGNED else [f"{SIGNATURE} is missing"]
    try:
        said = json.loads(path.read_bytes())
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(said["public_key"]))
        public.verify(bytes.fromhex(said["signature"]), root.encode())
        if said["root"] != root or said["algorithm"] != "ed25519":
            return "", [f"{SIGNATURE} was changed: it is about another root"]
    except _UNREADABLE:
        return "", [f"{SIGNATURE} does not sign {MANIFEST_SUMS}: one of the two was changed"]
    return str(said["public_key"]), []


def _people(folder: Path, root: str, key: str) -> tuple[tuple[str, ...], list[str]]:
    """Return who signed, and what is wrong with it."""
    path = folder / SIGNATURES
    if not path.exists():
        return (), []
    try:
        said = json.loads(path.read_bytes())
        body = {"root": said["root"], "signatures": said["signatures"]}
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
        public.verify(bytes.fromhex(said["seal"]), _canonical(body))
        names = tuple(
            f"{each['name']} ({each['role']}), {each['signed_at']}" for each in body["signatures"]
        )
    except _UNREADABLE:
        return (), [f"{SIGNATURES} was changed, or is not of this installation"]
    if said["root"] != root:
        return (), [f"{SIGNATURES} is about another root than this folder's"]
    return names, []
