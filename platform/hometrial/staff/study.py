"""The study behind the site: its database, and who acts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app
from sqlalchemy.orm import Session

from hometrial.db import Database


@dataclass(frozen=True)
class Study:
    """One study's database and the actor of every decision made on this site."""

    database: Database
    actor: str


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
