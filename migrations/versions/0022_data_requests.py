"""Data sets that staff asked for.

Revision ID: 0022
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0018"
branch_labels = None
depends_on = None

STATES = "'waiting', 'running', 'ready', 'failed', 'expired'"


def upgrade() -> None:
    op.create_table(
        "data_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("sites", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("formats", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("files", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN ({STATES})", name=op.f("ck_data_request_state_is_known")),
        sa.CheckConstraint(
            "(state IN ('ready', 'expired')) = (sha256 IS NOT NULL)",
            name=op.f("ck_data_request_a_ready_one_has_a_file"),
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (error IS NOT NULL)",
            name=op.f("ck_data_request_a_failed_one_says_why"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["staff_account.id"],
            name=op.f("fk_data_request_account_id_staff_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_request")),
    )
    op.create_index(op.f("ix_data_request_account_id"), "data_request", ["account_id"])
    op.execute("SELECT audit.attach('public.data_request')")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON data_request TO hometrial_study")
    op.execute("SELECT scope.of_study('public.data_request')")


def downgrade() -> None:
    op.drop_table("data_request")
