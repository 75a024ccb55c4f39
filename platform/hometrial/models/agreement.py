"""Consent documents as they were read, talked over and signed, and choices of withdrawal. Append-only."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

WITHDRAWAL_CHOICES = (
    "stop_drug",
    "stop_drug_safety_only",
    "stop_wearable",
    "stop_diaries",
    "stop_contact",
    "withdraw_completely",
    "delete_raw_data",
)
SIGNING_ROLES = ("self", "scribe", "proxy")
TALK_WAYS = ("video", "phone", "in_person")
_CHOICES, _ROLES, _WAYS = (
    ", ".join(f"'{each}'" for each in words)
    for words in (WITHDRAWAL_CHOICES, SIGNING_ROLES, TALK_WAYS)
)


class ConsentText(Base):
    """The words of one version of a consent document in one language, with its quiz, byte by byte."""

    __tablename__ = "consent_text"
    __table_args__ = (
        CheckConstraint(
            "length(sha256) = 64 AND length(quiz_sha256) = 64", name="hashes_are_whole"
        ),
        UniqueConstraint("protocol", "is_test", "document", "version", "language"),
        UniqueConstraint(
            "id", "protocol", "document", "version", name="uq_consent_text_as_it_is_signed"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    protocol: Mapped[str]
    is_test: Mapped[bool]
    document: Mapped[str]
    version: Mapped[str]
    language: Mapped[str]
    body: Mapped[str]
    sha256: Mapped[str]
    quiz: Mapped[str]
    quiz_sha256: Mapped[str]
    kept_at: Mapped[datetime]
    kept_by: Mapped[str]


class SectionRead(Base):
    """A person read a section to its end."""

    __tablename__ = "section_read"
    __table_args__ = (Index("ix_section_read_progress", "participant_id", "text_id", "section"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    text_id: Mapped[UUID] = mapped_column(ForeignKey("consent_text.id"))
    section: Mapped[str]
    read_at: Mapped[datetime]


class QuizTry(Base):
    """One try at a document's questions of comprehension: what was answered, and which were wrong."""

    __tablename__ = "quiz_try"
    __table_args__ = (
        CheckConstraint("is_passed = (wrong = '[]'::jsonb)", name="passed_is_nothing_wrong"),
        CheckConstraint("number >= 1", name="number_counts_from_one"),
        UniqueConstraint("participant_id", "text_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    text_id: Mapped[UUID] = mapped_column(ForeignKey("consent_text.id"))
    number: Mapped[int]
    answers: Mapped[dict[str, str]] = mapped_column(JSONB)
    wrong: Mapped[list[str]] = mapped_column(JSONB)
    is_passed: Mapped[bool]
    answered_at: Mapped[datetime]


class QuizCall(Base):
    """Somebody of the staff talked a document over after the tries were used up; it opens one more try."""

    __tablename__ = "quiz_call"
    __table_args__ = (UniqueConstraint("participant_id", "text_id", "after_try"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    text_id: Mapped[UUID] = mapped_column(ForeignKey("consent_text.id"))
    after_try: Mapped[int]
    called_at: Mapped[datetime]
    called_by: Mapped[str]
    note: Mapped[str]


class ConsentTalk(Base):
    """The trial was talked over with a person before they sign; the fact, never a recording.

    `identity_check` says how it was made sure who they are, never a number of a document.
    """

    __tablename__ = "consent_talk"
    __table_args__ = (
        CheckConstraint(f"way IN ({_WAYS})", name="way_is_known"),
        CheckConstraint("held_at <= recorded_at", name="held_before_it_is_recorded"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    held_at: Mapped[datetime]
    way: Mapped[str]
    led_by: Mapped[str]
    identity_check: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]


class ConsentSignature(Base):
    """A participant's signature under a document, or an investigator's beside it.

    `statement` is everything that was signed, printed names included, encrypted and bound to this row; the
    columns repeat of it what is no name. `sha256` is of the document's text and the statement, `seal` its HMAC.
    """

    __tablename__ = "consent_signature"
    __table_args__ = (
        CheckConstraint("part IN ('participant', 'investigator')", name="part_is_known"),
        CheckConstraint(
            "(part = 'investigator') = (countersigns IS NOT NULL)",
            name="countersignature_names_what",
        ),
        CheckConstraint(f"role IN ({_ROLES})", name="role_is_known"),
        CheckConstraint("kind IN ('electronic', 'handwritten')", name="kind_is_known"),
        CheckConstraint("length(sha256) = 64 AND length(seal) = 64", name="hashes_are_whole"),
        ForeignKeyConstraint(
            ["text_id", "protocol", "document", "version"],
            [
                "consent_text.id",
                "consent_text.protocol",
                "consent_text.document",
                "consent_text.version",
            ],
        ),
        UniqueConstraint("countersigns"),
        Index(
            "uq_consent_signature_in_force",
            "participant_id",
            "protocol",
            "document",
            "version",
            unique=True,
            postgresql_where=text("part = 'participant'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    text_id: Mapped[UUID]
    protocol: Mapped[str]
    document: Mapped[str]
    version: Mapped[str]
    protocol_version_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    part: Mapped[str]
    countersigns: Mapped[UUID | None] = mapped_column(ForeignKey("consent_signature.id"))
    signer: Mapped[str]
    """The pseudonym of a participant, the account of an investigator."""
    role: Mapped[str]
    kind: Mapped[str]
    signed_at: Mapped[datetime]
    zone: Mapped[str]
    meaning: Mapped[str]
    reauthentication: Mapped[str]
    identity_check: Mapped[str]
    discussed_with: Mapped[str]
    granted: Mapped[list[str]] = mapped_column(JSONB)
    statement: Mapped[bytes]
    sha256: Mapped[str]
    seal: Mapped[str]


class SignatureRefusal(Base):
    """Somebody tried to sign and could not: when, as whom, and what stood against it; never the typed name."""

    __tablename__ = "signature_refusal"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    document: Mapped[str]
    version: Mapped[str]
    refused_at: Mapped[datetime]
    because: Mapped[str]


class ConsentCopy(Base):
    """A copy of a signed document was given to somebody for the first time; `sha256` is of the file."""

    __tablename__ = "consent_copy"
    __table_args__ = (
        CheckConstraint("length(sha256) = 64", name="hash_is_whole"),
        UniqueConstraint("signature_id", "sha256", "given_to"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    signature_id: Mapped[UUID] = mapped_column(ForeignKey("consent_signature.id"))
    sha256: Mapped[str]
    given_to: Mapped[str]
    """The pseudonym of the participant, or the account of whoever made it."""
    given_at: Mapped[datetime]


class WithdrawalChoice(Base):
    """A choice to stop a part of the trial, or a later decision that takes it back; with what it stopped."""

    __tablename__ = "withdrawal_choice"
    __table_args__ = (
        CheckConstraint(f"choice IN ({_CHOICES})", name="choice_is_known"),
        CheckConstraint(f"role IN ({_ROLES}, 'staff')", name="role_is_known"),
        CheckConstraint(
            "takes_back IS NULL OR choice <> 'withdraw_completely'", name="end_is_final"
        ),
        UniqueConstraint("takes_back"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    choice: Mapped[str]
    takes_back: Mapped[UUID | None] = mapped_column(ForeignKey("withdrawal_choice.id"))
    decided_at: Mapped[datetime]
    reason: Mapped[str | None]
    by: Mapped[str]
    role: Mapped[str]
    """Of whoever said it: the person, somebody for them, or staff who were told."""
    receipt: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
