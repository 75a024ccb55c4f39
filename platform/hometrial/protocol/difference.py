"""What changed between two versions of a protocol, in words, and what that asks of the people in it."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from hometrial.protocol.consent import ConsentDocument
from hometrial.protocol.model import Protocol

Impact = Literal["none", "inform", "reconsent"]
Affects = Literal["nobody", "new", "on_drug", "all"]
Kind = Literal["added", "removed", "changed"]

_WORDS = {"label", "text", "title"}


@dataclass(frozen=True)
class Effect:
    """What a change asks of people: whether they do something else, are told, or consent anew, and who."""

    participants_do: bool
    impact: Impact
    affects: Affects


NOTHING = Effect(participants_do=False, impact="none", affects="nobody")
_NEW_PEOPLE = Effect(participants_do=False, impact="none", affects="new")
_TOLD = Effect(participants_do=False, impact="inform", affects="all")
_ASKED_ANEW = Effect(participants_do=True, impact="reconsent", affects="all")
_DRUG = Effect(participants_do=True, impact="reconsent", affects="on_drug")

EFFECTS: dict[str, Effect] = {
    "eligibility": _NEW_PEOPLE,
    "allocation": _NEW_PEOPLE,
    "arms": _ASKED_ANEW,
    "epochs": _ASKED_ANEW,
    "formulations": _DRUG,
    "titrations": _DRUG,
    "interruption": _DRUG,
    "forms": _ASKED_ANEW,
    "visits": _ASKED_ANEW,
    "unscheduled_visits": _ASKED_ANEW,
    "diaries": _ASKED_ANEW,
    "consent": _ASKED_ANEW,
    "bad_days": Effect(participants_do=True, impact="inform", affects="all"),
    "reminders": Effect(participants_do=True, impact="inform", affects="all"),
    "history": Effect(participants_do=True, impact="inform", affects="all"),
    "alerts": _TOLD,
    "registration": _TOLD,
    "regulatory_basis": _TOLD,
}
"""What a change in a section asks by default; the sections that are not here ask nothing of anybody.

It errs on the side of asking: a person may say on approval that a change asks less.
"""


@dataclass(frozen=True)
class Change:
    """One change: the field's path, with ids where there are any, and what it was and is (None: absent)."""

    path: str
    kind: Kind
    old: Any
    new: Any
    effect: Effect

    def __str__(self) -> str:
        """The change as one sentence."""
        what = {
            "added": f"{self.path} is new: {_said(self.new)}",
            "removed": f"{self.path} is gone: {_said(self.old)}",
            "changed": f"{self.path} was {_said(self.old)}, now {_said(self.new)}",
        }[self.kind]
        return f"{what}; {_asks(self.effect)}"


def version_hash(protocol: Protocol) -> str:
    """Return the SHA-256 (hex) of what a protocol declares.

    Order of fields, comments and defaults that are written out make no difference; order of lists does.
    """
    return hashlib.sha256(_canonical(_declared(protocol)).encode()).hexdigest()


def _declared(protocol: Protocol) -> dict[str, Any]:
    return protocol.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def differences(old: Protocol, new: Protocol) -> tuple[Change, ...]:
    """Return every change between two versions, in the order of the file; equal ones have none.

    A consent document says itself what its new version asks, and of whom.
    """
    before, after = (_everything(each) for each in (old, new))
    documents = {f"consent.documents[{_key(each)}]": each for each in new.consent.documents}
    return tuple(
        Change(path, kind, was, now, _effect(path, kind, documents))
        for path, kind, was, now in _compared("", before, after)
        if path not in ("version", "schema")
    )


def _everything(protocol: Protocol) -> dict[str, Any]:
    return protocol.model_dump(mode="json", by_alias=True)


Compared = Iterator[tuple[str, Kind, Any, Any]]


def _compared(path: str, old: Any, new: Any) -> Compared:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _fields(path, old, new)
    elif _is_named(old) and _is_named(new):
        yield from _items(path, old, new)
    elif old != new:
        yield path, _kind(old, new), old, new


def _kind(old: Any, new: Any) -> Kind:
    return "added" if old in (None, []) else "removed" if new in (None, []) else "changed"


def _fields(path: str, old: dict[str, Any], new: dict[str, Any]) -> Compared:
    for field in dict.fromkeys([*old, *new]):
        inner = f"{path}.{field}".lstrip(".")
        yield from _compared(inner, old.get(field), new.get(field))


def _items(path: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> Compared:
    """Match the items of a list by what names them; what only moved is told once, as the order."""
    before, after = ({_key(each): each for each in items} for items in (old, new))
    for key in dict.fromkeys([*before, *after]):
        yield from _compared(f"{path}[{key}]", before.get(key), after.get(key))
    kept = [[key for key in keys if key in before and key in after] for keys in (before, after)]
    if kept[0] != kept[1]:
        yield f"{path} (order)", "changed", kept[0], kept[1]


def _is_named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_has_key, value))


def _has_key(value: Any) -> bool:
    return isinstance(value, dict) and bool(_key(value))


def _key(value: Any) -> str:
    """Return what names an item of a list: its id, its step; of consent documents also the language."""
    item = vars(value) if isinstance(value, ConsentDocument) else value
    if "language" in item:
        return f"{item['id']} {item['version']} {item['language']}"
    return str(item.get("id") or item.get("step") or item.get("region") or "")


def _effect(path: str, kind: Kind, documents: dict[str, ConsentDocument]) -> Effect:
    if kind == "removed" and path.startswith("consent.documents["):
        return NOTHING  # what was signed stays signed; a new version says itself what it asks
    for place, document in documents.items():
        if path.startswith(place):
            tells = document.impact != "none"
            return Effect(
                participants_do=False,
                impact=document.impact,
                affects=document.affects if tells else "new",
            )
    section = path.partition(".")[0].partition("[")[0].partition(" ")[0]
    if path.rpartition(".")[2] in _WORDS or path.endswith("(order)"):
        return NOTHING
    return EFFECTS.get(section, NOTHING)


def _said(value: Any) -> str:
    return value if isinstance(value, str) else _canonical(value)


def _asks(effect: Effect) -> str:
    who = {
        "nobody": "nobody",
        "new": "people who come from now on",
        "on_drug": "people on the drug",
        "all": "everybody",
    }[effect.affects]
    if effect.impact == "reconsent":
        return f"{who} must consent anew"
    if effect.impact == "inform":
        return f"{who} must be told"
    return "it asks nothing of anybody" if effect.affects == "nobody" else f"it concerns {who}"


def successor_faults(old: Protocol, new: Protocol) -> tuple[str, ...]:
    """Return why a protocol cannot follow another as its next version, one sentence each."""
    faults = []
    if new.id != old.id:
        faults.append(f"id: {new.id} is another protocol than {old.id}; keep its id")
    if not differences(old, new):
        faults.append(f"version: nothing changed since {old.version}; there is nothing to publish")
    elif _number(new) <= _number(old):
        faults.append(f"version: {new.version} does not follow {old.version}; raise it")
    return tuple(faults)


def _number(protocol: Protocol) -> tuple[int, ...]:
    return tuple(int(part) for part in protocol.version.split("."))
