"""Consent documents as they were read and signed, comprehension, withdrawal.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
STAFF_WRITES = ("consent_text", "quiz_call")
PERSON_WRITES = ("section_read", "quiz_try", "consent_signature", "withdrawal_choice")
CHOICES = (
    "('stop_drug', 'stop_drug_safety_only', 'stop_wearable', 'stop_diaries', 'stop_contact', "
    "'withdraw_completely', 'delete_raw_data')"
)
# Who signs on the participant site also switches data types on, and begins to be counted from that day.
SIGNED_THERE = ("consent_event", "anchor_day")
# Who withdraws there is withdrawn at once, and their phone pushes no more.
WITHDRAWN_THERE = ("(status) ON participant", "(revoked_at) ON bridge")


def upgrade() -> None:
    create_texts()
    create_comprehension()
    create_signatures()
    create_choices()
    for table in (*STAFF_WRITES, *PERSON_WRITES):
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"GRANT SELECT ON {table} TO {PARTICIPANT}")
    for table in (*PERSON_WRITES, *SIGNED_THERE):
        op.execute(f"GRANT INSERT ON {table} TO {PARTICIPANT}")
    for column in WITHDRAWN_THERE:
        op.execute(f"GRANT UPDATE {column} TO {PARTICIPANT}")
    keep_countersigning_from_participants()


def create_texts() -> None:
    op.create_table(
        "consent_text",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("quiz", sa.String(), nullable=False),
        sa.Column("quiz_sha256", sa.String(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "length(sha256) = 64 AND length(quiz_sha256) = 64",
            name=op.f("ck_consent_text_hashes_are_whole"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_text")),
        sa.UniqueConstraint(
            "protocol", "is_test", "document", "version", "language",
            name=op.f("uq_consent_text_protocol_is_test_document_version_language"),
        ),
        sa.UniqueConstraint(
            "id", "protocol", "document", "version", name="uq_consent_text_as_it_is_signed"
        ),
    )
    op.create_table(
        "section_read",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("section", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        *references("section_read", participant="participant_id", consent_text="text_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_section_read")),
    )
    op.create_index(
        "ix_section_read_progress", "section_read", ["participant_id", "text_id", "section"]
    )


def create_comprehension() -> None:
    op.create_table(
        "quiz_try",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("answers", JSONB(), nullable=False),
        sa.Column("wrong", JSONB(), nullable=False),
        sa.Column("is_passed", sa.Boolean(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "is_passed = (wrong = '[]'::jsonb)", name=op.f("ck_quiz_try_passed_is_nothing_wrong")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_quiz_try_number_counts_from_one")),
        *references("quiz_try", participant="participant_id", consent_text="text_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_try")),
        sa.UniqueConstraint(
            "participant_id", "text_id", "number",
            name=op.f("uq_quiz_try_participant_id_text_id_number"),
        ),
    )
    op.create_table(
        "quiz_call",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("after_try", sa.Integer(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_by", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        *references("quiz_call", participant="participant_id", consent_text="text_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quiz_call")),
        sa.UniqueConstraint(
            "participant_id", "text_id", "after_try",
            name=op.f("uq_quiz_call_participant_id_text_id_after_try"),
        ),
    )


def create_signatures() -> None:
    op.create_table(
        "consent_signature",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("countersigns", sa.Uuid(), nullable=True),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("reauthentication", sa.String(), nullable=False),
        sa.Column("identity_check", sa.String(), nullable=False),
        sa.Column("discussed_with", sa.String(), nullable=False),
        sa.Column("granted", JSONB(), nullable=False),
        sa.Column("statement", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("seal", sa.String(), nullable=False),
        *rules_of_signatures(),
        *references(
            "consent_signature",
            participant="participant_id",
            protocol_version="protocol_version_id",
            consent_signature="countersigns",
        ),
        sa.ForeignKeyConstraint(
            ["text_id", "protocol", "document", "version"],
            [f"consent_text.{each}" for each in ("id", "protocol", "document", "version")],
            name=op.f("fk_consent_signature_text_id_consent_text"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_signature")),
        sa.UniqueConstraint("countersigns", name=op.f("uq_consent_signature_countersigns")),
    )
    op.create_index(
        "uq_consent_signature_in_force",
        "consent_signature",
        ["participant_id", "protocol", "document", "version"],
        unique=True,
        postgresql_where=sa.text("part = 'participant'"),
    )
    op.create_index(
        op.f("ix_consent_signature_participant_id"), "consent_signature", ["participant_id"]
    )


def rules_of_signatures() -> list[sa.CheckConstraint]:
    rules = {
        "part_is_known": "part IN ('participant', 'investigator')",
        "countersignature_names_what": "(part = 'investigator') = (countersigns IS NOT NULL)",
        "role_is_known": "role IN ('self', 'scribe', 'proxy')",
        "kind_is_known": "kind IN ('electronic', 'handwritten')",
        "hashes_are_whole": "length(sha256) = 64 AND length(seal) = 64",
    }
    return [
        sa.CheckConstraint(rule, name=op.f(f"ck_consent_signature_{name}"))
        for name, rule in rules.items()
    ]


def keep_countersigning_from_participants() -> None:
    """Whoever gets hold of the participant site's rights signs for no investigator."""
    table = "consent_signature"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY study ON {table} TO {STUDY} USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY reading ON {table} FOR SELECT TO {PARTICIPANT} USING (true)")
    op.execute(
        f"CREATE POLICY signing ON {table} FOR INSERT TO {PARTICIPANT}"
        " WITH CHECK (part = 'participant')"
    )


def create_choices() -> None:
    op.create_table(
        "withdrawal_choice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.String(), nullable=False),
        sa.Column("takes_back", sa.Uuid(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("receipt", JSONB(), nullable=False),
        sa.CheckConstraint(
            f"choice IN {CHOICES}", name=op.f("ck_withdrawal_choice_choice_is_known")
        ),
        sa.CheckConstraint(
            "role IN ('self', 'scribe', 'proxy', 'staff')",
            name=op.f("ck_withdrawal_choice_role_is_known"),
        ),
        sa.CheckConstraint(
            "takes_back IS NULL OR choice <> 'withdraw_completely'",
            name=op.f("ck_withdrawal_choice_end_is_final"),
        ),
        *references(
            "withdrawal_choice", participant="participant_id", withdrawal_choice="takes_back"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal_choice")),
        sa.UniqueConstraint("takes_back", name=op.f("uq_withdrawal_choice_takes_back")),
    )
    op.create_index(
        op.f("ix_withdrawal_choice_participant_id"), "withdrawal_choice", ["participant_id"]
    )


def references(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(
            [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
        )
        for other, column in columns.items()
    ]


def downgrade() -> None:
    for column in WITHDRAWN_THERE:
        op.execute(f"REVOKE UPDATE {column} FROM {PARTICIPANT}")
    for table in SIGNED_THERE:
        op.execute(f"REVOKE INSERT ON {table} FROM {PARTICIPANT}")
    for table in reversed((*STAFF_WRITES[:1], *PERSON_WRITES, *STAFF_WRITES[1:])):
        op.drop_table(table)
