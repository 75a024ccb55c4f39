"""Message, MessageTopic, MessageState: what is written to whom, about what, and all that became of it."""

from datetime import datetime, time
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from hometrial.db import Base

MESSAGE_KINDS = (
    "reminder",
    "safety_question",
    "visit",
    "watch",
    "code",
    "alert",
    "overdue",
    "test",
)
"""What a message is: to people a reminder of open forms, the one question that is asked on bad days too, a
visit of tomorrow, a watch that is quiet, a code to sign in with; to staff an alert, and what is overdue."""
CHANNELS = ("email", "sms", "push")
WAITING = ("planned", "queued", "delayed")
"""States in which a message is still to be sent, at `next_at`."""
ENDED = ("sent", "refused", "suppressed", "snoozed", "expired", "unknown")
"""States after which nothing more happens to a message."""
MESSAGE_STATES = (*WAITING, "sending", *ENDED)


class Message(Base):
    """One message. Its words are made when it is sent; no address and no secret lies in it. Append-only.

    `participant_id`: to whom; null: to the staff. `resends`: the message that somebody of the staff sent once
    more.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint("audience IN ('participant', 'staff')", name="audience_is_known"),
        CheckConstraint(f"kind IN {MESSAGE_KINDS}", name="kind_is_known"),
        CheckConstraint(f"channel IN {CHANNELS}", name="channel_is_known"),
        CheckConstraint("(audience = 'staff') = (participant_id IS NULL)", name="people_are_named"),
        CheckConstraint(
            "(audience = 'staff') = (kind IN ('alert', 'overdue')) OR kind = 'test'",
            name="staff_are_told_of_alerts_alone",
        ),
        CheckConstraint("language ~ '^[a-z]{2}$'", name="language_is_a_code"),
        Index("ix_message_participant_id_created_at", "participant_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    audience: Mapped[str]
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    kind: Mapped[str]
    channel: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    resends: Mapped[UUID | None] = mapped_column(ForeignKey("message.id"))


class MessageTopic(Base):
    """One thing that a message is about, at one moment of the plan; several may share a message. Append-only.

    `form` and `occasion` are those of the question asked; of anything else `occasion` names it. After
    `closes_at` there is nothing left to tell. No two messages are about the same at the same moment.
    """

    __tablename__ = "message_topic"
    __table_args__ = (
        UniqueConstraint(
            "participant_id",
            "kind",
            "form",
            "occasion",
            "moment",
            name="uq_message_topic_told_once",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("occasion <> '' AND moment <> ''", name="is_named"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"), index=True)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    kind: Mapped[str]
    form: Mapped[str]
    occasion: Mapped[str]
    moment: Mapped[str]
    closes_at: Mapped[datetime]


class MessageState(Base):
    """One step in the life of a message, numbered from 1. Append-only.

    `code` and `reason`: what the server answered, or why the message was not sent. `next_at`: when it is tried.
    """

    __tablename__ = "message_state"
    __table_args__ = (
        UniqueConstraint("message_id", "number"),
        CheckConstraint(f"state IN {MESSAGE_STATES}", name="state_is_known"),
        CheckConstraint("number >= 1", name="is_counted"),
        CheckConstraint(
            f"(state IN {WAITING}) = (next_at IS NOT NULL)", name="what_waits_has_a_time"
        ),
        CheckConstraint(
            "state IN ('planned', 'queued', 'sending', 'sent') OR reason <> ''", name="says_why"
        ),
        Index("ix_message_state_sent", "at", postgresql_where=text("state = 'sent'")),
        Index(
            "uq_message_state_end",
            "message_id",
            unique=True,
            postgresql_where=text(f"state IN {ENDED}"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"))
    number: Mapped[int]
    state: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]
    next_at: Mapped[datetime | None]
    code: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")


class ReminderChoice(Base):
    """How a person wants to be reminded; their newest choice holds. Append-only.

    `preferred_at` and the quiet hours are on the person's own clock; null: the protocol's.
    """

    __tablename__ = "reminder_choice"
    __table_args__ = (
        CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_hours_have_two_ends"
        ),
        CheckConstraint("quiet_from <> quiet_to", name="quiet_hours_end"),
        CheckConstraint("language ~ '^[a-z]{2}$'", name="language_is_a_code"),
        Index("ix_reminder_choice_participant_id_at", "participant_id", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID] = mapped_column(ForeignKey("participant.id"))
    by_email: Mapped[bool]
    by_sms: Mapped[bool]
    by_push: Mapped[bool]
    preferred_at: Mapped[time | None]
    quiet_from: Mapped[time | None]
    quiet_to: Mapped[time | None]
    language: Mapped[str]
    at: Mapped[datetime]
    by: Mapped[str]


class ReminderRest(Base):
    """Until when nobody is reminded: by a person's own word, or the whole study (null). Append-only.

    The newest of a kind holds; `until` null ends it. `bad_day`: the time that somebody chose on a bad day;
    `snooze`: remind me later.
    """

    __tablename__ = "reminder_rest"
    __table_args__ = (
        CheckConstraint("kind IN ('pause', 'bad_day', 'snooze')", name="kind_is_known"),
        CheckConstraint("participant_id IS NOT NULL OR kind = 'pause'", name="a_study_only_pauses"),
        CheckConstraint("until > at", name="ends_later"),
        Index("ix_reminder_rest_participant_id_kind", "participant_id", "kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    participant_id: Mapped[UUID | None] = mapped_column(ForeignKey("participant.id"))
    kind: Mapped[str]
    until: Mapped[datetime | None]
    at: Mapped[datetime]
    by: Mapped[str]
    because: Mapped[str] = mapped_column(default="")


class MessageSecret(Base):
    """The code of a message, sealed; in a schema that only the worker's role reads, and in no trail (D12).

    It is destroyed once it is sent, and at `destroy_at` whatever happened.
    """

    __tablename__ = "message_secret"
    __table_args__ = {"schema": "vault"}  # noqa: RUF012

    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"), primary_key=True)
    sealed: Mapped[bytes]
    destroy_at: Mapped[datetime]
