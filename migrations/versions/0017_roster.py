"""Views of the list of people, what was done for many at once, and work that sleeps until its answer is due.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

STUDY = "hometrial_study"


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("query", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "btrim(name) <> '' AND length(name) <= 60", name=op.f("ck_saved_view_name_is_told")
        ),
        sa.CheckConstraint("length(query) <= 1000", name=op.f("ck_saved_view_query_is_short")),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["staff_account.id"],
            name=op.f("fk_saved_view_account_id_staff_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_saved_view_account_id_name")),
    )
    op.create_table(
        "bulk_act",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done", postgresql.JSONB(), nullable=False),
        sa.Column("left_out", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint(
            "action IN ('remind', 'relink', 'contact')", name=op.f("ck_bulk_act_action_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["staff_account.id"], name=op.f("fk_bulk_act_account_id_staff_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_act")),
    )
    op.create_index(op.f("ix_bulk_act_account_id"), "bulk_act", ["account_id"])
    for table in ("saved_view", "bulk_act"):
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"SELECT scope.of_study('public.{table}')")
    op.execute("SELECT audit.make_append_only('public.bulk_act')")
    op.add_column("work_item", sa.Column("sleeps_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("work_item", sa.Column("asleep_because", sa.String(), nullable=True))
    op.add_column("work_item", sa.Column("message_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_work_item_message_id_message"), "work_item", "message", ["message_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_work_item_what_sleeps_says_why"),
        "work_item",
        "(sleeps_until IS NULL) = (asleep_because IS NULL)",
    )
    op.create_index("ix_daily_metric_metric_day", "daily_metric", ["metric", "day"])
    op.create_index(
        "ix_response_participant_id_kind_due", "response", ["participant_id", "kind", "due"]
    )
    op.create_index("ix_batch_created_at", "batch", ["created_at"])
    op.create_index("ix_answer_answered_at", "answer", ["answered_at"])
    op.create_index(
        "ix_message_state_sent",
        "message_state",
        ["at"],
        postgresql_where=sa.text("state = 'sent'"),
    )
    op.create_index(
        "ix_dose_event_orders",
        "dose_event",
        ["participant_id", "number"],
        postgresql_where=sa.text("kind IN ('order', 'void')"),
    )


def downgrade() -> None:
    op.drop_index("ix_dose_event_orders", table_name="dose_event")
    op.drop_index("ix_message_state_sent", table_name="message_state")
    op.drop_index("ix_answer_answered_at", table_name="answer")
    op.drop_index("ix_batch_created_at", table_name="batch")
    op.drop_index("ix_response_participant_id_kind_due", table_name="response")
    op.drop_index("ix_daily_metric_metric_day", table_name="daily_metric")
    op.drop_constraint(op.f("ck_work_item_what_sleeps_says_why"), "work_item")
    op.drop_constraint(op.f("fk_work_item_message_id_message"), "work_item")
    for column in ("message_id", "asleep_because", "sleeps_until"):
        op.drop_column("work_item", column)
    op.drop_table("bulk_act")
    op.drop_table("saved_view")
