"""Pills that were counted, against those that ought to be there; work that belongs to the study and to nobody in it.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STUDY = "hometrial_study"
OF_THE_STUDY = "participant_id IS NOT NULL OR kind IN ('stopping_rule', 'accountability')"
COUNT_CHECKS = {
    "counted_from_nothing": "counted >= 0",
    "is_at_a_place_or_with_a_person": "(place IS NULL) <> (participant_id IS NULL)",
}


def upgrade() -> None:
    op.create_table(
        "supply_count",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted", sa.Numeric(), nullable=False),
        sa.Column("expected", sa.Numeric(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_supply_count_{name}"))
            for name, rule in COUNT_CHECKS.items()
        ),
        sa.ForeignKeyConstraint(["lot_id"], ["lot.id"], name=op.f("fk_supply_count_lot_id_lot")),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_supply_count_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_count")),
        sa.UniqueConstraint("number", name=op.f("uq_supply_count_number")),
    )
    for column in ("lot_id", "participant_id"):
        op.create_index(op.f(f"ix_supply_count_{column}"), "supply_count", [column])
    op.execute("SELECT audit.attach('public.supply_count')")
    op.execute("SELECT audit.make_append_only('public.supply_count')")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON supply_count TO {STUDY}")
    op.alter_column("work_item", "participant_id", nullable=True)
    op.create_check_constraint(
        op.f("ck_work_item_is_of_somebody_or_of_the_study"), "work_item", OF_THE_STUDY
    )
    index_open_items(nulls_not_distinct=True)


def index_open_items(*, nulls_not_distinct: bool) -> None:
    op.drop_index("uq_work_item_open", table_name="work_item")
    op.create_index(
        "uq_work_item_open",
        "work_item",
        ["participant_id", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
        postgresql_nulls_not_distinct=nulls_not_distinct,
    )


def downgrade() -> None:
    # A trail of every change names who made it; the program is not there to say so.
    op.execute(
        "SELECT set_config('hometrial.actor', 'migration', true), set_config('hometrial.reason', 'downgrade', true)"
    )
    op.execute("DELETE FROM work_item WHERE participant_id IS NULL")
    op.drop_constraint(op.f("ck_work_item_is_of_somebody_or_of_the_study"), "work_item")
    index_open_items(nulls_not_distinct=False)
    op.alter_column("work_item", "participant_id", nullable=False)
    op.drop_table("supply_count")
