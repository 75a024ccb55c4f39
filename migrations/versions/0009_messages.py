"""Messages and what became of each, and how people want to be reminded.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STUDY, WORKER, PARTICIPANT = "hometrial_study", "hometrial_worker", "hometrial_participant"
TABLES = ("message", "message_topic", "message_state", "reminder_choice", "reminder_rest")
"""All of them audited and append-only. The site asks for codes, snoozes, and shows a person their own."""
KINDS = "('reminder', 'safety_question', 'visit', 'watch', 'code', 'alert', 'overdue', 'test')"
WAITING = "('planned', 'queued', 'delayed')"
ENDED = "('sent', 'refused', 'suppressed', 'snoozed', 'expired', 'unknown')"
STATES = f"{WAITING[:-1]}, 'sending', {ENDED[1:]}"


def upgrade() -> None:
    create_message()
    create_message_topic()
    create_message_state()
    create_reminder_choice()
    create_reminder_rest()
    create_message_secret()
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {PARTICIPANT}")
    # Whoever asks for a code hands it over and cannot read it back; only the worker can. What is destroyed
    # must be nowhere, so that no trail of it is kept.
    op.execute(f"GRANT SELECT, INSERT, DELETE ON vault.message_secret TO {WORKER}")
    for role in (STUDY, PARTICIPANT):
        op.execute(f"GRANT INSERT ON vault.message_secret TO {role}")


def create_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("resends", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "audience IN ('participant', 'staff')", name=op.f("ck_message_audience_is_known")
        ),
        sa.CheckConstraint(f"kind IN {KINDS}", name=op.f("ck_message_kind_is_known")),
        sa.CheckConstraint(
            "channel IN ('email', 'sms', 'push')", name=op.f("ck_message_channel_is_known")
        ),
        sa.CheckConstraint(
            "(audience = 'staff') = (participant_id IS NULL)",
            name=op.f("ck_message_people_are_named"),
        ),
        sa.CheckConstraint(
            "(audience = 'staff') = (kind IN ('alert', 'overdue')) OR kind = 'test'",
            name=op.f("ck_message_staff_are_told_of_alerts_alone"),
        ),
        sa.CheckConstraint("language ~ '^[a-z]{2}$'", name=op.f("ck_message_language_is_a_code")),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_message_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["resends"], ["message.id"], name=op.f("fk_message_resends_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(
        "ix_message_participant_id_created_at", "message", ["participant_id", "created_at"]
    )


def create_message_topic() -> None:
    op.create_table(
        "message_topic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("moment", sa.String(), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "occasion <> '' AND moment <> ''", name=op.f("ck_message_topic_is_named")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_topic_message_id_message")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_message_topic_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_topic")),
        sa.UniqueConstraint(
            "participant_id",
            "kind",
            "form",
            "occasion",
            "moment",
            name="uq_message_topic_told_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_message_topic_message_id"), "message_topic", ["message_id"])


def create_message_state() -> None:
    op.create_table(
        "message_state",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_message_state_state_is_known")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_message_state_is_counted")),
        sa.CheckConstraint(
            f"(state IN {WAITING}) = (next_at IS NOT NULL)",
            name=op.f("ck_message_state_what_waits_has_a_time"),
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'queued', 'sending', 'sent') OR reason <> ''",
            name=op.f("ck_message_state_says_why"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_state_message_id_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_state")),
        sa.UniqueConstraint(
            "message_id", "number", name=op.f("uq_message_state_message_id_number")
        ),
    )
    op.create_index(
        "uq_message_state_end",
        "message_state",
        ["message_id"],
        unique=True,
        postgresql_where=sa.text(f"state IN {ENDED}"),
    )


def create_reminder_choice() -> None:
    op.create_table(
        "reminder_choice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("by_email", sa.Boolean(), nullable=False),
        sa.Column("by_sms", sa.Boolean(), nullable=False),
        sa.Column("by_push", sa.Boolean(), nullable=False),
        sa.Column("preferred_at", sa.Time(), nullable=True),
        sa.Column("quiet_from", sa.Time(), nullable=True),
        sa.Column("quiet_to", sa.Time(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)",
            name=op.f("ck_reminder_choice_quiet_hours_have_two_ends"),
        ),
        sa.CheckConstraint(
            "quiet_from <> quiet_to", name=op.f("ck_reminder_choice_quiet_hours_end")
        ),
        sa.CheckConstraint(
            "language ~ '^[a-z]{2}$'", name=op.f("ck_reminder_choice_language_is_a_code")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_reminder_choice_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_choice")),
    )
    op.create_index(
        "ix_reminder_choice_participant_id_at", "reminder_choice", ["participant_id", "at"]
    )


def create_reminder_rest() -> None:
    op.create_table(
        "reminder_rest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('pause', 'bad_day', 'snooze')", name=op.f("ck_reminder_rest_kind_is_known")
        ),
        sa.CheckConstraint(
            "participant_id IS NOT NULL OR kind = 'pause'",
            name=op.f("ck_reminder_rest_a_study_only_pauses"),
        ),
        sa.CheckConstraint("until > at", name=op.f("ck_reminder_rest_ends_later")),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_reminder_rest_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder_rest")),
    )
    op.create_index(
        "ix_reminder_rest_participant_id_kind", "reminder_rest", ["participant_id", "kind"]
    )


def create_message_secret() -> None:
    op.create_table(
        "message_secret",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("destroy_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_message_secret_message_id_message")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message_secret")),
        schema="vault",
    )


def downgrade() -> None:
    op.drop_table("message_secret", schema="vault")
    for table in reversed(TABLES):
        op.drop_table(table)
