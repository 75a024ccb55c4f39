"""The shipped protocols for tests: loaded once, and edited in one place to see what is refused."""

from functools import cache

import pytest

from hometrial.declarations import DeclarationError
from hometrial.protocol import loading
from hometrial.protocol.checks.fault import Known
from hometrial.protocol.model import Protocol
from hometrial.questionnaires import loading as instruments
from hometrial.services.metrics.rules import RULES

KNOWN = Known(
    {
        name: {*(score.id for score in each.scores), *(item.id for item in each.items)}
        for name, each in instruments.shipped().items()
    },
    set(RULES),
)


@cache
def shipped(name: str) -> Protocol:
    """Return a protocol that comes with the product."""
    return loading.load(loading.shipped_text(name), f"{name}.yaml", KNOWN)


def edited(name: str, *edits: tuple[str, str]) -> Protocol:
    """Load a shipped protocol with pieces of its text replaced; each must be there exactly once."""
    text = loading.shipped_text(name)
    for old, new in edits:
        assert text.count(old) == 1, f"{old!r} is there {text.count(old)} times"
        text = text.replace(old, new)
    return loading.load(text, f"{name}.yaml", KNOWN)


def refused(name: str, *edits: tuple[str, str]) -> tuple[str, ...]:
    """Return the faults of an edited protocol."""
    with pytest.raises(DeclarationError) as caught:
        edited(name, *edits)
    return caught.value.faults
