"""What monitors and investigators say of the record: deviations, marks, sampling, reports, reviews, endorsements.

All are append-only: a correction, a change of mind or a later word is a newer row.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

DEVIATION_CATEGORIES = (
    "consent",
    "eligibility",
    "visit_window",
    "procedure_missed",
    "dosing",
    "prohibited_medicine",
    "drug_handling",
    "safety_reporting",
    "privacy",
    "other",
)
DEVIATION_IMPACTS = ("none", "minor", "important")
"""`important`: it may bear on rights, safety or the trial's conclusions."""
VERIFIABLE = (
    "consent",
    "eligibility",
    "dose",
    "adverse_event",
    "questionnaire",
    "visit",
    "wearable_day",
)
"""What can be held against its source: each is a kind of value."""


def _among(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


class Deviation(Base):
    """What was known of a departure from the protocol from `recorded_at` on; the newest version holds.

    `number` counts within the person. `reported_on`: when the ethics committee was told, if it had to be.
    """

    __tablename__ = "deviation"
    __table_args__ = (
        UniqueConstraint("participant_id", "number", "version"),
        CheckConstraint("number >= 1 AND version >= 1", name="counts_from_one"),
        CheckConstraint(_among("category", DEVIATION_CATEGORIES), name="category_is_known"),
        CheckConstraint(_among("impact", DEVIATION_IMPACTS), name="impact_is_known"),
        CheckConstraint(
            "btrim(description) <> '' AND btrim(because) <> '' AND btrim(recorded_by) <> ''",
            name="says_what_why_and_by_whom",
        ),
        CheckConstraint("happened_on <= found_on", name="happened_before_it_was_found"),
        CheckConstraint("reported_on >= happened_on", name="reported_after_it_happened"),
        CheckConstraint(
            "NOT is_closed OR btrim(corrective_action) <> ''", name="closed_with_an_action"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    number: Mapped[int]
    version: Mapped[int]
    category: Mapped[str]
    impact: Mapped[str]
    happened_on: Mapped[date]
    found_on: Mapped[date]
    description: Mapped[str]
    corrective_action: Mapped[str]
    reported_on: Mapped[date | None]
    is_closed: Mapped[bool]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    because: Mapped[str]


class VerificationMark(Base):
    """A monitor held a value against its source: the value stands here as the digest of what was seen.

    `key` names the value within its kind and outlives its corrections; `fields`: the parts of it that were held
    against the source. A mark whose digest differs from that of the value now has dropped.
    """

    __tablename__ = "verification_mark"
    __table_args__ = (
        CheckConstraint(_among("kind", VERIFIABLE), name="kind_is_known"),
        CheckConstraint("length(digest) = 64", name="digest_is_whole"),
        CheckConstraint("cardinality(fields) > 0", name="covers_something"),
        Index("ix_verification_mark_value", "participant_id", "kind", "key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    kind: Mapped[str]
    key: Mapped[str]
    fields: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    digest: Mapped[str]
    note: Mapped[str]
    marked_at: Mapped[datetime]
    marked_by: Mapped[str]


class VerificationDrop(Base):
    """A mark was found to have dropped, because its value had become another one, or was gone (no digest)."""

    __tablename__ = "verification_drop"
    __table_args__ = (
        UniqueConstraint("mark_id"),
        CheckConstraint("length(digest_now) = 64", name="digest_is_whole"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    mark_id: Mapped[UUID] = mapped_column(ForeignKey("verification_mark.id"))
    digest_now: Mapped[str | None]
    found_at: Mapped[datetime]
    found_by: Mapped[str]


class SamplingPlan(Base):
    """Which share of each kind of value is held against its source, and the seed that draws it; the newest holds.

    `shares`: percent by kind. `seed`: made when the plan was, by the machine, so that nobody chooses the sample.
    """

    __tablename__ = "sampling_plan"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        CheckConstraint("seed ~ '^[0-9a-f]{32}$'", name="seed_is_whole"),
        CheckConstraint("btrim(because) <> ''", name="says_why"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    number: Mapped[int]
    shares: Mapped[dict[str, int]] = mapped_column(JSONB)
    seed: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    because: Mapped[str]


class VisitReport(Base):
    """A version of a monitor's report on a visit to a site; the signed one is its last, and has the file.

    `facts`: what the record said when the version was written. `pdf` are the bytes that were signed.
    """

    __tablename__ = "visit_report"
    __table_args__ = (
        UniqueConstraint("site_id", "number", "version"),
        Index(
            "uq_visit_report_signed",
            "site_id",
            "number",
            unique=True,
            postgresql_where=text("signed_at IS NOT NULL"),
        ),
        CheckConstraint("number >= 1 AND version >= 1", name="counts_from_one"),
        CheckConstraint("since <= visited_on", name="since_before_the_visit"),
        CheckConstraint(
            "num_nonnulls(signed_at, signed_name, meaning, pdf, sha256) IN (0, 5)",
            name="signed_as_a_whole",
        ),
        CheckConstraint("length(sha256) = 64", name="hash_is_whole"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    site_id: Mapped[UUID] = mapped_column(ForeignKey("site.id"))
    number: Mapped[int]
    version: Mapped[int]
    since: Mapped[date]
    visited_on: Mapped[date]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    summary: Mapped[str]
    follow_ups: Mapped[str]
    written_at: Mapped[datetime]
    written_by: Mapped[str]
    signed_at: Mapped[datetime | None]
    signed_name: Mapped[str | None]
    meaning: Mapped[str | None]
    pdf: Mapped[bytes | None]
    sha256: Mapped[str | None]


class TrailReview(Base):
    """Somebody looked at what the filters of risk found in a stretch of the audit trail, and signed what they make of it.

    `head_seq`, `head_mac`: the head of the trail's chain at that moment.
    """

    __tablename__ = "trail_review"
    __table_args__ = (
        CheckConstraint("since < until", name="since_is_before_until"),
        CheckConstraint("btrim(note) <> ''", name="says_what_was_made_of_it"),
        CheckConstraint("length(sha256) = 64", name="hash_is_whole"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    since: Mapped[datetime]
    until: Mapped[datetime]
    sites: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    findings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    head_seq: Mapped[int] = mapped_column(BigInteger)
    head_mac: Mapped[str]
    note: Mapped[str]
    signed_at: Mapped[datetime]
    signed_by: Mapped[str]
    signed_name: Mapped[str]
    meaning: Mapped[str]
    pdf: Mapped[bytes]
    sha256: Mapped[str]


class Endorsement(Base):
    """An investigator's signature over what is recorded of a person or of one visit of theirs.

    `covers`: a digest of each kind of value that was there; one that differs now breaks the signature. `subject`:
    `casebook`, or the visit as `W4#1`. `sha256` is of everything that was signed.
    """

    __tablename__ = "endorsement"
    __table_args__ = (
        Index("ix_endorsement_subject", "participant_id", "subject"),
        CheckConstraint("length(sha256) = 64", name="hash_is_whole"),
        CheckConstraint(
            "btrim(meaning) <> '' AND btrim(signed_name) <> ''", name="says_what_and_who"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    subject: Mapped[str]
    meaning: Mapped[str]
    covers: Mapped[dict[str, Any]] = mapped_column(JSONB)
    signed_at: Mapped[datetime]
    signed_by: Mapped[str]
    signed_name: Mapped[str]
    sha256: Mapped[str]
