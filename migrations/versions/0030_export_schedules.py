"""Data sets that leave by themselves: schedules, and what became of each time.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

STUDY = "hometrial_study"
TABLES = ("export_schedule", "export_run")


def upgrade() -> None:
    op.create_table(
        "export_schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("formats", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("streams", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("is_incremental", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.CheckConstraint(
            "name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'",
            name=op.f("ck_export_schedule_name_is_plain"),
        ),
        sa.CheckConstraint(
            "weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]",
            name=op.f("ck_export_schedule_weekdays_are_known"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL)",
            name=op.f("ck_export_schedule_somebody_ended_it"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_schedule")),
    )
    op.create_index(
        "uq_export_schedule_name_open",
        "export_schedule",
        ["name"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "export_run",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("folder", sa.String(), nullable=False),
        sa.Column("files", sa.Integer(), nullable=False),
        sa.Column("sent", sa.Integer(), nullable=False),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(), nullable=True),
        sa.Column("cutoff", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('done', 'failed')", name=op.f("ck_export_run_state_is_known")
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (error IS NOT NULL)",
            name=op.f("ck_export_run_a_failed_one_says_why"),
        ),
        sa.CheckConstraint(
            "(state = 'done') = (root IS NOT NULL)",
            name=op.f("ck_export_run_a_done_one_has_a_root"),
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["export_schedule.id"],
            name=op.f("fk_export_run_schedule_id_export_schedule"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_run")),
    )
    op.create_index(op.f("ix_export_run_schedule_id"), "export_run", ["schedule_id"])
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"SELECT scope.of_study('public.{table}')")
    op.execute("SELECT audit.make_append_only('public.export_run')")


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
