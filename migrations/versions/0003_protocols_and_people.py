"""Protocols with their versions, which of them a person follows, screening, allocation, visits.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
ALLOCATION = "hometrial_allocation"
APPEND_ONLY = (
    "participation",
    "anchor_day",
    "screening_answer",
    "allocation_scheme",
    "allocation",
    "allocation_in_error",
    "allocation_reveal",
    "visit_record",
    "contact",
)
AUDITED = ("protocol_version", "screening", *APPEND_ONLY)
SEALED = ("allocation_seal", "allocation_draw")
SHOWN_TO_PARTICIPANTS = (
    "protocol_version",
    "participation",
    "anchor_day",
    "screening",
    "allocation",
    "visit_record",
)
STATES = "('draft', 'approved', 'published', 'superseded', 'discarded')"


def upgrade() -> None:
    create_protocols()
    create_screening()
    create_allocation()
    create_visits()
    create_rules()
    for table in AUDITED:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
    for table in SHOWN_TO_PARTICIPANTS:
        op.execute(f"GRANT SELECT ON {table} TO {PARTICIPANT}")
    for table in APPEND_ONLY:
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
    seal()


def seal() -> None:
    """What would foretell an allocation is read by a role of its own; the trail, too, must not tell it."""
    op.execute(
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ALLOCATION}') "
        f"THEN CREATE ROLE {ALLOCATION} NOLOGIN; END IF; END $$"
    )
    op.execute(f"GRANT {ALLOCATION} TO CURRENT_USER")
    op.execute(f"GRANT USAGE ON SCHEMA vault TO {ALLOCATION}")
    for table in SEALED:
        op.execute(f"GRANT SELECT, INSERT ON vault.{table} TO {ALLOCATION}")
        op.execute(f"SELECT audit.make_append_only('vault.{table}')")


def create_rules() -> None:
    """What no check of a single row can hold: a decision stays, and decides what may follow."""
    op.execute(
        """
        CREATE FUNCTION keep_screening_decision() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
        BEGIN
            IF TG_OP = 'DELETE' OR OLD.outcome IS NOT NULL THEN
                RAISE EXCEPTION 'screening %: a screening is kept, and its decision is locked', OLD.id;
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_decision BEFORE UPDATE OR DELETE ON screening"
        " FOR EACH ROW EXECUTE FUNCTION keep_screening_decision()"
    )
    op.execute(
        """
        CREATE FUNCTION require_open_screening() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
        BEGIN
            PERFORM FROM screening WHERE id = NEW.screening_id AND outcome IS NULL FOR SHARE;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'screening % is decided, its answers are locked', NEW.screening_id;
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER require_open_screening BEFORE INSERT ON screening_answer"
        " FOR EACH ROW EXECUTE FUNCTION require_open_screening()"
    )
    op.execute(
        """
        CREATE FUNCTION require_allocatable() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
        BEGIN
            IF NOT EXISTS (SELECT FROM screening
                           WHERE id = NEW.screening_id AND outcome = 'eligible') THEN
                RAISE EXCEPTION 'screening % is not decided as eligible', NEW.screening_id;
            END IF;
            IF EXISTS (SELECT FROM allocation_reveal WHERE scheme_id = NEW.scheme_id) THEN
                RAISE EXCEPTION 'allocation scheme % is revealed', NEW.scheme_id;
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER require_allocatable BEFORE INSERT ON allocation"
        " FOR EACH ROW EXECUTE FUNCTION require_allocatable()"
    )


def create_protocols() -> None:
    op.create_table(
        "protocol_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("is_test", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_by", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_because", sa.String(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(f"state IN {STATES}", name=op.f("ck_protocol_version_state_is_known")),
        sa.CheckConstraint(
            "(state IN ('published', 'superseded')) = (published_at IS NOT NULL)",
            name=op.f("ck_protocol_version_published_says_when"),
        ),
        sa.CheckConstraint(
            "approved_by <> loaded_by OR is_test",
            name=op.f("ck_protocol_version_approved_by_another"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_version")),
    )
    op.create_index(
        "uq_protocol_version_in_force",
        "protocol_version",
        ["protocol", "is_test"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_index(
        "uq_protocol_version_version",
        "protocol_version",
        ["protocol", "version", "is_test"],
        unique=True,
        postgresql_where=sa.text("state <> 'discarded'"),
    )
    op.create_table(
        "participation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_participation_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_version_id"],
            ["protocol_version.id"],
            name=op.f("fk_participation_protocol_version_id_protocol_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participation")),
    )
    op.create_index(op.f("ix_participation_participant_id"), "participation", ["participant_id"])
    op.create_table(
        "anchor_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_anchor_day_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchor_day")),
    )
    op.create_index(op.f("ix_anchor_day_participant_id"), "anchor_day", ["participant_id"])


def create_screening() -> None:
    op.create_table(
        "screening",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("failing", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("answers_sha256", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(outcome IS NOT DISTINCT FROM 'declined') = (because IS NOT NULL)",
            name=op.f("ck_screening_declined_says_why"),
        ),
        sa.CheckConstraint(
            "(outcome IS NOT DISTINCT FROM 'screen_failure') = (cardinality(failing) > 0)",
            name=op.f("ck_screening_failure_says_why"),
        ),
        sa.CheckConstraint(
            "outcome IN ('eligible', 'screen_failure', 'declined')",
            name=op.f("ck_screening_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "(outcome IS NULL) = (decided_at IS NULL) AND (outcome IS NULL) = (decided_by IS NULL) AND (outcome IS NULL) = (answers_sha256 IS NULL)",
            name=op.f("ck_screening_decided_says_all"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_screening_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_version_id"],
            ["protocol_version.id"],
            name=op.f("fk_screening_protocol_version_id_protocol_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening")),
        sa.UniqueConstraint("id", "participant_id", name="uq_screening_id_participant_id"),
        sa.UniqueConstraint(
            "participant_id", "number", name=op.f("uq_screening_participant_id_number")
        ),
    )
    op.create_index(op.f("ix_screening_protocol_version_id"), "screening", ["protocol_version_id"])
    op.create_index(
        "uq_screening_open",
        "screening",
        ["participant_id"],
        unique=True,
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.create_table(
        "screening_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("screening_id", sa.Uuid(), nullable=False),
        sa.Column("variable", sa.String(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "jsonb_typeof(value) IN ('boolean', 'number', 'string', 'null')",
            name=op.f("ck_screening_answer_value_is_one"),
        ),
        sa.CheckConstraint(
            "source IN ('participant', 'staff', 'laboratory', 'document', 'form', 'consent')",
            name=op.f("ck_screening_answer_source_is_known"),
        ),
        sa.CheckConstraint(
            "(corrects_id IS NULL) = (because IS NULL)",
            name=op.f("ck_screening_answer_correction_says_why"),
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id", "screening_id", "variable"],
            ["screening_answer.id", "screening_answer.screening_id", "screening_answer.variable"],
            name="fk_screening_answer_corrects_id_screening_answer",
        ),
        sa.ForeignKeyConstraint(
            ["screening_id"],
            ["screening.id"],
            name=op.f("fk_screening_answer_screening_id_screening"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_answer")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_screening_answer_corrects_id")),
        sa.UniqueConstraint(
            "id",
            "screening_id",
            "variable",
            name=op.f("uq_screening_answer_id_screening_id_variable"),
        ),
    )
    op.create_index(op.f("ix_screening_answer_screening_id"), "screening_answer", ["screening_id"])
    op.create_index(
        "uq_screening_answer_first",
        "screening_answer",
        ["screening_id", "variable"],
        unique=True,
        postgresql_where=sa.text("corrects_id IS NULL"),
    )


def create_allocation() -> None:
    op.create_table(
        "allocation_scheme",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "commitment ~ '^[0-9a-f]{64}$'",
            name=op.f("ck_allocation_scheme_commitment_is_a_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_version_id"],
            ["protocol_version.id"],
            name=op.f("fk_allocation_scheme_protocol_version_id_protocol_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_scheme")),
        sa.UniqueConstraint(
            "protocol_version_id", name=op.f("uq_allocation_scheme_protocol_version_id")
        ),
    )
    op.create_table(
        "allocation_seal",
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["scheme_id"],
            ["allocation_scheme.id"],
            name=op.f("fk_allocation_seal_scheme_id_allocation_scheme"),
        ),
        sa.PrimaryKeyConstraint("scheme_id", name=op.f("pk_allocation_seal")),
        schema="vault",
    )
    op.create_table(
        "allocation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("screening_id", sa.Uuid(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("levels", postgresql.JSONB(), nullable=False),
        sa.Column("allocated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("allocated_by", sa.String(), nullable=False),
        sa.CheckConstraint("number > 0", name=op.f("ck_allocation_number_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_allocation_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["scheme_id"],
            ["allocation_scheme.id"],
            name=op.f("fk_allocation_scheme_id_allocation_scheme"),
        ),
        sa.ForeignKeyConstraint(
            ["screening_id", "participant_id"],
            ["screening.id", "screening.participant_id"],
            name="fk_allocation_screening_id_screening",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation")),
        sa.UniqueConstraint("participant_id", name=op.f("uq_allocation_participant_id")),
        sa.UniqueConstraint(
            "scheme_id", "stratum", "number", name=op.f("uq_allocation_scheme_id_stratum_number")
        ),
        sa.UniqueConstraint("screening_id", name=op.f("uq_allocation_screening_id")),
    )
    op.create_table(
        "allocation_draw",
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("imbalance", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("preferred", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["allocation_id"],
            ["allocation.id"],
            name=op.f("fk_allocation_draw_allocation_id_allocation"),
        ),
        sa.PrimaryKeyConstraint("allocation_id", name=op.f("pk_allocation_draw")),
        schema="vault",
    )
    op.create_table(
        "allocation_in_error",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.CheckConstraint("because ~ '\\S'", name=op.f("ck_allocation_in_error_says_why")),
        sa.ForeignKeyConstraint(
            ["allocation_id"],
            ["allocation.id"],
            name=op.f("fk_allocation_in_error_allocation_id_allocation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allocation_in_error")),
        sa.UniqueConstraint("allocation_id", name=op.f("uq_allocation_in_error_allocation_id")),
    )
    op.create_table(
        "allocation_reveal",
        sa.Column("scheme_id", sa.Uuid(), nullable=False),
        sa.Column("file", sa.String(), nullable=False),
        sa.Column("revealed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revealed_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.CheckConstraint("because ~ '\\S'", name=op.f("ck_allocation_reveal_says_why")),
        sa.ForeignKeyConstraint(
            ["scheme_id"],
            ["allocation_scheme.id"],
            name=op.f("fk_allocation_reveal_scheme_id_allocation_scheme"),
        ),
        sa.PrimaryKeyConstraint("scheme_id", name=op.f("pk_allocation_reveal")),
    )


def create_visits() -> None:
    op.create_table(
        "visit_record",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("visit", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("days_outside", sa.Integer(), nullable=True),
        sa.Column("mode", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(days_outside IS NOT NULL) = (outcome = 'held' AND due IS NOT NULL)",
            name=op.f("ck_visit_record_held_says_how_far_outside"),
        ),
        sa.CheckConstraint(
            "(outcome = 'held') = (day IS NOT NULL) AND (outcome = 'held') = (mode IS NOT NULL)",
            name=op.f("ck_visit_record_held_says_when_and_how"),
        ),
        sa.CheckConstraint(
            "(outcome = 'missed') = (reason IS NOT NULL)",
            name=op.f("ck_visit_record_missed_says_why"),
        ),
        sa.CheckConstraint(
            "mode IN ('video', 'phone', 'remote', 'clinic', 'system')",
            name=op.f("ck_visit_record_mode_is_known"),
        ),
        sa.CheckConstraint(
            "outcome = 'held' OR due IS NOT NULL",
            name=op.f("ck_visit_record_only_what_is_due_is_missed"),
        ),
        sa.CheckConstraint(
            "outcome IN ('held', 'missed')", name=op.f("ck_visit_record_outcome_is_known")
        ),
        sa.CheckConstraint(
            "(corrects_id IS NULL) = (because IS NULL)",
            name=op.f("ck_visit_record_correction_says_why"),
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_visit_record_number_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["corrects_id", "participant_id", "visit", "number"],
            [
                "visit_record.id",
                "visit_record.participant_id",
                "visit_record.visit",
                "visit_record.number",
            ],
            name="fk_visit_record_corrects_id_visit_record",
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_visit_record_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_version_id"],
            ["protocol_version.id"],
            name=op.f("fk_visit_record_protocol_version_id_protocol_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_record")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_visit_record_corrects_id")),
        sa.UniqueConstraint(
            "id",
            "participant_id",
            "visit",
            "number",
            name=op.f("uq_visit_record_id_participant_id_visit_number"),
        ),
    )
    op.create_index(op.f("ix_visit_record_participant_id"), "visit_record", ["participant_id"])
    op.create_index(
        "uq_visit_record_first",
        "visit_record",
        ["participant_id", "visit", "number"],
        unique=True,
        postgresql_where=sa.text("corrects_id IS NULL"),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("next_step", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "direction IN ('to_person', 'from_person')", name=op.f("ck_contact_direction_is_known")
        ),
        sa.CheckConstraint(
            "outcome IN ('reached', 'no_answer', 'left_message', 'sent', 'wrong_address', 'refused')",
            name=op.f("ck_contact_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "way IN ('phone', 'video', 'email', 'sms', 'letter', 'message', 'in_person')",
            name=op.f("ck_contact_way_is_known"),
        ),
        sa.CheckConstraint(
            "(corrects_id IS NULL) = (because IS NULL)", name=op.f("ck_contact_correction_says_why")
        ),
        sa.CheckConstraint(
            "(next_on IS NULL) = (next_step IS NULL)",
            name=op.f("ck_contact_next_says_when_and_what"),
        ),
        sa.ForeignKeyConstraint(
            ["corrects_id", "participant_id"],
            ["contact.id", "contact.participant_id"],
            name="fk_contact_corrects_id_contact",
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_contact_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_contact_corrects_id")),
        sa.UniqueConstraint("id", "participant_id", name=op.f("uq_contact_id_participant_id")),
    )
    op.create_index(op.f("ix_contact_participant_id"), "contact", ["participant_id"])


def downgrade() -> None:
    for table in reversed(SEALED):
        op.drop_table(table, schema="vault")
    op.execute(f"REVOKE ALL ON SCHEMA vault FROM {ALLOCATION}")
    for table in (
        "contact",
        "visit_record",
        "allocation_reveal",
        "allocation_in_error",
        "allocation",
        "allocation_scheme",
        "screening_answer",
        "screening",
    ):
        op.drop_table(table)
    for function in ("keep_screening_decision", "require_open_screening", "require_allocatable"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("anchor_day")
    op.drop_table("participation")
    op.drop_table("protocol_version")
