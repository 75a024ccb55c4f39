"""The study behind the site: its database, its clouds, and what is to happen after a link or its end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from flask import current_app, g
from sqlalchemy.orm import Session

from hometrial.db import PARTICIPANT_ROLE, Database
from hometrial.services.syncing import vault
from hometrial.services.syncing.invitations import Visit
from hometrial_ingest.provider import Provider

Hook = Callable[[Session, UUID], None]
"""Gets the open transaction and an account's id: what it defers is deferred if and only if that commits."""
NAME = "hometrial"


def nothing(_session: Session, _account_id: UUID) -> None:
    """Do nothing after a link or its end."""


@dataclass(frozen=True)
class Site:
    """One study, as its participants' site needs it."""

    database: Database
    clouds: Mapping[str, Provider]
    on_linked: Hook = nothing
    on_unlinked: Hook = nothing

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The keys that seal tokens; read anew each time, so that a new key is used at once."""
        return vault.keys(self.database.settings)

    def back_address(self, provider: str) -> str:
        """Return where a provider sends the browser back to: never made from what a request says."""
        return f"{self.database.settings.public_url}/linked/{provider}"


def site() -> Site:
    """Return the site that answers this request."""
    found = current_app.extensions[NAME]
    assert isinstance(found, Site)  # noqa: S101  # create_app put it there
    return found


def visit() -> Visit:
    """Return who is there; only pages behind the guard may ask."""
    found = g.visit
    assert isinstance(found, Visit)  # noqa: S101  # the guard put it there
    return found


def visit_if_any() -> Visit | None:
    """Return who is there, None if nobody is."""
    found = g.get("visit")
    return found if isinstance(found, Visit) else None


@contextmanager
def transaction(reason: str) -> Iterator[Session]:
    """Open a transaction with this site's few rights, in the name of whoever is there."""
    found = g.get("visit")
    actor = f"participant:{found.code}" if isinstance(found, Visit) else "participant-site"
    with site().database.transaction(actor, reason, role=PARTICIPANT_ROLE) as session:
        yield session
