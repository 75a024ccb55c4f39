"""Adverse events and the alerts about people.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
TABLES = (
    "alert",
    "alert_event",
    "adverse_event",
    "adverse_event_version",
    "adverse_event_coding",
    "baseline_symptom",
    "safety_report",
)
"""All of them audited and append-only."""
OF_PARTICIPANT = ("alert", "alert_event", "adverse_event", "adverse_event_version")
"""The participant site raises alerts, and takes in and shows a person's own reports."""


def upgrade() -> None:
    create_alerts()
    create_events()
    create_what_follows()
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
    for table in OF_PARTICIPANT:
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {PARTICIPANT}")
    # Whether the next step of the dose is due depends on a person's events with all that belongs to them.
    op.execute(f"GRANT SELECT ON adverse_event_coding TO {PARTICIPANT}")


def create_alerts() -> None:
    op.create_table(
        "alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "level IN ('red', 'amber', 'blue')", name=op.f("ck_alert_level_is_known")
        ),
        sa.CheckConstraint(
            "level = 'blue' OR due_at IS NOT NULL", name=op.f("ck_alert_has_a_clock")
        ),
        sa.CheckConstraint("due_at > created_at", name=op.f("ck_alert_due_is_after_created")),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_alert_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
    )
    op.create_index("ix_alert_participant_id_rule", "alert", ["participant_id", "rule"])
    op.create_table(
        "alert_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("values", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "kind IN ('repeated', 'acknowledged', 'acted', 'closed')",
            name=op.f("ck_alert_event_kind_is_known"),
        ),
        sa.CheckConstraint(
            "(kind = 'repeated') = (values IS NOT NULL)",
            name=op.f("ck_alert_event_repeated_says_what"),
        ),
        sa.CheckConstraint(
            "(kind = 'acted') = (action IS NOT NULL)", name=op.f("ck_alert_event_acted_says_how")
        ),
        sa.CheckConstraint(
            "(kind = 'closed') = (because IS NOT NULL)",
            name=op.f("ck_alert_event_closed_says_why"),
        ),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alert.id"], name=op.f("fk_alert_event_alert_id_alert")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_event")),
    )
    op.create_index(op.f("ix_alert_event_alert_id"), "alert_event", ["alert_id"])
    for kind in ("acknowledged", "closed"):
        op.create_index(
            f"uq_alert_event_{kind}",
            "alert_event",
            ["alert_id"],
            unique=True,
            postgresql_where=sa.text(f"kind = '{kind}'"),
        )


def create_events() -> None:
    op.create_table(
        "adverse_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_adverse_event_number_counts_from_1")),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_adverse_event_participant_id_participant"),
        ),
        sa.UniqueConstraint(
            "participant_id", "key", name=op.f("uq_adverse_event_participant_id_key")
        ),
        sa.UniqueConstraint(
            "participant_id", "number", name=op.f("uq_adverse_event_participant_id_number")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event")),
    )
    op.create_table(
        "adverse_event_version",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("adverse_event_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("reporter", sa.String(), nullable=False),
        sa.Column("vocabulary", sa.String(), nullable=False),
        sa.Column("verbatim", sa.String(), nullable=False),
        sa.Column("term", sa.String(), nullable=True),
        sa.Column("done", sa.String(), nullable=True),
        sa.Column("start", sa.String(), nullable=True),
        sa.Column("start_time", sa.String(), nullable=True),
        sa.Column("stop", sa.String(), nullable=True),
        sa.Column("ongoing", sa.Boolean(), nullable=True),
        sa.Column("severity", sa.String(), nullable=True),
        sa.Column("grade", sa.Integer(), nullable=True),
        sa.Column("serious", postgresql.ARRAY(sa.TEXT()), nullable=True),
        sa.Column("related", sa.Boolean(), nullable=True),
        sa.Column("who_umc", sa.String(), nullable=True),
        sa.Column("naranjo", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("naranjo_score", sa.Integer(), nullable=True),
        sa.Column("expected", sa.Boolean(), nullable=True),
        sa.Column("expectedness", sa.String(), nullable=True),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("treatment", sa.String(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("dechallenge", sa.String(), nullable=True),
        sa.Column("rechallenge", sa.String(), nullable=True),
        sa.Column("pem_related", sa.Boolean(), nullable=True),
        sa.Column("hys_law", sa.Boolean(), nullable=True),
        sa.Column("pregnancy", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "action IN ('none', 'dose_reduced', 'held', 'stopped_permanently', 'time_changed')",
            name=op.f("ck_adverse_event_version_action_is_known"),
        ),
        sa.CheckConstraint(
            "who_umc IN ('certain', 'probable', 'possible', 'unlikely', 'conditional', 'unassessable')",
            name=op.f("ck_adverse_event_version_class_is_known"),
        ),
        sa.CheckConstraint(
            "serious <@ ARRAY['death', 'life_threatening', 'hospitalisation', 'disability', 'congenital_anomaly', 'medically_important']",
            name=op.f("ck_adverse_event_version_criteria_are_known"),
        ),
        sa.CheckConstraint(
            "(expected IS NULL) = (expectedness IS NULL)",
            name=op.f("ck_adverse_event_version_expectedness_says_by_what"),
        ),
        sa.CheckConstraint(
            "outcome <> 'fatal' OR 'death' = ANY (serious)",
            name=op.f("ck_adverse_event_version_fatal_outcome_is_death"),
        ),
        sa.CheckConstraint(
            "(grade = 5) = ('death' = ANY (serious))",
            name=op.f("ck_adverse_event_version_grade_5_and_death_go_together"),
        ),
        sa.CheckConstraint(
            "grade BETWEEN 1 AND 5", name=op.f("ck_adverse_event_version_grade_is_1_to_5")
        ),
        sa.CheckConstraint(
            "learned_at <= recorded_at",
            name=op.f("ck_adverse_event_version_learned_before_recorded"),
        ),
        sa.CheckConstraint(
            "(naranjo IS NULL) = (naranjo_score IS NULL)",
            name=op.f("ck_adverse_event_version_naranjo_is_scored"),
        ),
        sa.CheckConstraint(
            "outcome IN ('recovered', 'recovering', 'not_recovered', 'recovered_with_sequelae', 'fatal', 'unknown')",
            name=op.f("ck_adverse_event_version_outcome_is_known"),
        ),
        sa.CheckConstraint(
            "reporter IN ('participant', 'proxy', 'staff', 'other')",
            name=op.f("ck_adverse_event_version_reporter_is_known"),
        ),
        sa.CheckConstraint(
            "severity IN ('mild', 'moderate', 'severe')",
            name=op.f("ck_adverse_event_version_severity_is_known"),
        ),
        sa.CheckConstraint(
            "source IN ('participant', 'contact', 'visit', 'checklist', 'laboratory', 'other')",
            name=op.f("ck_adverse_event_version_source_is_known"),
        ),
        sa.CheckConstraint(
            "start ~ '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$'",
            name=op.f("ck_adverse_event_version_start_is_a_date"),
        ),
        sa.CheckConstraint(
            "stop ~ '^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$'",
            name=op.f("ck_adverse_event_version_stop_is_a_date"),
        ),
        sa.CheckConstraint(
            "start_time IS NULL OR (start IS NOT NULL AND length(start) = 10)",
            name=op.f("ck_adverse_event_version_time_has_its_day"),
        ),
        sa.CheckConstraint(
            "version >= 1", name=op.f("ck_adverse_event_version_version_counts_from_1")
        ),
        sa.CheckConstraint(
            "NOT ongoing OR stop IS NULL",
            name=op.f("ck_adverse_event_version_what_goes_on_has_no_stop"),
        ),
        sa.ForeignKeyConstraint(
            ["adverse_event_id"],
            ["adverse_event.id"],
            name=op.f("fk_adverse_event_version_adverse_event_id_adverse_event"),
        ),
        sa.UniqueConstraint(
            "adverse_event_id",
            "version",
            name=op.f("uq_adverse_event_version_adverse_event_id_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event_version")),
    )


def create_what_follows() -> None:
    op.create_table(
        "adverse_event_coding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("llt_code", sa.String(), nullable=False),
        sa.Column("pt_code", sa.String(), nullable=False),
        sa.Column("pt_name", sa.String(), nullable=False),
        sa.Column("soc_name", sa.String(), nullable=False),
        sa.Column("meddra_version", sa.String(), nullable=False),
        sa.Column("coded_by", sa.String(), nullable=False),
        sa.Column("coded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["adverse_event_version.id"],
            name=op.f("fk_adverse_event_coding_version_id_adverse_event_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adverse_event_coding")),
    )
    op.create_index(
        op.f("ix_adverse_event_coding_version_id"), "adverse_event_coding", ["version_id"]
    )
    op.create_table(
        "baseline_symptom",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("term", sa.String(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.CheckConstraint(
            "grade BETWEEN 0 AND 4", name=op.f("ck_baseline_symptom_grade_is_0_to_4")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_baseline_symptom_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baseline_symptom")),
    )
    op.create_index(
        op.f("ix_baseline_symptom_participant_id"), "baseline_symptom", ["participant_id"]
    )
    op.create_table(
        "safety_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("adverse_event_id", sa.Uuid(), nullable=False),
        sa.Column("clock", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("corrects", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(corrects IS NULL) = (because IS NULL)",
            name=op.f("ck_safety_report_correction_says_why"),
        ),
        sa.CheckConstraint(
            "sent_at <= recorded_at", name=op.f("ck_safety_report_sent_before_recorded")
        ),
        sa.ForeignKeyConstraint(
            ["adverse_event_id"],
            ["adverse_event.id"],
            name=op.f("fk_safety_report_adverse_event_id_adverse_event"),
        ),
        sa.ForeignKeyConstraint(
            ["corrects"], ["safety_report.id"], name=op.f("fk_safety_report_corrects_safety_report")
        ),
        sa.UniqueConstraint("corrects", name=op.f("uq_safety_report_corrects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_safety_report")),
    )
    op.create_index(
        "uq_safety_report_first",
        "safety_report",
        ["adverse_event_id", "clock"],
        unique=True,
        postgresql_where=sa.text("corrects IS NULL"),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
