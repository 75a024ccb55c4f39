"""Characters that neither XML 1.0 nor FHIR holds: what somebody's keyboard let slip into their words."""

import re

STAND_IN = "\ufffd"
"""The replacement character, which stands for one that cannot be held."""
_UNHELD = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def held(text: str) -> tuple[str, str]:
    """Return a text as it can be held, and what was replaced in it by the stand-in: empty, or as `U+000B, U+FFFE`."""
    found = [f"U+{ord(each):04X}" for each in _UNHELD.findall(text)]
    return _UNHELD.sub(STAND_IN, text), ", ".join(found)
