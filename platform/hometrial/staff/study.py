"""The study behind the site: its database, and who acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial.services.sunsets import Clouds


@dataclass(frozen=True)
class Study:
    """One study's database and the actor of every decision made on this site."""

    database: Database
    actor: str

    @property
    def clouds(self) -> Clouds:
        """The providers that the study reads."""
        from hometrial.services.syncing import (
            clouds,
        )  # the vendors' libraries, for the pages that ask

        return clouds.clouds(self.database.settings)


def study() -> Study:
    """Return the study that this site shows."""
    found = current_app.extensions["hometrial"]
    assert isinstance(found, Study)  # noqa: S101  # create_app put it there
    return found


@contextmanager
def reading() -> Iterator[Session]:
    """Open a read-only session for one page."""
    with study().database.reading() as session:
        yield session
