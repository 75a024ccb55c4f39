"""Consent talked over, refused and copied; what a person who signs, or declines, writes on their own page.

Revision ID: 0011
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
INSTANT = sa.DateTime(timezone=True)
TABLES = {"consent_talk": "SELECT", "signature_refusal": "SELECT, INSERT", "consent_copy": "SELECT, INSERT"}
# Who signs a newer version follows it from then on; who declines closes their own screening.
WRITTEN_THERE = (
    "INSERT ON participation",
    "SELECT, INSERT ON screening_answer",
    "UPDATE (outcome, decided_at, decided_by, failing, because, answers_sha256) ON screening",
)


def upgrade() -> None:
    create_talks()
    create_refusals()
    create_copies()
    for table, rights in TABLES.items():
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"GRANT {rights} ON {table} TO {PARTICIPANT}")
    for right in WRITTEN_THERE:
        op.execute(f"GRANT {right} TO {PARTICIPANT}")


def create_talks() -> None:
    op.create_table(
        "consent_talk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("held_at", INSTANT, nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("led_by", sa.String(), nullable=False),
        sa.Column("identity_check", sa.String(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "way IN ('video', 'phone', 'in_person')", name=op.f("ck_consent_talk_way_is_known")
        ),
        sa.CheckConstraint(
            "held_at <= recorded_at", name=op.f("ck_consent_talk_held_before_it_is_recorded")
        ),
        of("consent_talk", "participant"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_talk")),
    )
    op.create_index(op.f("ix_consent_talk_participant_id"), "consent_talk", ["participant_id"])


def create_refusals() -> None:
    op.create_table(
        "signature_refusal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("refused_at", INSTANT, nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        of("signature_refusal", "participant"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature_refusal")),
    )
    op.create_index(
        op.f("ix_signature_refusal_participant_id"), "signature_refusal", ["participant_id"]
    )


def create_copies() -> None:
    op.create_table(
        "consent_copy",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signature_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("given_to", sa.String(), nullable=False),
        sa.Column("given_at", INSTANT, nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_consent_copy_hash_is_whole")),
        of("consent_copy", "consent_signature", "signature_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_copy")),
        sa.UniqueConstraint(
            "signature_id", "sha256", "given_to",
            name=op.f("uq_consent_copy_signature_id_sha256_given_to"),
        ),
    )


def of(table: str, other: str, column: str | None = None) -> sa.ForeignKeyConstraint:
    column = column or f"{other}_id"
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
    )


def downgrade() -> None:
    for right in WRITTEN_THERE:
        op.execute(f"REVOKE {right} FROM {PARTICIPANT}")
    for table in TABLES:
        op.drop_table(table)
