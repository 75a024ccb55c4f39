"""Protocols with their versions, which of them a person follows, screening, allocation, visits.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
AUDITED = ("protocol_version", "participation", "anchor_day")
APPEND_ONLY = ("participation", "anchor_day")
STATES = "('draft', 'approved', 'published', 'superseded', 'discarded')"


def upgrade() -> None:
    create_protocols()
    for table in AUDITED:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"GRANT SELECT ON {table} TO {PARTICIPANT}")
    for table in APPEND_ONLY:
        op.execute(f"SELECT audit.make_append_only('public.{table}')")


def create_protocols() -> None:
    op.create_table(
        "protocol_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_because", sa.String(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_protocol_version_state_is_known")),
        sa.CheckConstraint(
            "(state IN ('published', 'superseded')) = (published_at IS NOT NULL)",
            name=op.f("ck_protocol_version_published_says_when"),
        ),
        sa.CheckConstraint(
            "approved_by <> loaded_by OR is_test",
            name=op.f("ck_protocol_version_approved_by_another"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_version")),
    )
    op.create_index(
        "uq_protocol_version_in_force",
        "protocol_version",
        ["protocol", "is_test"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_index(
        "uq_protocol_version_version",
        "protocol_version",
        ["protocol", "version", "is_test"],
        unique=True,
        postgresql_where=sa.text("state <> 'discarded'"),
    )
    op.create_table(
        "participation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_participation_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_version_id"],
            ["protocol_version.id"],
            name=op.f("fk_participation_protocol_version_id_protocol_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participation")),
    )
    op.create_index(
        op.f("ix_participation_participant_id"), "participation", ["participant_id"]
    )
    op.create_table(
        "anchor_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_anchor_day_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchor_day")),
    )
    op.create_index(op.f("ix_anchor_day_participant_id"), "anchor_day", ["participant_id"])


def downgrade() -> None:
    op.drop_table("anchor_day")
    op.drop_table("participation")
    op.drop_table("protocol_version")
