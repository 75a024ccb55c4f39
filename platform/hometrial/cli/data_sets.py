"""What the commands that write data sets ask alike."""

import click

FORMATS = click.option(
    "--format",
    "formats",
    default="xpt5,dataset-json,parquet,csv",
    show_default=True,
    help="File formats.",
)
PROFILE = click.option(
    "--profile", default="study", help="What stays behind: study, words, blinded, public."
)
SAMPLES = click.option(
    "--samples", default="all", help="Streams whose samples go along: all, heart_rate,steps, or ''."
)


def listed(given: object) -> tuple[str, ...]:
    """Return the names of a list with commas."""
    return tuple(name.strip() for name in str(given).split(",") if name.strip())
