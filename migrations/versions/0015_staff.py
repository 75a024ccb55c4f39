"""Accounts of the staff, what they may do where, their sessions, and what they looked at; the tables hold each to their sites.

Revision ID: 0015
Revises: 0014
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STAFF, STUDY = "hometrial_staff", "hometrial_study"
SQL = Path(__file__).resolve().parents[1] / "sql" / "0015_scope.sql"
SCHEMAS = ("public", "sync", "vault", "audit", "jobs", "scope", "access")

OF_PEOPLE = (
    "adverse_event", "alert", "allocation", "anchor_day", "answer_upload", "bad_day", "baseline_symptom", "bridge",
    "connection", "consent_event", "consent_signature", "consent_talk", "contact", "daily_metric", "day_chunk",
    "device", "dose_event", "entry_address", "entry_code", "gap", "laboratory_result", "link_invitation",
    "medication", "message", "message_topic", "participant_zone", "participation", "passkey", "pause",
    "quarantined_row", "query", "quiz_call", "quiz_try", "reminder_choice", "reminder_rest", "response",
    "screening", "section_read", "signature_refusal", "supply_count", "supply_movement", "told_history",
    "visit_confirmation", "visit_record", "wearable_account", "withdrawal_choice", "work_item",
    "sync.link_attempt", "sync.pull", "sync.visitor",
)  # fmt: skip
CHILDREN = {
    "adverse_event_version": ("adverse_event_id", "adverse_event"),
    "adverse_event_coding": ("version_id", "adverse_event_version"),
    "alert_event": ("alert_id", "alert"),
    "allocation_in_error": ("allocation_id", "allocation"),
    "answer": ("response_id", "response"),
    "consent_copy": ("signature_id", "consent_signature"),
    "form_score": ("submission_id", "submission"),
    "message_state": ("message_id", "message"),
    "passkey_removal": ("passkey_id", "passkey"),
    "passkey_use": ("passkey_id", "passkey"),
    "safety_report": ("adverse_event_id", "adverse_event"),
    "screening_answer": ("screening_id", "screening"),
    "sitting": ("response_id", "response"),
    "submission": ("response_id", "response"),
    "sync.account_plan": ("account_id", "wearable_account"),
    "sync.paired_device": ("account_id", "wearable_account"),
    "sync.pull_page": ("pull_id", "sync.pull"),
    "sync.push_receipt": ("bridge_id", "bridge"),
    "sync.stream_state": ("account_id", "wearable_account"),
    "vault.message_secret": ("message_id", "message"),
    "vault.token": ("account_id", "wearable_account"),
}
OF_THE_STUDY = (
    "allocation_reveal", "allocation_scheme", "batch", "consent_text", "finding", "instrument_version", "lot",
    "passkey_challenge", "payload", "product", "protocol_version", "provider_end", "shipment", "site",
    "sync.rate_bucket", "sync.webhook_event", "text_pack", "verdict", "audit.entry", "audit.link", "audit.pending",
    "jobs.procrastinate_jobs", "jobs.procrastinate_events", "jobs.procrastinate_periodic_defers", "jobs.procrastinate_workers",
)  # fmt: skip
BYTES = (
    "EXISTS (SELECT FROM public.batch b JOIN public.quarantined_row q ON q.batch_id = b.id"
    " WHERE b.payload_id = payload_part.payload_id)"
    " OR EXISTS (SELECT FROM sync.pull_page g JOIN sync.pull p ON p.id = g.pull_id"
    " WHERE g.payload_id = payload_part.payload_id)"
    " OR EXISTS (SELECT FROM public.batch b JOIN public.day_chunk c ON c.batch_id = b.id"
    " WHERE b.payload_id = payload_part.payload_id)"
    " OR EXISTS (SELECT FROM sync.push_receipt r WHERE r.payload_id = payload_part.payload_id)"
    " OR EXISTS (SELECT FROM public.submission s WHERE s.payload_id = payload_part.payload_id)"
    " OR EXISTS (SELECT FROM public.answer_upload u WHERE u.payload_id = payload_part.payload_id)"
)
"""The bytes of a file are seen by whom one of its people belongs to."""
OURS = ("staff_account", "staff_grant", "access.staff_session", "access.access_record")
ROLES = "'coordinator', 'data_manager', 'investigator', 'statistician', 'monitor', 'dsmb', 'admin'"
ANYWHERE = "'statistician', 'monitor', 'dsmb', 'admin'"
KINDS = "'log_in', 'log_out', 'refused_log_in', 'refused', 'viewed', 'identity', 'exported', 'signed'"


def upgrade() -> None:
    op.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{STAFF}')"
        f" THEN CREATE ROLE {STAFF} NOLOGIN; END IF; END $$"
    )
    op.execute(f"GRANT {STAFF} TO CURRENT_USER")
    op.get_bind().exec_driver_sql(SQL.read_text().replace("%", "%%"))
    tables()
    op.execute(f"GRANT USAGE ON SCHEMA {', '.join(SCHEMAS)} TO {STAFF}")
    op.execute(f"GRANT SELECT ON scope.child TO {STAFF}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA jobs TO {STAFF}")
    op.execute(f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA jobs TO {STAFF}")
    op.execute("SELECT scope.hold('participant', 'site_id = ANY ((SELECT scope.sites())::uuid[])')")
    for table in OF_PEOPLE:
        op.execute(f"SELECT scope.by_person('{table}')")
    for table, (link, parent) in CHILDREN.items():
        op.execute(f"SELECT scope.by_parent('{table}', '{link}', '{parent}')")
    op.execute(f"SELECT scope.hold('payload_part', $${BYTES}$$)")
    op.execute("ALTER POLICY site ON payload_part WITH CHECK (true)")  # bytes come before whose they are
    for table in (*OF_THE_STUDY, *OURS):
        op.execute(f"SELECT scope.of_study('{table}')")
    op.execute(
        f"CREATE POLICY site ON audit.entry TO {STAFF}"
        " USING (scope.sees(table_name, row_key, coalesce(new, old)))"
    )
    # The role of identities is taken on by staff too: then it sees the people of their sites.
    op.execute("ALTER TABLE identity.identity ENABLE ROW LEVEL SECURITY")
    op.execute(
        "CREATE POLICY site ON identity.identity TO hometrial_identity USING ("
        "coalesce(current_setting('hometrial.sites', true), '') = '' OR EXISTS (SELECT FROM participant p"
        " WHERE p.id = participant_id AND p.site_id = ANY ((SELECT scope.sites())::uuid[])))"
    )
    op.execute("GRANT USAGE ON SCHEMA scope TO hometrial_identity")


def tables() -> None:
    # What was looked at is not in the trail of what was changed: a page that is looked at waits for no import.
    op.execute("CREATE SCHEMA access")
    op.execute(f"GRANT USAGE ON SCHEMA access TO {STUDY}")
    op.create_table(
        "staff_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("full_name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "name ~ '^[a-z][a-z0-9.-]{1,31}$'", name=op.f("ck_staff_account_name_is_plain")
        ),
        sa.CheckConstraint(
            "btrim(full_name) <> ''", name=op.f("ck_staff_account_full_name_is_told")
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_because IS NULL)",
            name=op.f("ck_staff_account_disabled_for_a_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_account")),
        sa.UniqueConstraint("name", name=op.f("uq_staff_account_name")),
    )
    op.create_table(
        "staff_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=True),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.CheckConstraint(f"role IN ({ROLES})", name=op.f("ck_staff_grant_role_is_known")),
        sa.CheckConstraint(
            f"site_id IS NOT NULL OR role IN ({ANYWHERE})",
            name=op.f("ck_staff_grant_who_writes_has_a_site"),
        ),
        sa.CheckConstraint(
            "role NOT IN ('admin', 'dsmb') OR site_id IS NULL",
            name=op.f("ck_staff_grant_who_serves_the_study_has_none"),
        ),
        sa.CheckConstraint(
            "decided_by <> requested_by", name=op.f("ck_staff_grant_decided_by_another")
        ),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_staff_grant_reason_is_told")),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)",
            name=op.f("ck_staff_grant_decided_as_a_whole"),
        ),
        sa.CheckConstraint(
            "(ended_by IS NULL) = (ended_at IS NULL) AND (ended_by IS NULL) = (end_reason IS NULL)",
            name=op.f("ck_staff_grant_ended_as_a_whole"),
        ),
        sa.CheckConstraint(
            "ended_at IS NULL OR approved", name=op.f("ck_staff_grant_only_an_approved_one_ends")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["staff_account.id"],
            name=op.f("fk_staff_grant_account_id_staff_account"),
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_staff_grant_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_grant")),
    )
    op.create_index(op.f("ix_staff_grant_account_id"), "staff_grant", ["account_id"])
    op.create_table(
        "staff_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("token_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("means", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "octet_length(token_sha256) = 32", name=op.f("ck_staff_session_token_is_hashed")
        ),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_because IS NULL)",
            name=op.f("ck_staff_session_ended_for_a_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["staff_account.id"],
            name=op.f("fk_staff_session_account_id_staff_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_session")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_staff_session_token_sha256")),
        schema="access",
    )
    op.create_index(
        op.f("ix_staff_session_account_id"), "staff_session", ["account_id"], schema="access"
    )
    op.create_table(
        "access_record",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.CheckConstraint(f"kind IN ({KINDS})", name=op.f("ck_access_record_kind_is_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_record")),
        schema="access",
    )
    for column in ("at", "who", "subject"):
        op.create_index(
            op.f(f"ix_access_record_{column}"), "access_record", [column], schema="access"
        )
    for table in ("staff_account", "staff_grant"):
        op.execute(f"SELECT audit.attach('public.{table}')")
    op.execute("SELECT audit.make_append_only('access.access_record')")
    for table in OURS:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")


def downgrade() -> None:
    op.execute("DROP POLICY site ON identity.identity")
    op.execute("ALTER TABLE identity.identity DISABLE ROW LEVEL SECURITY")
    op.execute(f"DROP OWNED BY {STAFF}")
    for table in reversed(OURS):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SCHEMA access")
    bind = op.get_bind()
    held = bind.exec_driver_sql(
        "SELECT DISTINCT polrelid::regclass::text, polname FROM pg_policy WHERE polname LIKE 'as\\_before\\_%%'"
    ).all()
    for table, name in held:
        op.execute(f"DROP POLICY {name} ON {table}")
    bare = bind.exec_driver_sql(
        "SELECT oid::regclass::text FROM pg_class c WHERE relrowsecurity"
        " AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)"
    ).scalars()
    for table in list(bare):
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    op.execute("DROP SCHEMA scope CASCADE")
