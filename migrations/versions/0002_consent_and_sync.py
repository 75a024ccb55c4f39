"""Consent, linked accounts, the sync log, the job engine's tables, and who may touch which of them.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STUDY, WORKER, PARTICIPANT = "hometrial_study", "hometrial_worker", "hometrial_participant"
AUDITED = (
    "consent_event",
    "pause",
    "connection",
    "link_invitation",
    "bridge",
    "work_item",
    "provider_end",
)
APPEND_ONLY = ("consent_event",)
ROWS = "rows_accepted + rows_duplicate + rows_quarantined + rows_unreadable"
EVERY_ROW = "ck_batch_every_row_is_accounted_for"


def upgrade() -> None:
    for schema in ("sync", "vault", "jobs"):
        op.execute(f"CREATE SCHEMA {schema}")
    widen()
    create_tables()
    create_indexes()
    for table in AUDITED:
        op.execute(f"SELECT audit.attach('public.{table}')")
    for table in APPEND_ONLY:
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
    create_jobs()
    grant()


def widen() -> None:
    """Give `batch` and `day_chunk` their new columns; the old rows' values are recorded in the trail."""
    op.alter_column("batch", "payload_id", existing_type=sa.Uuid(), nullable=True)
    op.add_column("batch", sa.Column("rows_not_consented", sa.BigInteger(), nullable=True))
    op.add_column("day_chunk", sa.Column("because", sa.String(), nullable=True))
    op.execute("UPDATE batch SET rows_not_consented = 0")
    op.execute("UPDATE day_chunk SET because = 'imported'")
    op.alter_column("batch", "rows_not_consented", nullable=False)
    op.alter_column("day_chunk", "because", nullable=False)
    op.drop_constraint(op.f(EVERY_ROW), "batch")
    op.create_check_constraint(op.f(EVERY_ROW), "batch", f"rows_read = {ROWS} + rows_not_consented")
    op.create_check_constraint(
        op.f("ck_batch_one_payload_or_pulls"), "batch", "(payload_id IS NULL) = (kind = 'pull')"
    )


def create_indexes() -> None:
    """For what is asked each hour: a person's gaps by day, and days that are not final yet."""
    op.create_index("ix_gap_participant_id_day", "gap", ["participant_id", "day"])
    op.create_index(
        "ix_day_chunk_provisional",
        "day_chunk",
        ["day"],
        postgresql_where=sa.text("is_current AND state = 'provisional'"),
    )


def create_jobs() -> None:
    """The job engine's own tables, in a schema of their own; it names them without one."""
    connection = op.get_bind()
    before = connection.exec_driver_sql("SHOW search_path").scalar_one()
    connection.exec_driver_sql("SET LOCAL search_path TO jobs, public")
    connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    connection.exec_driver_sql(f"SET LOCAL search_path TO {before}")


def grant() -> None:
    """The worker reads tokens; the participant site links and takes in, and sees no measurement."""
    for role in (WORKER, PARTICIPANT):
        op.execute(
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$"
        )
        op.execute(f"GRANT {role} TO CURRENT_USER")
        op.execute(f"GRANT USAGE ON SCHEMA public, audit, sync, jobs, vault TO {role}")
    op.execute(f"GRANT {STUDY} TO {WORKER}")
    op.execute(f"GRANT USAGE ON SCHEMA sync, jobs, vault TO {STUDY}")
    for schema in ("public", "sync", "jobs"):
        op.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {STUDY}"
        )
    op.execute("GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO " + f"{STUDY}, {PARTICIPANT}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON vault.token TO {WORKER}")
    # Whoever links hands tokens over; whoever withdraws destroys them. Neither can read one.
    for role in (STUDY, PARTICIPANT):
        op.execute(f"GRANT INSERT, UPDATE, DELETE ON vault.token TO {role}")
        op.execute(
            f"GRANT SELECT (account_id, version, expires_at, refresh_expires_at, refreshed_at)"
            f" ON vault.token TO {role}"
        )
    op.execute(
        f"GRANT SELECT ON participant, participant_zone, consent_event, pause TO {PARTICIPANT}"
    )
    op.execute(f"GRANT SELECT ON bridge, provider_end, payload TO {PARTICIPANT}")
    op.execute(f"GRANT INSERT ON payload, payload_part TO {PARTICIPANT}")
    op.execute(
        f"GRANT SELECT, INSERT, UPDATE ON wearable_account, connection, link_invitation, work_item"
        f" TO {PARTICIPANT}"
    )
    op.execute(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA sync TO {PARTICIPANT}"
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA jobs TO {PARTICIPANT}")
    op.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO {STUDY}, {PARTICIPANT}")


def create_tables() -> None:
    op.create_table(
        "provider_end",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", name=op.f("pk_provider_end")),
    )
    op.create_table(
        "account_plan",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("hourly_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("nightly_on", sa.Date(), nullable=True),
        sa.Column("whole_since", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wearable_account.id"],
            name=op.f("fk_account_plan_account_id_wearable_account"),
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_plan")),
        schema="sync",
    )
    op.create_table(
        "rate_bucket",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("tokens", sa.Double(), nullable=False),
        sa.Column("refilled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_bucket")),
        schema="sync",
    )
    op.create_table(
        "webhook_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("hints", sa.Integer(), nullable=False),
        sa.Column("of_nobody", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_event")),
        schema="sync",
    )
    op.create_index(
        op.f("ix_webhook_event_received_at"),
        "webhook_event",
        ["received_at"],
        unique=False,
        schema="sync",
    )
    op.create_table(
        "consent_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("data_type", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("keep_late", sa.Boolean(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.CheckConstraint(
            "(decision = 'withdrawn') = (keep_late IS NOT NULL)",
            name=op.f("ck_consent_event_withdrawal_says_what_of_late"),
        ),
        sa.CheckConstraint(
            "decision IN ('granted', 'withdrawn')", name=op.f("ck_consent_event_decision_is_known")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_consent_event_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_event")),
    )
    op.create_index(
        op.f("ix_consent_event_participant_id"), "consent_event", ["participant_id"], unique=False
    )
    op.create_table(
        "link_invitation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_link_invitation_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_invitation")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_link_invitation_token_sha256")),
    )
    op.create_index(
        op.f("ix_link_invitation_participant_id"),
        "link_invitation",
        ["participant_id"],
        unique=False,
    )
    op.create_table(
        "pause",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("end_at > start_at", name=op.f("ck_pause_end_is_after_start")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_pause_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index(op.f("ix_pause_participant_id"), "pause", ["participant_id"], unique=False)
    op.create_table(
        "link_attempt",
        sa.Column("state_sha256", sa.String(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("verifier", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_link_attempt_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("state_sha256", name=op.f("pk_link_attempt")),
        schema="sync",
    )
    op.create_index(
        op.f("ix_link_attempt_participant_id"),
        "link_attempt",
        ["participant_id"],
        unique=False,
        schema="sync",
    )
    op.create_table(
        "visitor",
        sa.Column("cookie_sha256", sa.String(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_visitor_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("cookie_sha256", name=op.f("pk_visitor")),
        schema="sync",
    )
    op.create_index(
        op.f("ix_visitor_participant_id"),
        "visitor",
        ["participant_id"],
        unique=False,
        schema="sync",
    )
    op.create_table(
        "work_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_because", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_work_item_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_item")),
    )
    op.create_index(
        op.f("ix_work_item_participant_id"), "work_item", ["participant_id"], unique=False
    )
    op.create_index(
        "uq_work_item_open",
        "work_item",
        ["participant_id", "kind", "subject"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "bridge",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wearable_account.id"],
            name=op.f("fk_bridge_account_id_wearable_account"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_bridge_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bridge")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_bridge_token_sha256")),
    )
    op.create_index(op.f("ix_bridge_participant_id"), "bridge", ["participant_id"], unique=False)
    op.create_table(
        "connection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_reason", sa.String(), nullable=False),
        sa.Column("streams", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("former_id", sa.String(), nullable=True),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('active', 'reconnect_needed', 'not_linked', 'retired', 'unlinking', 'unlinked')",
            name=op.f("ck_connection_status_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wearable_account.id"],
            name=op.f("fk_connection_account_id_wearable_account"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_connection_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("account_id", name=op.f("uq_connection_account_id")),
    )
    op.create_index(
        op.f("ix_connection_participant_id"), "connection", ["participant_id"], unique=False
    )
    op.create_table(
        "paired_device",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("battery", sa.String(), nullable=True),
        sa.Column("last_sync_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wearable_account.id"],
            name=op.f("fk_paired_device_account_id_wearable_account"),
        ),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_paired_device")),
        schema="sync",
    )
    op.create_table(
        "pull",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_synced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calls", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.Boolean(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_accepted", sa.BigInteger(), nullable=False),
        sa.Column("rows_duplicate", sa.BigInteger(), nullable=False),
        sa.Column("rows_quarantined", sa.BigInteger(), nullable=False),
        sa.Column("rows_unreadable", sa.BigInteger(), nullable=False),
        sa.Column("rows_not_consented", sa.BigInteger(), nullable=False),
        sa.Column("rows_absent", sa.BigInteger(), nullable=False),
        sa.Column("error_kind", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "state IN ('fetching', 'fetched', 'done', 'stopped', 'failed')",
            name=op.f("ck_pull_state_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wearable_account.id"],
            name=op.f("fk_pull_account_id_wearable_account"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_pull_batch_id_batch")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_pull_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull")),
        schema="sync",
    )
    op.create_index(
        "ix_pull_account_id_started_at",
        "pull",
        ["account_id", "started_at"],
        unique=False,
        schema="sync",
    )
    op.create_index(op.f("ix_pull_batch_id"), "pull", ["batch_id"], unique=False, schema="sync")
    op.create_index(
        op.f("ix_pull_participant_id"), "pull", ["participant_id"], unique=False, schema="sync"
    )
    op.create_index(
        "ix_pull_waiting",
        "pull",
        ["account_id"],
        unique=False,
        schema="sync",
        postgresql_where=sa.text("state = 'fetched'"),
    )
    op.create_table(
        "stream_state",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("known", postgresql.TSTZMULTIRANGE(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("data_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("obstacle", sa.String(), nullable=True),
        sa.Column("obstacle_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("obstacle_text", sa.String(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wearable_account.id"],
            name=op.f("fk_stream_state_account_id_wearable_account"),
        ),
        sa.PrimaryKeyConstraint("account_id", "stream", name=op.f("pk_stream_state")),
        schema="sync",
    )
    op.create_table(
        "token",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("access", sa.LargeBinary(), nullable=False),
        sa.Column("refresh", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refresh_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["wearable_account.id"],
            name=op.f("fk_token_account_id_wearable_account"),
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_token")),
        schema="vault",
    )
    op.create_table(
        "pull_page",
        sa.Column("pull_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("payload_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_pull_page_payload_id_payload")
        ),
        sa.ForeignKeyConstraint(
            ["pull_id"], ["sync.pull.id"], name=op.f("fk_pull_page_pull_id_pull")
        ),
        sa.PrimaryKeyConstraint("pull_id", "number", name=op.f("pk_pull_page")),
        schema="sync",
    )
    op.create_index(
        op.f("ix_pull_page_payload_id"), "pull_page", ["payload_id"], unique=False, schema="sync"
    )
    op.create_table(
        "push_receipt",
        sa.Column("bridge_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.Column("payload_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["bridge_id"], ["bridge.id"], name=op.f("fk_push_receipt_bridge_id_bridge")
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_push_receipt_payload_id_payload")
        ),
        sa.PrimaryKeyConstraint("bridge_id", "key", name=op.f("pk_push_receipt")),
        schema="sync",
    )


def downgrade() -> None:
    """Lossy where accounts were linked: what was pulled belongs to no payload of its own."""
    op.execute("DROP SCHEMA jobs CASCADE")
    op.drop_index("ix_day_chunk_provisional", table_name="day_chunk")
    op.drop_index("ix_gap_participant_id_day", table_name="gap")
    op.execute("ALTER TABLE day_chunk DISABLE TRIGGER USER")
    op.execute("ALTER TABLE batch DISABLE TRIGGER USER")
    op.execute(
        "UPDATE batch b SET kind = 'page', scope = b.id::text, payload_id = ("
        " SELECT g.payload_id FROM sync.pull p JOIN sync.pull_page g ON g.pull_id = p.id"
        " WHERE p.batch_id = b.id ORDER BY p.started_at, g.number LIMIT 1)"
        " WHERE b.kind = 'pull'"
    )
    op.execute("ALTER TABLE batch ENABLE TRIGGER USER")
    op.execute("ALTER TABLE day_chunk ENABLE TRIGGER USER")
    op.drop_constraint(op.f("ck_batch_one_payload_or_pulls"), "batch")
    op.drop_constraint(op.f(EVERY_ROW), "batch")
    op.execute(
        "ALTER TABLE batch ADD CONSTRAINT "
        + EVERY_ROW
        + " CHECK (rows_read = "
        + ROWS
        + ") NOT VALID"
    )
    op.drop_column("batch", "rows_not_consented")
    op.drop_column("day_chunk", "because")
    op.alter_column("batch", "payload_id", existing_type=sa.Uuid(), nullable=False)
    op.drop_table("push_receipt", schema="sync")
    op.drop_index(op.f("ix_pull_page_payload_id"), table_name="pull_page", schema="sync")
    op.drop_table("pull_page", schema="sync")
    op.drop_table("token", schema="vault")
    op.drop_table("stream_state", schema="sync")
    op.drop_index(
        "ix_pull_waiting",
        table_name="pull",
        schema="sync",
        postgresql_where=sa.text("state = 'fetched'"),
    )
    op.drop_index(op.f("ix_pull_participant_id"), table_name="pull", schema="sync")
    op.drop_index(op.f("ix_pull_batch_id"), table_name="pull", schema="sync")
    op.drop_index("ix_pull_account_id_started_at", table_name="pull", schema="sync")
    op.drop_table("pull", schema="sync")
    op.drop_table("paired_device", schema="sync")
    op.drop_index(op.f("ix_connection_participant_id"), table_name="connection")
    op.drop_table("connection")
    op.drop_index(op.f("ix_bridge_participant_id"), table_name="bridge")
    op.drop_table("bridge")
    op.drop_index(
        "uq_work_item_open", table_name="work_item", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index(op.f("ix_work_item_participant_id"), table_name="work_item")
    op.drop_table("work_item")
    op.drop_index(op.f("ix_visitor_participant_id"), table_name="visitor", schema="sync")
    op.drop_table("visitor", schema="sync")
    op.drop_index(op.f("ix_link_attempt_participant_id"), table_name="link_attempt", schema="sync")
    op.drop_table("link_attempt", schema="sync")
    op.drop_index(op.f("ix_pause_participant_id"), table_name="pause")
    op.drop_table("pause")
    op.drop_index(op.f("ix_link_invitation_participant_id"), table_name="link_invitation")
    op.drop_table("link_invitation")
    op.drop_index(op.f("ix_consent_event_participant_id"), table_name="consent_event")
    op.drop_table("consent_event")
    op.drop_index(op.f("ix_webhook_event_received_at"), table_name="webhook_event", schema="sync")
    op.drop_table("webhook_event", schema="sync")
    op.drop_table("account_plan", schema="sync")
    op.drop_table("rate_bucket", schema="sync")
    op.drop_table("provider_end")
    op.execute("DROP SCHEMA sync")
    op.execute("DROP SCHEMA vault")
    for role in (WORKER, PARTICIPANT):
        op.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
        op.execute(f"REVOKE ALL ON SCHEMA public, audit FROM {role}")
