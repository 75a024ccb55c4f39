"""The study behind the site, who sits there, and sessions that see no more than that person may."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from flask import current_app, g
from sqlalchemy.orm import Session

from hometrial.db import STAFF_ROLE, Database
from hometrial.services.staffing.acting import Actor
from hometrial.services.sunsets import Clouds


@dataclass(frozen=True)
class Study:
    """One study's database, and what is set up around it."""

    database: Database

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


def me() -> Actor:
    """Return who sits there: every page that declares an action has somebody."""
    return cast(Actor, g.actor)


def sites() -> frozenset[UUID]:
    """Return the sites at which this page's action is allowed to who sits there; none on a page that was refused."""
    return cast(frozenset[UUID], g.get("sites", frozenset()))


@contextmanager
def reading() -> Iterator[Session]:
    """Open a read-only session for one page; it sees the people of `sites` and nobody else."""
    with study().database.reading(STAFF_ROLE, sites()) as session:
        yield session


@contextmanager
def writing(reason: str) -> Iterator[Session]:
    """Open one transaction of who sits there, which sees the people of `sites`; it commits here."""
    with study().database.transaction(me().actor, reason, STAFF_ROLE, sites()) as session:
        yield session
