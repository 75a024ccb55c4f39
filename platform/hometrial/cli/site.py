"""`hometrial site`: the study's sites, and how their people reach them."""

import json

import click

from hometrial.db import Database
from hometrial.errors import TrialError
from hometrial.models import Site
from hometrial.services import migrating, reaching

_TOLD = ("name", "phone", "email", "hours")
_COUNTRY = click.option(
    "--country", help="Three letters of ISO 3166-1, as DEU; data sets name it (DM.COUNTRY)."
)


@click.group()
def site() -> None:
    """Add sites, see them, and say how their people reach them."""


@site.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_(database: Database, as_json: bool) -> None:  # noqa: FBT001
    """List the sites with telephone, e-mail and hours.

    \b
    Example:
      hometrial site list
    """
    migrating.require_newest(database)
    with database.reading() as session:
        rows = [
            {"site": each.code, "country": each.country}
            | {field: getattr(each, field) for field in _TOLD}
            for each in reaching.sites(session)
        ]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for row in rows:
        told = [row[field] or f"no {field}" for field in _TOLD[1:]]
        where = f" ({row['country']})" if row["country"] else ""
        click.echo(f"{row['site']:<8} {row['name']}{where}: {', '.join(told)}")
    if not rows:
        click.echo("no site yet; the first participant makes S-01")


@site.command("add")
@click.argument("code", metavar="SITE")
@click.option("--name", required=True, help="As its people know it.")
@_COUNTRY
@click.option("--phone", help="As it is dialled, with the country's number.")
@click.option("--email", help="That somebody reads.")
@click.option("--hours", help="When somebody answers, in words.")
@click.pass_obj
def add(database: Database, /, code: str, **told: str | None) -> None:
    """Add a centre at which people are enrolled; from the second on, each person's site is named.

    \b
    Example:
      hometrial site add S-02 --name "Centre B" --country DEU --phone "+49 30 450 50"
    """
    migrating.require_newest(database)
    with database.transaction(database.settings.who(), "a site") as session:
        made = reaching.add_site(session, code, **told)
        told_of = _told_of(made, "added")
    click.echo(told_of)


@site.command("set")
@click.argument("code", metavar="SITE")
@click.option("--name", help="As its people know it.")
@_COUNTRY
@click.option("--phone", help="As it is dialled, with the country's number; '' takes it away.")
@click.option("--email", help="That somebody reads; '' takes it away.")
@click.option("--hours", help="When somebody answers, in words; '' takes them away.")
@click.pass_obj
def set_(database: Database, /, code: str, **told: str | None) -> None:
    """Say how people reach a site; what is not given stays as it is.

    \b
    Example:
      hometrial site set S-01 --name "Charité" --phone "+49 30 450 50" --hours "Monday to Friday, 9 to 15"
    """
    migrating.require_newest(database)
    if all(said is None for said in told.values()):
        raise TrialError("nothing to set; give --name, --country, --phone, --email or --hours")
    with database.transaction(database.settings.who(), "how a site is reached") as session:
        made = reaching.set_site(session, code, **told)
        told_of = _told_of(made, "kept")
    click.echo(told_of)


def _told_of(made: Site, how: str) -> str:
    lacking = [field for field in _TOLD if getattr(made, field) is None]
    lines = [f"{made.code}: {how}"]
    if lacking:
        lines.append(f"still without {', '.join(lacking)}: people on their page do not see it")
    if made.country is None:
        lines.append("still without country: data sets cannot say where its people are")
    return "\n".join(lines)
