"""How a participant gets in: addresses by hash, codes, passkeys, confirmations.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
TABLES = (
    "entry_address",
    "entry_code",
    "passkey",
    "passkey_use",
    "passkey_removal",
    "passkey_challenge",
    "visit_confirmation",
)
"""All of them audited."""
APPEND_ONLY = ("passkey", "passkey_use", "passkey_removal", "visit_confirmation")
CHANGED_WHEN_USED = ("entry_code", "passkey_challenge")
INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_codes()
    create_passkeys()
    create_uses()
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
    # The participant site finds a person by the hash of an address; whose address it is, others write.
    op.execute(f"GRANT SELECT ON entry_address TO {PARTICIPANT}")
    for table in APPEND_ONLY:
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {PARTICIPANT}")
    for table in CHANGED_WHEN_USED:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {PARTICIPANT}")


def of_participant(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_participant_id_participant")
    return sa.ForeignKeyConstraint(["participant_id"], ["participant.id"], name=name)


def of_passkey(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_passkey_id_passkey")
    return sa.ForeignKeyConstraint(["passkey_id"], ["passkey.id"], name=name)


def check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def create_codes() -> None:
    op.create_table(
        "entry_address",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("address_hmac", sa.String(), nullable=False),
        sa.Column("recorded_at", INSTANT, nullable=False),
        check("entry_address", "hash_is_whole", "length(address_hmac) = 64"),
        of_participant("entry_address"),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_entry_address")),
        sa.UniqueConstraint("address_hmac", name=op.f("uq_entry_address_address_hmac")),
    )
    op.create_table(
        "entry_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("address_hmac", sa.String(), nullable=False),
        sa.Column("browser_sha256", sa.String(), nullable=False),
        sa.Column("visit_sha256", sa.String(), nullable=True),
        sa.Column("code_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        check("entry_code", "tries_are_few", "tries BETWEEN 0 AND 5"),
        check("entry_code", "expires_after_created", "expires_at > created_at"),
        check(
            "entry_code",
            "used_by_somebody",
            "used_at IS NULL OR (participant_id IS NOT NULL AND tries > 0)",
        ),
        check(
            "entry_code",
            "confirms_somebody",
            "visit_sha256 IS NULL OR participant_id IS NOT NULL",
        ),
        check("entry_code", "hash_is_whole", "length(address_hmac) = 64"),
        of_participant("entry_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_code")),
        sa.UniqueConstraint("browser_sha256", name=op.f("uq_entry_code_browser_sha256")),
    )
    op.create_index("ix_entry_code_participant_id", "entry_code", ["participant_id"])


def create_passkeys() -> None:
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("registered_by", sa.String(), nullable=False),
        sa.Column("registered_at", INSTANT, nullable=False),
        check(
            "passkey",
            "registered_by_is_known",
            "registered_by IN ('passkey', 'e-mail code', 'invitation')",
        ),
        check("passkey", "counts_from_zero", "sign_count >= 0"),
        of_participant("passkey"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_participant_id"), "passkey", ["participant_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("browser_sha256", sa.String(), nullable=False),
        sa.Column("visit_sha256", sa.String(), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        check(
            "passkey_challenge", "purpose_is_known", "purpose IN ('register', 'enter', 'confirm')"
        ),
        check(
            "passkey_challenge",
            "only_entering_has_no_visit",
            "(purpose = 'enter') = (visit_sha256 IS NULL)",
        ),
        check("passkey_challenge", "expires_after_created", "expires_at > created_at"),
        check("passkey_challenge", "use_has_an_outcome", "(used_at IS NULL) = (outcome IS NULL)"),
        check("passkey_challenge", "outcome_is_known", "outcome IN ('accepted', 'refused')"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint("browser_sha256", name=op.f("uq_passkey_challenge_browser_sha256")),
    )


def create_uses() -> None:
    op.create_table(
        "passkey_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("passkey_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("used_at", INSTANT, nullable=False),
        check("passkey_use", "purpose_is_known", "purpose IN ('enter', 'confirm')"),
        check("passkey_use", "counts_from_zero", "sign_count >= 0"),
        of_passkey("passkey_use"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_use")),
    )
    op.create_index("ix_passkey_use_passkey_id_used_at", "passkey_use", ["passkey_id", "used_at"])
    op.create_index(
        "uq_passkey_use_count",
        "passkey_use",
        ["passkey_id", "sign_count"],
        unique=True,
        postgresql_where=sa.text("sign_count > 0"),
    )
    op.create_table(
        "passkey_removal",
        sa.Column("passkey_id", sa.Uuid(), nullable=False),
        sa.Column("removed_at", INSTANT, nullable=False),
        of_passkey("passkey_removal"),
        sa.PrimaryKeyConstraint("passkey_id", name=op.f("pk_passkey_removal")),
    )
    op.create_table(
        "visit_confirmation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("visit_sha256", sa.String(), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("confirmed_at", INSTANT, nullable=False),
        check("visit_confirmation", "means_are_known", "means IN ('passkey', 'e-mail code')"),
        of_participant("visit_confirmation"),
        sa.ForeignKeyConstraint(
            ["visit_sha256"],
            ["sync.visitor.cookie_sha256"],
            name=op.f("fk_visit_confirmation_visit_sha256_visitor"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_confirmation")),
    )
    op.create_index(
        op.f("ix_visit_confirmation_participant_id"), "visit_confirmation", ["participant_id"]
    )
    op.create_index("ix_visit_confirmation_visit_sha256", "visit_confirmation", ["visit_sha256"])


def downgrade() -> None:
    op.drop_table("visit_confirmation")
    op.drop_table("passkey_removal")
    op.drop_table("passkey_use")
    op.drop_table("passkey_challenge")
    op.drop_table("passkey")
    op.drop_table("entry_code")
    op.drop_table("entry_address")
