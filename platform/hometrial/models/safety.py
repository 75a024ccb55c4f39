"""Alerts and adverse events: what called for somebody, what was known when, and what was done about it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TEXT
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

ALERT_EVENTS = ("repeated", "acknowledged", "acted", "closed")


class Alert(Base):
    """What a rule found about a person, or about the study (no person). Append-only.

    `due_at`: by when somebody must have answered; null: in the next contact. `values`: what it was raised
    from, so that it can be judged again. What was done is in AlertEvent.
    """

    __tablename__ = "alert"
    __table_args__ = (
        CheckConstraint("level IN ('red', 'amber', 'blue')", name="level_is_known"),
        CheckConstraint("level = 'blue' OR due_at IS NOT NULL", name="has_a_clock"),
        CheckConstraint("due_at > created_at", name="due_is_after_created"),
        Index("ix_alert_participant_id_rule", "participant_id", "rule"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    rule: Mapped[str]
    rule_version: Mapped[str]
    level: Mapped[str]
    text: Mapped[str]
    values: Mapped[dict[str, Any]] = mapped_column(JSONB)
    owner: Mapped[str]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]


class AlertEvent(Base):
    """One thing that happened to an alert: found again, acknowledged, acted upon, closed. Append-only."""

    __tablename__ = "alert_event"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('repeated', 'acknowledged', 'acted', 'closed')", name="kind_is_known"
        ),
        CheckConstraint("(kind = 'repeated') = (values IS NOT NULL)", name="repeated_says_what"),
        CheckConstraint("(kind = 'acted') = (action IS NOT NULL)", name="acted_says_how"),
        CheckConstraint("(kind = 'closed') = (because IS NOT NULL)", name="closed_says_why"),
        Index(
            "uq_alert_event_acknowledged",
            "alert_id",
            unique=True,
            postgresql_where=text("kind = 'acknowledged'"),
        ),
        Index(
            "uq_alert_event_closed",
            "alert_id",
            unique=True,
            postgresql_where=text("kind = 'closed'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alert.id"), index=True)
    kind: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    action: Mapped[str | None]
    because: Mapped[str | None]
    values: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))


class AdverseEvent(Base):
    """An event of a person under its number; what is known of it is in its versions. Append-only.

    `key`: the sender's own name of the report, so that what is sent twice is kept once.
    """

    __tablename__ = "adverse_event"
    __table_args__ = (
        UniqueConstraint("participant_id", "number"),
        UniqueConstraint("participant_id", "key"),
        CheckConstraint("number >= 1", name="number_counts_from_1"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    number: Mapped[int]
    key: Mapped[str | None]
    recorded_at: Mapped[datetime]


class AdverseEventVersion(Base):
    """What was known of an event from `recorded_at` on (`protocol.safety.details`); the newest holds. Append-only.

    `learned_at`: when any person of the study knew; clocks run from it. `expectedness`: by which list it was
    judged, or 'judged' by a person. `vocabulary`: the version of the terms and grades.
    """

    __tablename__ = "adverse_event_version"
    __table_args__ = (
        UniqueConstraint("adverse_event_id", "version"),
        CheckConstraint("version >= 1", name="version_counts_from_1"),
        CheckConstraint("learned_at <= recorded_at", name="learned_before_recorded"),
        CheckConstraint(
            "source IN ('participant', 'contact', 'visit', 'checklist', 'laboratory', 'other')",
            name="source_is_known",
        ),
        CheckConstraint(
            "reporter IN ('participant', 'proxy', 'staff', 'other')", name="reporter_is_known"
        ),
        CheckConstraint("severity IN ('mild', 'moderate', 'severe')", name="severity_is_known"),
        CheckConstraint("grade BETWEEN 1 AND 5", name="grade_is_1_to_5"),
        CheckConstraint(
            "serious <@ ARRAY['death', 'life_threatening', 'hospitalisation', 'disability',"
            " 'congenital_anomaly', 'medically_important']",
            name="criteria_are_known",
        ),
        CheckConstraint(
            "(grade = 5) = ('death' = ANY (serious))", name="grade_5_and_death_go_together"
        ),
        CheckConstraint(
            "outcome <> 'fatal' OR 'death' = ANY (serious)", name="fatal_outcome_is_death"
        ),
        CheckConstraint(
            "outcome IN ('recovered', 'recovering', 'not_recovered', 'recovered_with_sequelae',"
            " 'fatal', 'unknown')",
            name="outcome_is_known",
        ),
        CheckConstraint(
            "action IN ('none', 'dose_reduced', 'held', 'stopped_permanently', 'time_changed')",
            name="action_is_known",
        ),
        CheckConstraint(
            "who_umc IN ('certain', 'probable', 'possible', 'unlikely', 'conditional',"
            " 'unassessable')",
            name="class_is_known",
        ),
        CheckConstraint("start ~ '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$'", name="start_is_a_date"),
        CheckConstraint("stop ~ '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$'", name="stop_is_a_date"),
        CheckConstraint(
            "start_time IS NULL OR (start IS NOT NULL AND length(start) = 10)",
            name="time_has_its_day",
        ),
        CheckConstraint("NOT ongoing OR stop IS NULL", name="what_goes_on_has_no_stop"),
        CheckConstraint(
            "(expected IS NULL) = (expectedness IS NULL)", name="expectedness_says_by_what"
        ),
        CheckConstraint("(naranjo IS NULL) = (naranjo_score IS NULL)", name="naranjo_is_scored"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    adverse_event_id: Mapped[UUID] = mapped_column(ForeignKey("adverse_event.id"))
    version: Mapped[int]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    because: Mapped[str]
    learned_at: Mapped[datetime]
    source: Mapped[str]
    reporter: Mapped[str]
    vocabulary: Mapped[str]
    verbatim: Mapped[str]
    term: Mapped[str | None]
    done: Mapped[str | None]
    start: Mapped[str | None]
    start_time: Mapped[str | None]
    stop: Mapped[str | None]
    ongoing: Mapped[bool | None]
    severity: Mapped[str | None]
    grade: Mapped[int | None]
    serious: Mapped[list[str] | None] = mapped_column(ARRAY(TEXT))
    related: Mapped[bool | None]
    who_umc: Mapped[str | None]
    naranjo: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    naranjo_score: Mapped[int | None]
    expected: Mapped[bool | None]
    expectedness: Mapped[str | None]
    action: Mapped[str | None]
    treatment: Mapped[str | None]
    outcome: Mapped[str | None]
    dechallenge: Mapped[str | None]
    rechallenge: Mapped[str | None]
    pem_related: Mapped[bool | None]
    hys_law: Mapped[bool | None]
    pregnancy: Mapped[bool]


class AdverseEventCoding(Base):
    """A licensed coder's MedDRA coding of a version; the newest holds. Empty until a file is imported. Append-only."""

    __tablename__ = "adverse_event_coding"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    version_id: Mapped[UUID] = mapped_column(ForeignKey("adverse_event_version.id"), index=True)
    llt_code: Mapped[str]
    pt_code: Mapped[str]
    pt_name: Mapped[str]
    soc_name: Mapped[str]
    meddra_version: Mapped[str]
    coded_by: Mapped[str]
    coded_at: Mapped[datetime]


class BaselineSymptom(Base):
    """How bad a symptom was in a person's run-in, 0: not there; the newest word on a term holds. Append-only."""

    __tablename__ = "baseline_symptom"
    __table_args__ = (CheckConstraint("grade BETWEEN 0 AND 4", name="grade_is_0_to_4"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"), index=True)
    term: Mapped[str]
    grade: Mapped[int]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    because: Mapped[str]
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))


class SafetyReport(Base):
    """A duty to report that was met: which clock of an event it answers, when it was sent. Append-only.

    `corrects`: the row that this one replaces, with the reason; the one that nothing corrects holds.
    """

    __tablename__ = "safety_report"
    __table_args__ = (
        CheckConstraint("sent_at <= recorded_at", name="sent_before_recorded"),
        CheckConstraint("(corrects IS NULL) = (because IS NULL)", name="correction_says_why"),
        UniqueConstraint("corrects"),
        Index(
            "uq_safety_report_first",
            "adverse_event_id",
            "clock",
            unique=True,
            postgresql_where=text("corrects IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    adverse_event_id: Mapped[UUID] = mapped_column(ForeignKey("adverse_event.id"))
    clock: Mapped[str]
    sent_at: Mapped[datetime]
    reference: Mapped[str]
    recorded_at: Mapped[datetime]
    recorded_by: Mapped[str]
    corrects: Mapped[UUID | None] = mapped_column(ForeignKey("safety_report.id"))
    because: Mapped[str | None]
