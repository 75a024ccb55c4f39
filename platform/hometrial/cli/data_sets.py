"""What the commands that write data sets ask alike."""

from collections.abc import Callable, Iterable
from typing import Any

import click


def formats(default: str) -> Callable[[Any], Any]:
    """Return the option of file formats: with commas, or given again."""
    return click.option(
        "--format",
        "formats",
        default=[default],
        multiple=True,
        show_default=True,
        help="File formats: xpt5, xpt8, dataset-json, ndjson, parquet, csv, stata, spss.",
    )


FORMATS = formats("xpt5,dataset-json,parquet,csv")
PROFILE = click.option(
    "--profile", default="study", help="What stays behind: study, words, blinded, public."
)
SAMPLES = click.option(
    "--samples",
    default=["all"],
    multiple=True,
    help="Streams whose samples go along: all, heart_rate,steps, or ''.",
)


def listed(given: Iterable[str]) -> tuple[str, ...]:
    """Return the names of an option that takes them with commas, and more than once."""
    return tuple(name.strip() for words in given for name in words.split(",") if name.strip())
