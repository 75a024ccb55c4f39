"""How staff prove who they are, their tokens, and two persons for every role, held by the tables.

Revision ID: 0016
Revises: 0015
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STUDY = "hometrial_study"
SQL = Path(__file__).resolve().parents[1] / "sql" / "0016_guards.sql"
AUDITED = ("staff_passkey", "staff_password", "setup_link", "staff_token")
USED = ("staff_passkey_use", "staff_code_use", "recovery_code", "staff_challenge")


def upgrade() -> None:
    passkeys()
    passwords()
    links_and_tokens()
    challenges()
    op.create_index(
        "uq_staff_grant_held",
        "staff_grant",
        ["account_id", "role", "site_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
        postgresql_where=sa.text("approved IS NOT FALSE AND ended_at IS NULL"),
    )
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))
    for table in (*AUDITED, *USED):
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON access.{table} TO {STUDY}")
        op.execute(f"SELECT scope.of_study('access.{table}')")
    for table in AUDITED:
        op.execute(f"SELECT audit.attach('access.{table}')")
    for table in ("staff_passkey_use", "staff_code_use"):
        op.execute(f"SELECT audit.make_append_only('access.{table}')")


def of_an_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["account_id"],
        ["staff_account.id"],
        name=op.f(f"fk_{table}_account_id_staff_account"),
    )


def passkeys() -> None:
    op.create_table(
        "staff_passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_staff_passkey_counts_from_zero")),
        of_an_account("staff_passkey"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_staff_passkey_credential_id")),
        schema="access",
    )
    op.create_table(
        "staff_passkey_use",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("passkey_id", sa.Uuid(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_staff_passkey_use_counts_from_zero")),
        sa.ForeignKeyConstraint(
            ["passkey_id"],
            ["access.staff_passkey.id"],
            name=op.f("fk_staff_passkey_use_passkey_id_staff_passkey"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_passkey_use")),
        schema="access",
    )
    for table, column in (("staff_passkey", "account_id"), ("staff_passkey_use", "passkey_id")):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], schema="access")
    op.create_index(
        "uq_staff_passkey_use_count",
        "staff_passkey_use",
        ["passkey_id", "sign_count"],
        unique=True,
        schema="access",
        postgresql_where=sa.text("sign_count > 0"),
    )


def passwords() -> None:
    op.create_table(
        "staff_password",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("password_hash", sa.LargeBinary(), nullable=False),
        sa.Column("app_secret", sa.LargeBinary(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        of_an_account("staff_password"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_staff_password")),
        schema="access",
    )
    op.create_table(
        "staff_code_use",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        of_an_account("staff_code_use"),
        sa.PrimaryKeyConstraint("account_id", "step", name=op.f("pk_staff_code_use")),
        schema="access",
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hmac", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(code_hmac) = 32", name=op.f("ck_recovery_code_code_is_hashed")
        ),
        sa.CheckConstraint(
            "used_at IS NULL OR replaced_at IS NULL",
            name=op.f("ck_recovery_code_used_or_replaced"),
        ),
        of_an_account("recovery_code"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        schema="access",
    )
    op.create_index(
        op.f("ix_recovery_code_account_id"), "recovery_code", ["account_id"], schema="access"
    )


def links_and_tokens() -> None:
    op.create_table(
        "setup_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "octet_length(token_sha256) = 32", name=op.f("ck_setup_link_token_is_hashed")
        ),
        sa.CheckConstraint(
            "expires_at BETWEEN made_at + interval '10 minutes' AND made_at + interval '7 days'",
            name=op.f("ck_setup_link_lasts_minutes_to_days"),
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_because IS NULL)",
            name=op.f("ck_setup_link_ended_for_a_reason"),
        ),
        of_an_account("setup_link"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup_link")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_setup_link_token_sha256")),
        schema="access",
    )
    op.create_index(op.f("ix_setup_link_account_id"), "setup_link", ["account_id"], schema="access")
    op.create_table(
        "staff_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(token_sha256) = 32", name=op.f("ck_staff_token_token_is_hashed")
        ),
        sa.CheckConstraint(
            "length(btrim(name)) BETWEEN 1 AND 64", name=op.f("ck_staff_token_name_is_told")
        ),
        sa.CheckConstraint(
            "expires_at > made_at AND expires_at <= made_at + interval '366 days'",
            name=op.f("ck_staff_token_lasts_a_year_at_most"),
        ),
        of_an_account("staff_token"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_token")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_token_token_sha256")),
        schema="access",
    )
    op.create_index(
        "uq_staff_token_name",
        "staff_token",
        ["account_id", "name"],
        unique=True,
        schema="access",
        postgresql_where=sa.text("revoked_at IS NULL"),
    )


def challenges() -> None:
    op.create_table(
        "staff_challenge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("browser_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("bound_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('register', 'enter', 'confirm')",
            name=op.f("ck_staff_challenge_purpose_is_known"),
        ),
        sa.CheckConstraint(
            "(purpose = 'enter') = (bound_sha256 IS NULL)",
            name=op.f("ck_staff_challenge_only_entering_is_unbound"),
        ),
        sa.CheckConstraint(
            "expires_at > created_at", name=op.f("ck_staff_challenge_expires_after_created")
        ),
        sa.CheckConstraint(
            "(used_at IS NULL) = (outcome IS NULL)",
            name=op.f("ck_staff_challenge_use_has_an_outcome"),
        ),
        sa.CheckConstraint(
            "outcome IN ('accepted', 'refused')", name=op.f("ck_staff_challenge_outcome_is_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_challenge")),
        sa.UniqueConstraint("browser_sha256", name=op.f("uq_staff_challenge_browser_sha256")),
        schema="access",
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER guard ON public.staff_account")
    op.execute("DROP TRIGGER guard ON public.staff_grant")
    op.execute("DROP FUNCTION access.guard_account()")
    op.execute("DROP FUNCTION access.guard_grant()")
    op.drop_index("uq_staff_grant_held", "staff_grant")
    for table in (*USED, *reversed(AUDITED)):
        op.execute(f"DROP TABLE access.{table}")
