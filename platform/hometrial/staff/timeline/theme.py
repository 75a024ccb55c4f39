"""The colours of a timeline: one hue a row, told apart by place and words and never by colour alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from hometrial.staff import charts


@dataclass(frozen=True)
class Theme:
    """Colours by what they are of; `grades` from 1 to 5 grow darker (in the dark: lighter), so that all eyes can order them."""

    ink: str
    soft: str
    grid: str
    paper: str
    ordered: str
    ordered_edge: str
    taken: str
    untold: str
    missed: str
    usual: str
    rows: Mapping[str, str]
    outside: Mapping[str, str]
    grades: tuple[str, str, str, str, str]
    ungraded: str
    shades: Mapping[str, str]
    levels: Mapping[str, str]
    causes: Mapping[str, str]


_ROWS = ("steps", "rhr", "sleep_minutes", "hrv_rmssd", "score")
_SHADES = ("bad day", "suspected crash", "pause")
_LEVELS = ("red", "amber", "blue")


def _named(names: tuple[str, ...], *colours: str) -> Mapping[str, str]:
    return dict(zip(names, colours, strict=True))


THEMES = {
    "light": Theme(
        ink="#1f2933", soft="#55616d", grid="#e3e8ec", paper="#ffffff",
        ordered="#d3e3ec", ordered_edge="#5c8aa5", taken="#2f6f8f", untold="#7d8a96", missed="#c4551a",
        usual="#e9edf0",
        rows=_named(_ROWS, "#7fa89d", "#b98592", "#9795c4", "#b3a274", "#6b7783"),
        outside=_named(_ROWS, "#2c6b5d", "#8f3349", "#4b489b", "#6e5a1d", "#33404d"),
        grades=("#f0cf7e", "#e2a247", "#c9682c", "#973a2a", "#4f1c26"), ungraded="#9aa5b1",
        shades=_named(_SHADES, "#e0a63a", "#c77d1e", "#7d8a96"),
        levels=_named(_LEVELS, "#a3221a", "#b36b00", "#2b62a8"),
        causes=charts.THEMES["light"].causes,
    ),
    "dark": Theme(
        ink="#dfe6ec", soft="#a3b0bc", grid="#2b353e", paper="#1b2228",
        ordered="#24414f", ordered_edge="#6fa6c2", taken="#6fb6d6", untold="#8593a0", missed="#f08a4b",
        usual="#27313a",
        rows=_named(_ROWS, "#5d8f82", "#a8717f", "#7f7dbb", "#998a5c", "#8c98a4"),
        outside=_named(_ROWS, "#9fdccb", "#f2a9b8", "#bdbbf5", "#e6d391", "#dfe6ec"),
        grades=("#7a5f1f", "#b57f2e", "#dd8f55", "#f0a58f", "#fbd9d6"), ungraded="#73838f",
        shades=_named(_SHADES, "#c99339", "#e0a350", "#8593a0"),
        levels=_named(_LEVELS, "#ff8f85", "#f0c071", "#86b8f0"),
        causes=charts.THEMES["dark"].causes,
    ),
}  # fmt: skip
