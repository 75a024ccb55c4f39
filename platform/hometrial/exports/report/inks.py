"""The colours of a report: one set for light and paper, one for the dark."""

LIGHT = {
    "ink": "#1f2a33", "soft": "#56636f", "grid": "#d9dfe5", "panel": "#f5f7f9", "paper": "#ffffff",
    "one": "#9c2f1f", "two": "#2f6f8f", "three": "#8a6d1d", "four": "#6b4e9b", "five": "#3d7a4f",
    "low": "#bcd6e4", "mid": "#6fa7c4", "high": "#2a6a8c",
    "met": "#1c6b3a", "open": "#855800", "missed": "#a02818", "unknown": "#56636f",
}  # fmt: skip
DARK = {
    "ink": "#dfe6ec", "soft": "#9fadb9", "grid": "#333f4a", "panel": "#1c242b", "paper": "#12181d",
    "one": "#ff9a85", "two": "#7fbedc", "three": "#dbbb66", "four": "#bda4e8", "five": "#86cf9a",
    "low": "#2b4a5c", "mid": "#4a86a5", "high": "#8accec",
    "met": "#7fd39b", "open": "#e9b95c", "missed": "#ff9a85", "unknown": "#9fadb9",
}  # fmt: skip


def variables(inks: dict[str, str]) -> str:
    """Return a set as properties of a style sheet."""
    return "".join(f"--{name}:{colour};" for name, colour in inks.items())


def channels(name: str) -> tuple[int, int, int]:
    """Return a colour for paper as red, green and blue."""
    colour = LIGHT[name]
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
