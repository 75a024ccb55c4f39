"""Two imports that are wrong on purpose, so that the torture shows that it would find them.

The cursor of an import is its batch: a file whose batch is on record is not read again.
"""

import os
from collections.abc import Callable

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.db import STUDY_ROLE, Database
from hometrial.models import Batch
from hometrial.services import importing
from hometrial.services.ingesting import FileIngest
from hometrial.services.reporting import FileReport
from hometrial_ingest.reader import SourceFile

Variant = Callable[[Database], None]


def sound(_database: Database) -> None:
    """Change nothing."""


def cursor_before_rows(database: Database) -> None:
    """Commit each file's batch before its samples: a kill in between loses them."""
    opened = FileIngest._open_batch

    def open_batch(ingest: FileIngest, file: SourceFile, kind: str) -> Batch:
        batch = opened(ingest, file, kind)
        _commit(database, ingest.session)
        return batch

    FileIngest._open_batch = open_batch  # type: ignore[method-assign]


def rows_before_cursor(database: Database) -> None:
    """Commit each file's samples before its batch counts as done: a kill in between takes it in twice."""
    run, finish = FileIngest.run, importing._finish

    def run_then_sign(ingest: FileIngest, file: SourceFile, kind: str) -> FileReport:
        revision, ingest.reader.revision = ingest.reader.revision, -os.getpid()
        report = run(ingest, file, kind)
        ingest.reader.revision = revision
        _commit(database, ingest.session)
        ingest.batch.reader_revision = revision
        return report

    def sign_then_finish(each: importing._Run) -> None:
        each.session.flush()
        finish(each)

    FileIngest.run = run_then_sign  # type: ignore[method-assign]
    importing._finish = sign_then_finish


def _commit(database: Database, session: Session) -> None:
    """Commit in the middle of a transaction, and go on in the next as the same actor."""
    session.flush()
    session.execute(text("COMMIT"))
    database._introduce(session, "torture", "broken on purpose", (STUDY_ROLE, None))


BROKEN: dict[str, Variant] = {
    "cursor before rows": cursor_before_rows,
    "rows before cursor": rows_before_cursor,
}
