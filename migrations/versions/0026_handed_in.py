"""What was handed in in the last days is found without reading what came before.

Revision ID: 0026
Revises: 0025
"""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_submission_submitted_at"), "submission", ["submitted_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_submission_submitted_at"), "submission")
