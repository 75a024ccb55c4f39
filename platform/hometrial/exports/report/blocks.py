"""What a report consists of: sections of paragraphs, tables and figures, and the numbers that they print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hometrial.exports.estimates.proportions import proportion
from hometrial.exports.report import saying
from hometrial.exports.report.drawing import Drawing

Value = float | int | str | None
Light = Literal["met", "open", "missed", "unknown"]


@dataclass(frozen=True)
class Paragraph:
    """Words. `tone` note: small print; strong: what must not be overlooked."""

    text: str
    tone: Literal["", "note", "strong"] = ""
    is_single: bool = False
    """Whether it is about a single person: never told to the public."""


@dataclass(frozen=True)
class Table:
    """Rows under a head; the first column names the rows. A row that starts with "" continues the one above."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    lights: tuple[Light, ...] = ()
    is_single: bool = False


@dataclass(frozen=True)
class Figure:
    """A drawing with its caption."""

    caption: str
    drawing: Drawing
    is_single: bool = False


Block = Paragraph | Table | Figure


@dataclass(frozen=True)
class Number:
    """A number as it was printed, with everything behind it: of how many, by which formula, called how."""

    name: str
    text: str
    n: int
    values: Mapping[str, Value]
    formula: str
    call: str


@dataclass
class Section:
    """One section, filled from top to bottom. `id` is stable: report.json and links name it."""

    id: str
    title: str
    blocks: list[Block] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)

    def say(
        self, text: str, tone: Literal["", "note", "strong"] = "", *, single: bool = False
    ) -> None:
        """Add a paragraph; `single`: it is about one person."""
        self.blocks.append(Paragraph(text, tone, single))

    def table(
        self, caption: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "",
        lights: Sequence[Light] = (),
    ) -> None:  # fmt: skip
        """Add a table; of no rows a sentence that there are none."""
        if not rows:
            self.say(f"{caption}: none.")
            return
        made = tuple(tuple(row) for row in rows)
        self.blocks.append(Table(caption, tuple(head), made, note, tuple(lights)))

    def singles(self, caption: str, head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> None:
        """Add a table with a row a person."""
        if rows:
            self.blocks.append(Table(caption, tuple(head), tuple(rows), is_single=True))

    def figure(self, caption: str, drawing: Drawing, *, single: bool = False) -> None:
        """Add a figure; `single`: single people can be told in it."""
        self.blocks.append(Figure(caption, drawing, single))

    def share(self, name: str, k: int, n: int) -> str:
        """Record k of n and return it as it is printed, with its exact interval."""
        said = saying.of(k, n)
        found = proportion(k, n) if n else None
        values: dict[str, Value] = {
            "k": k,
            "low": found.low if found else None,
            "high": found.high if found else None,
        }
        self.record(name, said, n, values, CLOPPER_PEARSON)
        return said

    def record(
        self, name: str, text: str, n: int, values: Mapping[str, Value], by: tuple[str, str]
    ) -> None:
        """Record a number that is printed as `text`; `by` names its formula and the call."""
        self.numbers.append(Number(name, text, n, dict(values), *by))


CLOPPER_PEARSON = (
    "Clopper-Pearson exact 95 % interval",
    "scipy.stats.binomtest(k, n).proportion_ci(0.95, method='exact')",
)
MEDIAN = ("median with quartiles (linear)", "numpy.percentile(values, [25, 50, 75])")
COUNT = ("count", "sum")
