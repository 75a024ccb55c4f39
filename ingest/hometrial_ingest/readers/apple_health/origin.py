"""Who wrote a record, without the name that its owner gave to the phone or watch."""

import re
from functools import lru_cache
from hashlib import sha256

PROVIDER = "apple-health"
MANUAL_SUFFIX = "/manual"
"""Marks what a person typed in (HKWasUserEntered 1), so that it is never mixed with what was measured."""

_APPLE = "Apple"
_KINDS = (("Watch", "watch"), ("iPhone", "iphone"), ("iPad", "ipad"))
_NAMED = re.compile(r"\b(Watch|iPhone|iPad)\b")
# <<HKDevice: 0x282a45810>, name:Apple Watch, manufacturer:Apple, model:Watch, hardware:Watch2,4,
#  software:4.3.1>   - all on one line; a comma may stand inside a value, a space after it may not.
_PART = re.compile(r", (\w[\w ]*):(.*?)(?=, \w[\w ]*:|>?$)")


@lru_cache(maxsize=4096)
def source_of(source_name: str, device: str | None, *, manual: bool) -> str:
    """Return `apple-health/watch`, `/iphone`, `/ipad` or `/app-` and 8 hex digits of the name's SHA-256.

    A source name such as "Simon’s iPhone" names a person and is not kept; the digits still tell one
    app from another.
    """
    parts = _parts(device)
    foreign = not parts.get("manufacturer", _APPLE).startswith(_APPLE)
    kind = None if foreign else _kind_of_device(parts) or _kind_by_name(source_name)
    if kind is None:
        kind = "app-" + sha256(source_name.encode()).hexdigest()[:8]
    return f"{PROVIDER}/{kind}" + (MANUAL_SUFFIX if manual else "")


@lru_cache(maxsize=4096)
def model_of(device: str | None) -> str | None:
    """Return hardware (else model) and software version, `Watch2,4 4.3.1`; None if neither is named."""
    parts = _parts(device)
    model = parts.get("hardware") or parts.get("model")
    if model is None:
        return None
    software = parts.get("software")
    return f"{model} {software}" if software else model


def _kind_of_device(parts: dict[str, str]) -> str | None:
    for part in ("hardware", "model", "name"):
        for prefix, kind in _KINDS:
            if parts.get(part, "").startswith(prefix) or parts.get(part) == f"Apple {prefix}":
                return kind
    return None


def _kind_by_name(source_name: str) -> str | None:
    found = _NAMED.search(source_name)
    return dict(_KINDS)[found.group()] if found else None


def _parts(device: str | None) -> dict[str, str]:
    return dict(_PART.findall(device)) if device else {}
