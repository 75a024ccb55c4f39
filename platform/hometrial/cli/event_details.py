"""The options by which an adverse event is told at the command line, and what they say."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from hometrial.errors import TrialError
from hometrial.protocol.safety import causality, details
from hometrial.services.safety.reporting import Said

Command = TypeVar("Command", bound=Callable[..., Any])
_YES_NO = click.Choice(["yes", "no"])
_ANSWERS = {"yes": True, "no": False}
_DATE = "2026[-03[-02]]"

_OPTIONS = (
    click.option("--words", "verbatim", help="What happened, in the person's own words."),
    click.option("--term", help="One of our terms, if one fits."),
    click.option("--severity", type=click.Choice(details.SEVERITIES), help="The person's word."),
    click.option("--since", "start", metavar=_DATE, help="The start, as far as it is known."),
    click.option("--at", "start_time", metavar="HH:MM", help="The person's clock at the start."),
    click.option("--until", "stop", metavar=_DATE, help="The end, as far as it is known."),
    click.option("--ongoing", type=_YES_NO),
    click.option("--did", "done", help="What the person did about it."),
    click.option("--grade", type=click.IntRange(1, 5), help="By CTCAE, relative to what is usual."),
    click.option(
        "--serious",
        type=click.Choice([*details.CRITERIA, "no"]),
        multiple=True,
        help="Each criterion that is met; `no`: judged, and not serious.",
    ),
    click.option("--related", type=_YES_NO, help="A reasonable possibility that the drug did it."),
    click.option("--who-umc", type=click.Choice(causality.WHO_UMC)),
    click.option("--naranjo", metavar="QUESTION=yes|no|unknown", multiple=True),
    click.option("--expected", type=_YES_NO, help="Judged by a person; else the list says it."),
    click.option("--action", type=click.Choice(details.ACTIONS), help="What was done with the drug."),
    click.option("--treatment", help="What it was treated with."),
    click.option("--outcome", type=click.Choice(details.OUTCOMES)),
    click.option("--dechallenge", type=click.Choice(details.CHALLENGES)),
    click.option("--rechallenge", type=click.Choice(details.CHALLENGES)),
    click.option("--pem", "pem_related", type=_YES_NO, help="Post-exertional malaise."),
    click.option("--hys-law", type=_YES_NO, help="Liver injury by Hy's law."),
    click.option("--pregnancy", type=_YES_NO),
    click.option("--learned", metavar="INSTANT", help="When anybody of the study learned of it."),
    click.option(
        "--source",
        type=click.Choice(["contact", "visit", "checklist", "laboratory", "other"]),
        default="contact",
        show_default=True,
    ),
)  # fmt: skip


def options(command: Command) -> Command:
    """Give a command the options of an event."""
    for option in reversed(_OPTIONS):  # the last one applied is shown first
        command = option(command)
    return command


def said_of(known: Mapping[str, Any], by: str) -> Said:
    """Return who says what a command was given."""
    learned = known["learned"]
    return Said(
        by, known["source"], "staff", None if learned is None else instant("--learned", learned)
    )


def changes_of(known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that a command was given, by their names. Raises TrialError of what is none."""
    given = {
        name: value
        for name, value in known.items()
        if name in details.NAMES and value not in (None, ())
    }
    for name in ("ongoing", "related", "expected", "pem_related", "hys_law", "pregnancy"):
        if name in given:
            given[name] = _ANSWERS[given[name]]
    if "serious" in given:
        given["serious"] = _criteria(given["serious"])
    if "naranjo" in given:
        given["naranjo"] = dict(map(_answered, given["naranjo"]))
    return given


def instant(option: str, text: str) -> datetime:
    """Return an aware instant in UTC. Raises TrialError that shows how one is written."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise TrialError(f"{option} {text!r} is no instant; write 2026-03-07T18:00:00Z") from error
    if moment.tzinfo is None:
        raise TrialError(
            f"{option} {text!r} has no zone; end it with Z or an offset such as +01:00"
        )
    return moment.astimezone(UTC)


def _criteria(given: tuple[str, ...]) -> tuple[str, ...]:
    if "no" not in given:
        return given
    if len(given) > 1:
        raise TrialError("--serious no beside a criterion; give one or the other")
    return ()


def _answered(text: str) -> tuple[str, str]:
    question, equals, answer = text.partition("=")
    if not equals:
        raise TrialError(f"--naranjo {text!r} is not QUESTION=yes, e.g. after_drug=yes")
    return question, answer
