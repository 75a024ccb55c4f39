"""Who signs a lock, or decides on it, does so for its own root: the database holds them to it.

Revision ID: 0031
Revises: 0030
"""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLES = ("lock_signature", "board_decision")


def upgrade() -> None:
    op.create_unique_constraint(op.f("uq_data_lock_id_root"), "data_lock", ["id", "root"])
    for table in TABLES:
        op.create_foreign_key(
            op.f(f"fk_{table}_lock_id_root_data_lock"),
            table,
            "data_lock",
            ["lock_id", "root"],
            ["id", "root"],
        )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_constraint(op.f(f"fk_{table}_lock_id_root_data_lock"), table)
    op.drop_constraint(op.f("uq_data_lock_id_root"), "data_lock")
