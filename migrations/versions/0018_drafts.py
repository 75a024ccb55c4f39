"""Protocols while they are written.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STUDY = "hometrial_study"
TABLES = ("protocol_draft", "protocol_draft_revision", "protocol_draft_submission")


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    draft, revision_, submission = TABLES
    op.create_table(
        draft,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("base_id", sa.Uuid(), nullable=True),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        _check(draft, "name_is_told", "btrim(name) <> ''"),
        _check(draft, "origin_is_told", "btrim(origin) <> ''"),
        _check(
            draft,
            "ended_as_a_whole",
            "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_because IS NULL)",
        ),
        _check(draft, "ended_for_a_reason", "btrim(ended_because) <> ''"),
        sa.ForeignKeyConstraint(
            ["base_id"],
            ["protocol_version.id"],
            name=op.f("fk_protocol_draft_base_id_protocol_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_draft")),
    )
    op.create_table(
        revision_,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("texts", postgresql.JSONB(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        _check(revision_, "number_counts_from_one", "number > 0"),
        _check(revision_, "because_is_told", "btrim(because) <> ''"),
        sa.ForeignKeyConstraint(
            ["draft_id"],
            ["protocol_draft.id"],
            name=op.f("fk_protocol_draft_revision_draft_id_protocol_draft"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_draft_revision")),
        sa.UniqueConstraint(
            "draft_id", "number", name=op.f("uq_protocol_draft_revision_draft_id_number")
        ),
    )
    op.create_table(
        submission,
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        _check(submission, "because_is_told", "btrim(because) <> ''"),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["protocol_version.id"],
            name=op.f("fk_protocol_draft_submission_version_id_protocol_version"),
        ),
        sa.ForeignKeyConstraint(
            ["draft_id", "number"],
            ["protocol_draft_revision.draft_id", "protocol_draft_revision.number"],
            name="fk_protocol_draft_submission_draft_id_protocol_draft_revision",
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_protocol_draft_submission")),
    )
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"SELECT scope.of_study('public.{table}')")
    for table in TABLES[1:]:
        op.execute(f"SELECT audit.make_append_only('public.{table}')")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
