"""What stands of a submission after the gate: its batch, what is set aside, its score with or without that.

Apart from `judging`, which needs Great Expectations: the staff site decides about rows without it.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Batch, QuarantinedRow, Submission
from hometrial.questionnaires.scoring import Scored
from hometrial.services.asking import scores
from hometrial_validation.forms import FormKind

KIND = FormKind.QUESTIONNAIRE
"""The kind of the batches of submissions, and what their verdicts and quarantined rows are about."""


def batch_of(session: Session, submission: Submission) -> Batch | None:
    """Return the batch of a submission, None if it waits for the gate."""
    return session.scalars(
        select(Batch).where(Batch.payload_id == submission.payload_id, Batch.kind == KIND)
    ).one_or_none()


def settle(session: Session, submission: Submission) -> Scored | None:
    """Score a submission anew if other rows of it are set aside than were; None if nothing changes.

    To be called after a decision about its quarantined rows.
    """
    newest = scores.newest(session, submission)
    aside = set_aside(session, submission)
    if newest is None or list(newest.without) == aside:
        return None
    because = f"set aside: {', '.join(aside) or 'nothing any more'}"
    return scores.compute(session, submission, without=aside, because=because)


def set_aside(session: Session, submission: Submission) -> list[str]:
    """Return the items of a submission whose answers are in quarantine, or confirmed as errors."""
    batch = batch_of(session, submission)
    if batch is None:
        return []
    rows = session.scalars(
        select(QuarantinedRow.sample["item"].astext).where(
            QuarantinedRow.batch_id == batch.id, QuarantinedRow.status != "released"
        )
    )
    return sorted(rows)


def submission_of(session: Session, batch_id: UUID) -> Submission | None:
    """Return the submission that a batch judged, None if it judged something else."""
    query = select(Submission).join(Batch, Batch.payload_id == Submission.payload_id)
    return session.scalars(query.where(Batch.id == batch_id, Batch.kind == KIND)).one_or_none()
