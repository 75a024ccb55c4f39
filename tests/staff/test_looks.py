"""Colours that can be read: WCAG 2.2 AA (contrast of 4.5 for text) in both palettes."""

import re
from pathlib import Path

import pytest

from hometrial import staff

CSS = (Path(staff.__file__).parent / "static" / "staff.css").read_text(encoding="utf-8")
PAIRS = [
    ("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("link", "paper"),
    ("link", "card"), ("on-accent", "accent"), ("good", "good-back"), ("warn", "warn-back"),
    ("bad", "bad-back"), ("bad", "card"), ("warn", "paper"), ("gap-ink", "gap"),
    *((f"l{level}-ink", f"l{level}") for level in range(1, 5)),
]  # fmt: skip


def _palettes() -> dict[str, dict[str, str]]:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)", 1)
    found = {}
    for name, part in (("light", light), ("dark", dark.split("\n}", 1)[0])):
        found[name] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part))
    return found


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "back"), PAIRS)
def test_text_stands_out_from_what_is_behind_it(scheme: str, text: str, back: str) -> None:
    palette = _palettes()[scheme]
    lighter, darker = sorted((_luminance(palette[text]), _luminance(palette[back])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
