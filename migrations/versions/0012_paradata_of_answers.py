"""How often an answer was changed before it was given; what an upload says, whenever it is sent.

Revision ID: 0012
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("answer", sa.Column("changes", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_answer_changes_are_counted"), "answer", "changes >= 0")
    op.add_column("answer_upload", sa.Column("said_sha256", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("answer_upload", "said_sha256")
    op.drop_constraint(op.f("ck_answer_changes_are_counted"), "answer")
    op.drop_column("answer", "changes")
