"""The country of a site, which data sets have to name.

Revision ID: 0029
Revises: 0028
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site", sa.Column("country", sa.String(), nullable=True))
    op.create_check_constraint(op.f("ck_site_country_is_a_code"), "site", "country ~ '^[A-Z]{3}$'")


def downgrade() -> None:
    op.drop_column("site", "country")
