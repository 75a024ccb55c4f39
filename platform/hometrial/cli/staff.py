"""`hometrial staff`: the staff site of one study."""

import secrets
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
    """Serve the staff site and print the link that logs in.

    \b
    Example:
      hometrial staff --port 8400
    """
    migrating.require_newest(database)
    serve(database, host, port)


def serve(database: Database, host: str, port: int, *, open_browser: bool = False) -> None:
    """Serve until interrupted (Ctrl-C or SIGTERM); the printed link holds a token of this run."""
    from hometrial import staff as site  # Flask is loaded by the one command that serves
    from hometrial.staff.login import Link

    token = secrets.token_urlsafe(24)
    app = site.create_app(database, link=Link(token, _own_account(database)))
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = waitress.create_server(app, host=host, port=port)
    link = f"http://{host}:{server.effective_port}/login?token={token}"
    click.echo(f"staff site: {link}")
    click.echo("Ctrl-C stops it.")
    if open_browser:
        webbrowser.open(link)
    try:
        server.run()
    finally:
        server.close()


def _own_account(database: Database) -> str:
    """Return the account of whoever holds this machine, which holds every role; made once."""
    from hometrial.services.staffing import accounts

    with database.transaction(database.settings.who(), "the account of this machine") as session:
        return accounts.of_this_machine(session).name
