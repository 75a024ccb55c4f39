"""`hometrial staff`: the staff site of one study."""

import signal
import webbrowser

import click
import waitress

from hometrial.db import Database
from hometrial.services import migrating


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8400, show_default=True, help="0 takes a free one.")
@click.pass_obj
def staff(database: Database, host: str, port: int) -> None:
    """Serve the staff site; a rehearsal prints a link that logs in.

    \b
    Example:
      hometrial staff --port 8400
    """
    migrating.require_newest(database)
    serve(database, host, port)


def serve(database: Database, host: str, port: int, *, open_browser: bool = False) -> None:
    """Serve until interrupted (Ctrl-C or SIGTERM)."""
    from hometrial import staff as site  # Flask is loaded by the one command that serves

    app = site.create_app(database)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = waitress.create_server(app, host=host, port=port, **database.settings.behind_proxies)
    address = _address(database, f"http://{host}:{server.effective_port}")
    click.echo(f"staff site: {address}")
    click.echo("Ctrl-C stops it.")
    if open_browser:
        webbrowser.open(address)
    try:
        server.run()
    finally:
        server.close()


def _address(database: Database, here: str) -> str:
    """Return where to begin: in a rehearsal a link that logs in, in a study the page that asks who is there."""
    from hometrial.services.staffing import accounts, granting, links

    if database.settings.simulators is not None:
        who = database.settings.who()
        with database.transaction(who, "the account of this machine") as session:
            account = accounts.of_this_machine(session)
            return f"{here}/setup/{links.make(session, account, who, links.LONGEST)}"
    with database.reading() as session:
        nobody = not granting.admins(session)
        was_rehearsed = accounts.is_open(session, accounts.OWN)
    if was_rehearsed:
        click.echo(
            f"this study was a rehearsal: the account {accounts.OWN} holds every role by one person's word; "
            f"close it: hometrial user disable {accounts.OWN} --reason rehearsed"
        )
    if nobody:
        click.echo(
            "nobody can log in yet; make the first account, and the link with which it is set up:"
        )
        click.echo('  hometrial user add ada --full-name "Ada Lovelace" --role admin')
        click.echo("  hometrial user link ada")
    return f"{here}/"
