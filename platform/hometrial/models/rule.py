"""RuleChange, RuleRehearsal, RuleMove, RuleVersion, VerdictLimits: a rule's limit changed in four steps, by two people."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class RuleChange(Base):
    """A limit of rules as somebody proposes it, and why; `value` is what it is to be. Append-only."""

    __tablename__ = "rule_change"
    __table_args__ = (CheckConstraint("btrim(reason) <> ''", name="reason_is_told"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    parameter: Mapped[str]
    value: Mapped[float]
    reason: Mapped[str]
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]


class RuleRehearsal(Base):
    """One run of a change over all that is stored: a rehearsal, which moves nothing, or the publication.

    `base`: the number of the rule version that it was compared with. `failing`: samples that stand and would be
    set aside; `passing`: rows that are set aside, undecided, and would stand. `digest`: SHA-256 of the moves.
    """

    __tablename__ = "rule_rehearsal"
    __table_args__ = (
        CheckConstraint("kind IN ('rehearsal', 'publication')", name="kind_is_known"),
        CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state_is_known"),
        CheckConstraint(
            "(state IN ('done', 'failed')) = (ended_at IS NOT NULL)", name="ends_when_it_is_over"
        ),
        CheckConstraint("(state = 'done') = (digest IS NOT NULL)", name="done_has_a_digest"),
        CheckConstraint("(state = 'failed') = (failure IS NOT NULL)", name="failed_says_why"),
        CheckConstraint("people_done <= people", name="people_are_counted"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    change_id: Mapped[UUID] = mapped_column(ForeignKey("rule_change.id"), index=True)
    kind: Mapped[str]
    state: Mapped[str]
    base: Mapped[int]
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    reason: Mapped[str]
    ended_at: Mapped[datetime | None]
    people: Mapped[int] = mapped_column(default=0)
    people_done: Mapped[int] = mapped_column(default=0)
    judged: Mapped[int] = mapped_column(BigInteger, default=0)
    failing: Mapped[int] = mapped_column(BigInteger, default=0)
    passing: Mapped[int] = mapped_column(BigInteger, default=0)
    flagged: Mapped[int] = mapped_column(BigInteger, default=0)
    unflagged: Mapped[int] = mapped_column(BigInteger, default=0)
    digest: Mapped[str | None]
    failure: Mapped[str | None]


class RuleMove(Base):
    """One row that a change moves. `direction`: it is set aside, or let in again; or only flagged, or not any more.

    `sample` is the row as it stands; `row_id` names it where it is in quarantine. Append-only.
    """

    __tablename__ = "rule_move"
    __table_args__ = (
        CheckConstraint(
            "direction IN ('failing', 'passing', 'flagged', 'unflagged')",
            name="direction_is_known",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    rehearsal_id: Mapped[UUID] = mapped_column(ForeignKey("rule_rehearsal.id"), index=True)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    signal: Mapped[str]
    day: Mapped[date]
    direction: Mapped[str]
    rule: Mapped[str]
    reason: Mapped[str]
    sample: Mapped[dict[str, Any]] = mapped_column(JSONB)
    row_id: Mapped[UUID | None] = mapped_column(ForeignKey("quarantined_row.id"))


class RuleVersion(Base):
    """The limits that hold from a moment on: all that differ from those that the rules come with. Append-only.

    Before number 1 all are as they come.
    """

    __tablename__ = "rule_version"
    __table_args__ = (
        UniqueConstraint("change_id"),
        CheckConstraint("number > 0", name="number_counts_from_one"),
        CheckConstraint("btrim(approved_by) <> ''", name="approved_by_somebody"),
    )

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    change_id: Mapped[UUID] = mapped_column(ForeignKey("rule_change.id"))
    publication_id: Mapped[UUID] = mapped_column(ForeignKey("rule_rehearsal.id"))
    limits: Mapped[dict[str, float]] = mapped_column(JSONB)
    approved_by: Mapped[str]
    published_at: Mapped[datetime]


class VerdictLimits(Base):
    """Which version of the limits a verdict was made with, where not as the rules come. Append-only."""

    __tablename__ = "verdict_limits"

    verdict_id: Mapped[UUID] = mapped_column(ForeignKey("verdict.id"), primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("rule_version.number"))
