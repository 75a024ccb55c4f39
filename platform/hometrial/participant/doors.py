"""What the doors for machines share: the study's database, the work that they set off, bodies of bounded size."""

from datetime import date
from typing import Protocol, cast
from uuid import UUID

from flask import current_app, request
from sqlalchemy.orm import Session

from hometrial.db import Database


class Tasks(Protocol):
    """Work that is to be done in the background once the session has committed."""

    def read(
        self, session: Session, account_id: UUID, stream: str, first_day: date, last_day: date
    ) -> None:
        """Have a stream read over some local days; the same asked twice is done once."""

    def absorb(self, session: Session, account_id: UUID) -> None:
        """Have what waits of an account taken through the gate."""

    def send(self, session: Session) -> None:
        """Have messages that somebody waits for sent at once."""


def database() -> Database:
    """Return the study's database."""
    return cast(Database, current_app.extensions["hometrial"].database)


def tasks() -> Tasks:
    """Return the way to the background."""
    return cast(Tasks, current_app.extensions["hometrial_tasks"])


def body(largest: int) -> bytes:
    """Return the request's bytes as they came. Raises RequestEntityTooLarge (413)."""
    request.max_content_length = largest
    return request.get_data(cache=False, parse_form_data=False)
