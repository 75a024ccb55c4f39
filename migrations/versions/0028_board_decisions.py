"""What the safety board made of a lock; a lock keeps the rows of its data sets.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

STUDY = "hometrial_study"


def upgrade() -> None:
    op.add_column("data_lock", sa.Column("data_sets", postgresql.JSONB(), nullable=True))
    op.add_column("data_lock", sa.Column("samples", sa.BigInteger(), nullable=True))
    op.create_table(
        "board_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lock_id", sa.Uuid(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("met_on", sa.Date(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_name", sa.String(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('continue', 'modify', 'pause', 'stop')",
            name=op.f("ck_board_decision_decision_is_known"),
        ),
        sa.CheckConstraint(
            "root ~ '^[0-9a-f]{64}$'", name=op.f("ck_board_decision_root_is_a_hash")
        ),
        sa.CheckConstraint("btrim(because) <> ''", name=op.f("ck_board_decision_says_why")),
        sa.ForeignKeyConstraint(
            ["lock_id"], ["data_lock.id"], name=op.f("fk_board_decision_lock_id_data_lock")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_board_decision")),
    )
    op.create_index(op.f("ix_board_decision_lock_id"), "board_decision", ["lock_id"])
    op.execute("SELECT audit.attach('public.board_decision')")
    op.execute("SELECT audit.make_append_only('public.board_decision')")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON board_decision TO {STUDY}")
    op.execute("SELECT scope.of_study('public.board_decision')")


def downgrade() -> None:
    op.drop_table("board_decision")
    op.drop_column("data_lock", "samples")
    op.drop_column("data_lock", "data_sets")
