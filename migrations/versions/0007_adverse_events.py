"""Adverse events and the alerts about people.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
TABLES = ("alert", "alert_event")
"""All of them audited and append-only. The participant site raises alerts and keeps reports, and reads both."""


def upgrade() -> None:
    create_alerts()
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {PARTICIPANT}")


def create_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "level IN ('red', 'amber', 'blue')", name=op.f("ck_alert_level_is_known")
        ),
        sa.CheckConstraint(
            "level = 'blue' OR due_at IS NOT NULL", name=op.f("ck_alert_has_a_clock")
        ),
        sa.CheckConstraint("due_at > created_at", name=op.f("ck_alert_due_is_after_created")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_alert_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_participant_id_rule", "alert", ["participant_id", "rule"])
    op.create_table(
        "alert_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "kind IN ('repeated', 'acknowledged', 'acted', 'closed')",
            name=op.f("ck_alert_event_kind_is_known"),
        ),
        sa.CheckConstraint(
            "(kind = 'repeated') = (values IS NOT NULL)",
            name=op.f("ck_alert_event_repeated_says_what"),
        ),
        sa.CheckConstraint(
            "(kind = 'acted') = (action IS NOT NULL)", name=op.f("ck_alert_event_acted_says_how")
        ),
        sa.CheckConstraint(
            "(kind = 'closed') = (because IS NOT NULL)",
            name=op.f("ck_alert_event_closed_says_why"),
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_alert_event_alert_id_alert")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_event")),
    )
    op.create_index(op.f("ix_alert_event_alert_id"), "alert_event", ["alert_id"])
    for kind in ("acknowledged", "closed"):
        op.create_index(
            f"uq_alert_event_{kind}",
            "alert_event",
            ["alert_id"],
            unique=True,
            postgresql_where=sa.text(f"kind = '{kind}'"),
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
