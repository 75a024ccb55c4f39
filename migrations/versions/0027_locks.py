"""Data locks: a study's data under a name, signed by two; what is asked for when data sets are.

Revision ID: 0027
Revises: 0026
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

STUDY = "hometrial_study"
TABLES = ("data_lock", "lock_source", "lock_signature")
EVERY_SITE = (
    "NOT EXISTS (SELECT FROM public.site s WHERE NOT s.id = ANY ((SELECT scope.sites())::uuid[]))"
)
"""A lock tells of everybody: who sees the people of some sites alone does not see what it was made of."""


def upgrade() -> None:
    op.create_table(
        "data_lock",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("formats", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("streams", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("cutoff", sa.BigInteger(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.Column("previous_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("kind IN ('interim', 'final')", name=op.f("ck_data_lock_kind_is_known")),
        sa.CheckConstraint(
            "name ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$'", name=op.f("ck_data_lock_name_is_plain")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_data_lock_number_counts_from_1")),
        sa.CheckConstraint("root ~ '^[0-9a-f]{64}$'", name=op.f("ck_data_lock_root_is_a_hash")),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_data_lock_says_why")),
        sa.ForeignKeyConstraint(
            ["previous_id"], ["data_lock.id"], name=op.f("fk_data_lock_previous_id_data_lock")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_lock")),
        sa.UniqueConstraint("number", name=op.f("uq_data_lock_number")),
        sa.UniqueConstraint("name", name=op.f("uq_data_lock_name")),
    )
    op.create_table(
        "lock_source",
        sa.Column("lock_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "sha256 ~ '^[0-9a-f]{64}$'", name=op.f("ck_lock_source_sha256_is_a_hash")
        ),
        sa.ForeignKeyConstraint(
            ["lock_id"], ["data_lock.id"], name=op.f("fk_lock_source_lock_id_data_lock")
        ),
        sa.PrimaryKeyConstraint("lock_id", "name", name=op.f("pk_lock_source")),
    )
    op.create_table(
        "lock_signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lock_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_name", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("root", sa.String(), nullable=False),
        sa.CheckConstraint(
            "role IN ('data_manager', 'investigator')", name=op.f("ck_lock_signature_role_is_known")
        ),
        sa.CheckConstraint(
            "root ~ '^[0-9a-f]{64}$'", name=op.f("ck_lock_signature_root_is_a_hash")
        ),
        sa.CheckConstraint("meaning <> ''", name=op.f("ck_lock_signature_says_what_it_means")),
        sa.ForeignKeyConstraint(
            ["lock_id"], ["data_lock.id"], name=op.f("fk_lock_signature_lock_id_data_lock")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lock_signature")),
        sa.UniqueConstraint("lock_id", "role", name=op.f("uq_lock_signature_lock_id_role")),
        sa.UniqueConstraint(
            "lock_id", "signed_by", name=op.f("uq_lock_signature_lock_id_signed_by")
        ),
    )
    op.create_index(op.f("ix_lock_signature_lock_id"), "lock_signature", ["lock_id"])
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
    op.execute("SELECT scope.of_study('public.data_lock')")
    op.execute("SELECT scope.of_study('public.lock_signature')")
    op.execute(f"SELECT scope.hold('public.lock_source', $${EVERY_SITE}$$)")
    _ask_for_more()


def _ask_for_more() -> None:
    with op.batch_alter_table("data_request") as table:
        table.add_column(sa.Column("kind", sa.String(), nullable=False, server_default="draft"))
        table.add_column(sa.Column("profile", sa.String(), nullable=False, server_default="study"))
        table.add_column(
            sa.Column("streams", postgresql.ARRAY(sa.TEXT()), nullable=False, server_default="{}")
        )
        table.add_column(sa.Column("lock_name", sa.String(), nullable=True))
        table.add_column(sa.Column("lock_kind", sa.String(), nullable=True))
        table.add_column(sa.Column("reason", sa.String(), nullable=True))
        table.add_column(sa.Column("lock_id", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("done", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("steps", sa.Integer(), nullable=False, server_default="0"))
        table.create_foreign_key(
            op.f("fk_data_request_lock_id_data_lock"), "data_lock", ["lock_id"], ["id"]
        )
        table.create_check_constraint(
            op.f("ck_data_request_kind_is_known"), "kind IN ('draft', 'lock', 'rebuild')"
        )
        table.create_check_constraint(
            op.f("ck_data_request_a_rebuild_names_a_lock"),
            "kind <> 'rebuild' OR lock_id IS NOT NULL",
        )


def downgrade() -> None:
    with op.batch_alter_table("data_request") as table:
        for name in (
            "kind",
            "profile",
            "streams",
            "lock_name",
            "lock_kind",
            "reason",
            "lock_id",
            "done",
            "steps",
        ):
            table.drop_column(name)
    for table_name in reversed(TABLES):
        op.drop_table(table_name)
