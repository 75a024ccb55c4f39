"""The spine: sites, participants, payloads, batches, day chunks, quarantine; the audit trail.

Revision ID: 0001
Revises:
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STUDY = "hometrial_study"
IDENTITY = "hometrial_identity"
APPEND_ONLY = ("participant_zone", "payload", "payload_part", "verdict", "finding")


def upgrade() -> None:
    op.execute("CREATE SCHEMA identity")
    create_tables()
    audit = Path(__file__).parents[1] / "sql" / "0001_audit.sql"
    op.get_bind().exec_driver_sql(audit.read_text().replace("%", "%%"))
    tables = sorted(sa.inspect(op.get_bind()).get_table_names(schema="public"))
    for table in [t for t in tables if t != "alembic_version"]:
        op.execute(f"SELECT audit.attach('public.{table}')")
    op.execute("SELECT audit.attach('identity.identity')")
    for table in APPEND_ONLY:
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
    grant()


def grant() -> None:
    """Two roles of the cluster: the study's, which never sees a name, and that of the names."""
    for role in (STUDY, IDENTITY):
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
        op.execute(f"GRANT {role} TO CURRENT_USER")
        op.execute(f"GRANT USAGE ON SCHEMA public, audit TO {role}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {STUDY}")
    op.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA audit TO {STUDY}")
    op.execute("REVOKE ALL ON FUNCTION audit.drift(text) FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION audit.drift(text) TO {STUDY}")
    op.execute(f"GRANT USAGE ON SCHEMA identity TO {IDENTITY}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON identity.identity TO {IDENTITY}")
    op.execute(f"GRANT SELECT ON public.participant TO {IDENTITY}")


def create_tables() -> None:
    op.create_table(
        "payload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payload")),
        sa.UniqueConstraint("provider", "sha256", name=op.f("uq_payload_provider_sha256")),
    )
    op.create_table(
        "site",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("code", name=op.f("uq_site_code")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payload_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("reader_revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=False),
        sa.Column("rows_duplicate", sa.BigInteger(), nullable=False),
        sa.Column("rows_quarantined", sa.BigInteger(), nullable=False),
        sa.Column("rows_unreadable", sa.BigInteger(), nullable=False),
        sa.Column("quarantined_by_rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("unreadable", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("participants", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("chunks", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("observed_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("observed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('accepted', 'partly', 'rejected')", name=op.f("ck_batch_status_is_known")
        ),
        sa.CheckConstraint(
            "rows_read = rows_accepted + rows_duplicate + rows_quarantined + rows_unreadable",
            name=op.f("ck_batch_every_row_is_accounted_for"),
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_batch_payload_id_payload")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint(
            "payload_id",
            "kind",
            "scope",
            "reader_revision",
            name=op.f("uq_batch_payload_id_kind_scope_reader_revision"),
        ),
    )
    op.create_index(op.f("ix_batch_payload_id"), "batch", ["payload_id"], unique=False)
    op.create_table(
        "participant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "code ~ '^P-[0-9]{4,}$'", name=op.f("ck_participant_code_is_a_pseudonym")
        ),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_participant_site_id_site")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("code", name=op.f("uq_participant_code")),
    )
    op.create_table(
        "payload_part",
        sa.Column("payload_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_payload_part_payload_id_payload")
        ),
        sa.PrimaryKeyConstraint("payload_id", "part", name=op.f("pk_payload_part")),
    )
    op.create_table(
        "daily_metric",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_daily_metric_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_metric")),
        sa.UniqueConstraint(
            "participant_id",
            "day",
            "metric",
            name=op.f("uq_daily_metric_participant_id_day_metric"),
        ),
    )
    op.create_table(
        "day_chunk",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("revised", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content_sha256", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('provisional', 'final')", name=op.f("ck_day_chunk_state_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_day_chunk_batch_id_batch")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_day_chunk_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_chunk")),
        sa.UniqueConstraint(
            "participant_id",
            "stream",
            "day",
            "version",
            name=op.f("uq_day_chunk_participant_id_stream_day_version"),
        ),
    )
    op.create_index(op.f("ix_day_chunk_batch_id"), "day_chunk", ["batch_id"], unique=False)
    op.create_index(
        "uq_day_chunk_current",
        "day_chunk",
        ["participant_id", "stream", "day"],
        unique=True,
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("firmware", sa.String(), nullable=True),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_device_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint(
            "participant_id",
            "provider",
            "source",
            "model",
            name=op.f("uq_device_participant_id_provider_source_model"),
        ),
    )
    op.create_index(op.f("ix_device_participant_id"), "device", ["participant_id"], unique=False)
    op.create_table(
        "gap",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "cause IN ('not_worn', 'not_synced', 'token_dead', 'scope_missing', 'not_consented', 'paused', 'provider_outage', 'retired', 'quarantined', 'not_in_source', 'unknown')",
            name=op.f("ck_gap_cause_is_known"),
        ),
        sa.CheckConstraint("end_at > start_at", name=op.f("ck_gap_end_is_after_start")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_gap_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gap")),
        sa.UniqueConstraint(
            "participant_id",
            "stream",
            "start_at",
            name=op.f("uq_gap_participant_id_stream_start_at"),
        ),
    )
    op.create_table(
        "identity",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_identity_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("participant_id", name=op.f("pk_identity")),
        schema="identity",
    )
    op.create_table(
        "participant_zone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_participant_zone_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant_zone")),
    )
    op.create_index(
        op.f("ix_participant_zone_participant_id"),
        "participant_zone",
        ["participant_id"],
        unique=False,
    )
    op.create_table(
        "query",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("signal", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("close_reason", sa.String(), nullable=True),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_query_status_is_known")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_query_batch_id_batch")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_query_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query")),
        sa.UniqueConstraint(
            "batch_id",
            "participant_id",
            "signal",
            "rule",
            name=op.f("uq_query_batch_id_participant_id_signal_rule"),
        ),
    )
    op.create_index(op.f("ix_query_batch_id"), "query", ["batch_id"], unique=False)
    op.create_index(op.f("ix_query_participant_id"), "query", ["participant_id"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("segment", sa.Integer(), nullable=False),
        sa.Column("signal", sa.String(), nullable=False),
        sa.Column("suite", sa.String(), nullable=False),
        sa.Column("suite_version", sa.Integer(), nullable=False),
        sa.Column("success", sa.Boolean(), nullable=False),
        sa.Column("evaluated", sa.BigInteger(), nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_verdict_batch_id_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdict")),
    )
    op.create_index(op.f("ix_verdict_batch_id"), "verdict", ["batch_id"], unique=False)
    op.create_table(
        "wearable_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_wearable_account_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wearable_account")),
        sa.UniqueConstraint(
            "provider", "external_id", name=op.f("uq_wearable_account_provider_external_id")
        ),
    )
    op.create_index(
        op.f("ix_wearable_account_participant_id"),
        "wearable_account",
        ["participant_id"],
        unique=False,
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("verdict_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("examples", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "severity IN ('error', 'flag')", name=op.f("ck_finding_severity_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["verdict_id"], ["verdict.id"], name=op.f("fk_finding_verdict_id_verdict")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index(op.f("ix_finding_verdict_id"), "finding", ["verdict_id"], unique=False)
    op.create_table(
        "quarantined_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("query_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("signal", sa.String(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("suite", sa.String(), nullable=False),
        sa.Column("suite_version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sample", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sample_sha256", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decision_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "status IN ('open', 'released', 'confirmed')",
            name=op.f("ck_quarantined_row_status_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_quarantined_row_batch_id_batch")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_quarantined_row_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["query_id"], ["query.id"], name=op.f("fk_quarantined_row_query_id_query")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantined_row")),
    )
    op.create_index(
        op.f("ix_quarantined_row_batch_id"), "quarantined_row", ["batch_id"], unique=False
    )
    op.create_index(
        op.f("ix_quarantined_row_participant_id"),
        "quarantined_row",
        ["participant_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_quarantined_row_query_id"), "quarantined_row", ["query_id"], unique=False
    )
    op.create_index(
        op.f("ix_quarantined_row_sample_sha256"), "quarantined_row", ["sample_sha256"], unique=False
    )


def downgrade() -> None:
    op.execute("DROP SCHEMA audit CASCADE")
    op.drop_index(op.f("ix_quarantined_row_sample_sha256"), table_name="quarantined_row")
    op.drop_index(op.f("ix_quarantined_row_query_id"), table_name="quarantined_row")
    op.drop_index(op.f("ix_quarantined_row_participant_id"), table_name="quarantined_row")
    op.drop_index(op.f("ix_quarantined_row_batch_id"), table_name="quarantined_row")
    op.drop_table("quarantined_row")
    op.drop_index(op.f("ix_finding_verdict_id"), table_name="finding")
    op.drop_table("finding")
    op.drop_index(op.f("ix_wearable_account_participant_id"), table_name="wearable_account")
    op.drop_table("wearable_account")
    op.drop_index(op.f("ix_verdict_batch_id"), table_name="verdict")
    op.drop_table("verdict")
    op.drop_index(op.f("ix_query_participant_id"), table_name="query")
    op.drop_index(op.f("ix_query_batch_id"), table_name="query")
    op.drop_table("query")
    op.drop_index(op.f("ix_participant_zone_participant_id"), table_name="participant_zone")
    op.drop_table("participant_zone")
    op.drop_table("identity", schema="identity")
    op.drop_table("gap")
    op.drop_index(op.f("ix_device_participant_id"), table_name="device")
    op.drop_table("device")
    op.drop_index(
        "uq_day_chunk_current", table_name="day_chunk", postgresql_where=sa.text("is_current")
    )
    op.drop_index(op.f("ix_day_chunk_batch_id"), table_name="day_chunk")
    op.drop_table("day_chunk")
    op.drop_table("daily_metric")
    op.drop_table("payload_part")
    op.drop_table("participant")
    op.drop_index(op.f("ix_batch_payload_id"), table_name="batch")
    op.drop_table("batch")
    op.drop_table("site")
    op.drop_table("payload")
    op.execute("DROP SCHEMA identity")
    for role in (STUDY, IDENTITY):
        op.execute(f"REVOKE ALL ON SCHEMA public FROM {role}")
