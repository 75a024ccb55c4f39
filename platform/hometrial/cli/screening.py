"""`hometrial screening`: who is looked at for the trial, what they answer, how it is decided, and the log."""

import json
from dataclasses import asdict
from typing import Any

import click
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import Participant, ProtocolVersion, Screening
from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import Number, YesNo
from hometrial.rules import Answer
from hometrial.services import enrolling, migrating
from hometrial.services.trial import answering, counting, publishing, screening
from hometrial.services.trial.answering import TYPED, Judged, Told

_TEST = click.option("--test", "is_test", is_flag=True, help="Of a rehearsal, beside the trial.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


@click.group("screening")
def screening_commands() -> None:
    """Screen people: answers judged as they come, decided once, locked from then on."""


@screening_commands.command("open")
@click.argument("protocol", metavar="PROTOCOL")
@click.option("--participant", "code", metavar="P-0001", help="Screen a known person anew.")
@click.option("--zone", metavar="ZONE", help="IANA zone that a new person lives in.")
@click.option(
    "--site", "at", metavar="SITE", help="Who looks after a new person, if there are several."
)
@_TEST
@click.pass_obj
def open_(
    database: Database,
    protocol: str,
    code: str | None,
    zone: str | None,
    at: str | None,
    is_test: bool,  # noqa: FBT001
) -> None:
    """Open a screening under the version in force, of a new person or a known one; print the pseudonym.

    \b
    Example:
      hometrial screening open ldn-mecfs --zone Europe/Berlin
    """
    migrating.require_newest(database)
    if code is None and zone is None:
        raise TrialError("--zone: say where the new person lives, or their days cannot be told")
    who = database.settings.who()
    with database.transaction(who, "open a screening") as session:
        version = in_force(session, protocol, is_test=is_test)
        person = None if code is None else enrolling.find_participant(session, code)
        site = None if at is None else enrolling.find_site(session, at)
        opened = screening.open_screening(session, version, by=who, person=person, site=site)
        found = session.get_one(Participant, opened.participant_id)
        if zone is not None:
            enrolling.set_zone(session, found, zone, source="screening")
    click.echo(found.code)


@screening_commands.command("answer")
@click.argument("code", metavar="PARTICIPANT")
@click.argument("answers", metavar="NAME=VALUE...", nargs=-1, required=True)
@click.option("--source", type=click.Choice(TYPED), default="staff", show_default=True)
@click.option("--because", help="Why an earlier answer is corrected.")
@click.pass_obj
def answer(
    database: Database, code: str, answers: tuple[str, ...], source: str, because: str | None
) -> None:
    """Keep answers, all or none: numbers, yes or no, one of the options, or unknown.

    \b
    Example:
      hometrial screening answer P-0001 age=41 pregnant=no me_severity=moderate
    """
    migrating.require_newest(database)
    who = database.settings.who()
    told = Told(who, source, because)
    with database.transaction(who, because or "answers of a screening") as session:
        opened = screening.of_person(session, enrolling.find_participant(session, code))
        given = _answers(answering.protocol_of(session, opened), answers)
        kept = answering.answer(session, opened, given, told)
        judged = answering.judge(session, opened)
    click.echo(f"{code}: {len(kept)} new, {len(given) - len(kept)} known already")
    _tell(judged)


@screening_commands.command("show")
@click.argument("code", metavar="PARTICIPANT")
@_JSON
@click.pass_obj
def show(database: Database, code: str, as_json: bool) -> None:  # noqa: FBT001
    """Show a person's last screening: its answers, what they say, and what is still unknown.

    \b
    Example:
      hometrial screening show P-0001
    """
    migrating.require_newest(database)
    with database.reading() as session:
        opened = screening.of_person(session, enrolling.find_participant(session, code))
        judged = answering.judge(session, opened)
        rows = answering.rows(session, opened)
    if as_json:
        click.echo(json.dumps(_plain(code, opened, judged), indent=2))
        return
    click.echo(f"screening {opened.number} of {code}: {opened.outcome or 'open'}")
    for row in rows:
        corrected = f", corrected: {row.because}" if row.because else ""
        said = "unknown" if row.value is None else json.dumps(row.value)
        click.echo(f"  {row.variable} = {said} ({row.source}, {row.recorded_by}{corrected})")
    _tell(judged)


@screening_commands.command("decide")
@click.argument("code", metavar="PARTICIPANT")
@click.option("--declined", metavar="REASON", help="The person does not want to take part.")
@click.pass_obj
def decide(database: Database, code: str, declined: str | None) -> None:
    """Decide by the protocol's rules and lock: eligible or not; refused while an answer is unknown.

    \b
    Example:
      hometrial screening decide P-0001
    """
    migrating.require_newest(database)
    who = database.settings.who()
    with database.transaction(who, declined or "decide a screening") as session:
        opened = screening.of_person(session, enrolling.find_participant(session, code))
        if declined is None:
            screening.decide(session, opened, by=who)
        else:
            screening.decline(session, opened, by=who, because=declined)
        judged = answering.judge(session, opened)
    click.echo(f"{code}: {opened.outcome}, locked; answers sha256 {opened.answers_sha256}")
    for each in judged.decision.failing:
        click.echo(f"  {each.id}: {each.text}")


@screening_commands.command("log")
@click.argument("protocol", metavar="PROTOCOL")
@click.option("--site", "at", metavar="SITE", help="Only the people of one site.")
@_TEST
@_JSON
@click.pass_obj
def log(
    database: Database,
    protocol: str,
    at: str | None,
    is_test: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
) -> None:
    """List every screening with its main reason, and count people for the flow diagram (CONSORT).

    \b
    Example:
      hometrial screening log ldn-ms --site S-02
    """
    migrating.require_newest(database)
    with database.reading() as session:
        site = None if at is None else enrolling.find_site(session, at)
        lines = counting.log(session, protocol, is_test=is_test, site=site)
        flow = asdict(counting.flow(session, protocol, is_test=is_test, site=site))
    if as_json:
        told = {"screenings": [asdict(line) for line in lines], "flow": flow}
        click.echo(json.dumps(told, indent=2, default=lambda moment: moment.isoformat()))
        return
    are_several = len({line.site for line in lines}) > 1
    for line in lines:
        reason = f"  {line.reason}" if line.reason else ""
        where = f"  {line.site}" if are_several else ""
        opened = f"{line.code} #{line.number}{where}  {line.opened_at:%Y-%m-%d}"
        click.echo(f"{opened}  {line.outcome:<14}{reason}".rstrip())
    for name, count in flow.items():
        shown = ", ".join(f"{each} {n}" for each, n in count.items()) if name in _BY else count
        click.echo(f"{name.replace('_', ' ')}: {shown or 0}")


_BY = ("failed", "allocated_by_arm")


def in_force(session: Session, protocol: str, *, is_test: bool) -> ProtocolVersion:
    """Return the version in force. Raises TrialError with the way to one."""
    found = publishing.in_force(session, protocol, is_test=is_test)
    if found is None:
        kind = "rehearsal" if is_test else "version"
        raise TrialError(
            f"no {kind} of {protocol} is in force; hometrial trial list shows those there are"
        )
    return found


def _answers(protocol: Protocol, given: tuple[str, ...]) -> dict[str, Answer | None]:
    found: dict[str, Answer | None] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if not equals or name in found:
            problem = "is there twice" if equals else "is not NAME=VALUE"
            raise TrialError(f"{each!r} {problem}; write age=41, pregnant=no or egfr=unknown")
        found[name] = _value(protocol, name, value)
    return found


def _value(protocol: Protocol, name: str, value: str) -> Answer | None:
    """Return a typed answer; what its variable cannot hold goes on as it is, to be refused in its words."""
    if value == "unknown":
        return None
    variable = {each.id: each for each in protocol.variables}.get(name)
    if isinstance(variable, YesNo):
        return _YES_NO.get(value.lower(), value)
    if isinstance(variable, Number):
        try:
            return int(value) if value.lstrip("+-").isdecimal() else float(value)
        except ValueError:
            return value
    return value


def _plain(code: str, opened: Screening, judged: Judged) -> dict[str, Any]:
    return {
        "participant": code,
        "number": opened.number,
        "outcome": opened.outcome,
        "standing": judged.decision.standing,
        "failing": [each.id for each in judged.decision.failing],
        "unknown": judged.needed,
        "answers": dict(judged.answers),
        "answers_sha256": opened.answers_sha256,
    }


def _tell(judged: Judged) -> None:
    click.echo(f"by the answers: {judged.decision.standing.replace('_', ' ')}")
    for each in judged.decision.failing:
        click.echo(f"  not met: {each.id} {each.text}")
    if judged.needed:
        click.echo(f"  unknown: {', '.join(judged.needed)}")
