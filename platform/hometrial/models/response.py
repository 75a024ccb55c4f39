"""Response, Sitting, Answer, Submission, FormScore: what people were asked, what they said, what it comes to."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base


class InstrumentVersion(Base):
    """A questionnaire as it was when somebody was first asked it: canonical JSON, by its own hash. Append-only."""

    __tablename__ = "instrument_version"

    sha256: Mapped[str] = mapped_column(primary_key=True)
    instrument: Mapped[str]
    version: Mapped[str]
    body: Mapped[str]
    kept_at: Mapped[datetime]


class TextPackUpload(Base):
    """The wording of an instrument that the site is entitled to, as it was uploaded; the newest holds. Append-only."""

    __tablename__ = "text_pack"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    instrument: Mapped[str]
    version: Mapped[str]
    language: Mapped[str]
    sha256: Mapped[str]
    body: Mapped[str]
    uploaded_at: Mapped[datetime]
    uploaded_by: Mapped[str]


class BadDay(Base):
    """A tap of a person who feels too ill for more (`begun`), or who is better again (`over`). Append-only."""

    __tablename__ = "bad_day"
    __table_args__ = (
        CheckConstraint("kind IN ('begun', 'over')", name="kind_is_known"),
        CheckConstraint("severity BETWEEN 1 AND 3", name="severity_is_known"),
        CheckConstraint("kind = 'begun' OR severity IS NULL", name="only_what_begins_is_severe"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    kind: Mapped[str]
    severity: Mapped[int | None]
    at: Mapped[datetime]
    by: Mapped[str]


class Response(Base):
    """One form that one person was asked on one occasion, from the moment it was first opened. Append-only.

    `occasion` names the occasion among the person's own: `W4#1`, `ldn_diary@2026-03-04`.
    """

    __tablename__ = "response"
    __table_args__ = (
        UniqueConstraint("participant_id", "form", "occasion"),
        CheckConstraint("kind IN ('visit', 'diary')", name="kind_is_known"),
        Index("ix_response_participant_id_kind_due", "participant_id", "kind", "due"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    protocol_version_id: Mapped[UUID] = mapped_column(ForeignKey("protocol_version.id"))
    form: Mapped[str]
    kind: Mapped[str]
    occasion: Mapped[str]
    due: Mapped[date]
    definition_sha256: Mapped[str] = mapped_column(ForeignKey("instrument_version.sha256"))
    opened_at: Mapped[datetime]


class Sitting(Base):
    """One go at a response: on which device, in which words, by whom. Append-only.

    `because`: why staff enter it, or why something is corrected after submission. `revision`: how often
    the response had been submitted when it began.
    """

    __tablename__ = "sitting"
    __table_args__ = (
        CheckConstraint("mode IN ('web', 'interview', 'import')", name="mode_is_known"),
        CheckConstraint(
            "respondent IN ('self', 'self_with_scribe', 'proxy')", name="respondent_is_known"
        ),
        CheckConstraint("mode = 'web' OR is_staff", name="only_staff_enter_for_others"),
        CheckConstraint(
            "NOT is_staff OR (because IS NOT NULL AND because <> '')", name="staff_say_why"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    response_id: Mapped[UUID] = mapped_column(ForeignKey("response.id"), index=True)
    revision: Mapped[int]
    language: Mapped[str]
    wording_sha256: Mapped[str]
    device: Mapped[dict[str, Any]] = mapped_column(JSONB)
    by: Mapped[str]
    is_staff: Mapped[bool]
    mode: Mapped[str]
    respondent: Mapped[str]
    because: Mapped[str | None]
    began_at: Mapped[datetime]


class AnswerUpload(Base):
    """Answers that a device kept while it had no network, as they came, and what became of each. Append-only.

    `skew_seconds`: by how much the device's clock was ahead of ours when it sent them. `said_sha256`: of all that
    it says but for the moment of sending.
    """

    __tablename__ = "answer_upload"
    __table_args__ = (UniqueConstraint("participant_id", "client_key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    client_key: Mapped[str]
    payload_id: Mapped[UUID] = mapped_column(ForeignKey("payload.id"))
    sent_at: Mapped[datetime]
    received_at: Mapped[datetime]
    skew_seconds: Mapped[float]
    refused: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    said_sha256: Mapped[str | None]


class Answer(Base):
    """One word on one item, with the screen's paradata; the last word in time holds, all are kept. Append-only.

    `place`: which word on this response it was, counted as they reached us. `revision`: how often the response had been submitted before. `alert`: the rule of the instrument that
    this word set off. `changes`: how often it was changed on its screen before it was given, if the device counted.
    """

    __tablename__ = "answer"
    __table_args__ = (
        UniqueConstraint("response_id", "place"),
        CheckConstraint("(value IS NULL) = (skipped IS NOT NULL)", name="blank_says_why"),
        CheckConstraint(
            "skipped IN ('prefer_not', 'not_sure', 'not_relevant', 'too_unwell', 'unstated')",
            name="skipped_is_known",
        ),
        CheckConstraint("seconds >= 0", name="seconds_are_no_debt"),
        CheckConstraint("revision >= 0", name="revision_is_counted"),
        CheckConstraint("changes >= 0", name="changes_are_counted"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    response_id: Mapped[UUID] = mapped_column(ForeignKey("response.id"))
    place: Mapped[int]
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("sitting.id"))
    upload_id: Mapped[UUID | None] = mapped_column(ForeignKey("answer_upload.id"))
    revision: Mapped[int]
    item: Mapped[str]
    value: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    skipped: Mapped[str | None]
    screen: Mapped[int]
    seconds: Mapped[float | None]
    changes: Mapped[int | None]
    answered_at: Mapped[datetime] = mapped_column(index=True)
    received_at: Mapped[datetime]
    alert: Mapped[str | None]


class Submission(Base):
    """A response as it was handed in: first, or again with a correction. Append-only.

    Its bytes are the payload; the gate's batch of that payload is its judgement.
    """

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("response_id", "revision"),
        CheckConstraint("kind IN ('submitted', 'too_ill', 'corrected')", name="kind_is_known"),
        CheckConstraint("revision >= 1", name="revision_is_counted"),
        CheckConstraint("asked IN ('full', 'short')", name="asked_is_known"),
        CheckConstraint("kind <> 'corrected' OR revision > 1", name="first_corrects_nothing"),
        CheckConstraint(
            "kind <> 'corrected' OR (because IS NOT NULL AND because <> '')",
            name="correction_says_why",
        ),
        CheckConstraint(
            "NOT late OR (because IS NOT NULL AND because <> '')", name="late_says_why"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    response_id: Mapped[UUID] = mapped_column(ForeignKey("response.id"))
    sitting_id: Mapped[UUID] = mapped_column(ForeignKey("sitting.id"))
    revision: Mapped[int]
    kind: Mapped[str]
    asked: Mapped[str]
    submitted_at: Mapped[datetime] = mapped_column(index=True)
    received_at: Mapped[datetime]
    late: Mapped[bool]
    because: Mapped[str | None]
    payload_id: Mapped[UUID] = mapped_column(ForeignKey("payload.id"), index=True)


class FormScore(Base):
    """The scores of a submission by one version of the scorer; the last number holds. Append-only.

    The counts are null where the answers contradict each other, and nothing could be scored. `without`: items that are set aside in quarantine and not scored.
    """

    __tablename__ = "form_score"
    __table_args__ = (
        UniqueConstraint("submission_id", "number"),
        CheckConstraint("(n_answered IS NULL) = (n_missing IS NULL)", name="counts_both_or_none"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    submission_id: Mapped[UUID] = mapped_column(ForeignKey("submission.id"))
    number: Mapped[int]
    scorer: Mapped[str]
    scores: Mapped[dict[str, float | None]] = mapped_column(JSONB)
    bands: Mapped[dict[str, str]] = mapped_column(JSONB)
    flags: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    n_answered: Mapped[int | None]
    n_missing: Mapped[int | None]
    prorated: Mapped[bool]
    without: Mapped[list[str]] = mapped_column(ARRAY(TEXT))
    because: Mapped[str]
    computed_at: Mapped[datetime]
