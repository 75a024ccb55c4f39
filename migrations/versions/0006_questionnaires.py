"""Questionnaires: what was answered, how, and the scores of it.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
TABLES = (
    "instrument_version",
    "text_pack",
    "bad_day",
    "response",
    "sitting",
    "answer_upload",
    "answer",
    "submission",
    "form_score",
)
STAFF_ALONE = ("text_pack",)


def upgrade() -> None:
    create_instrument_version()
    create_text_pack()
    create_bad_day()
    create_response()
    create_sitting()
    create_answer_upload()
    create_answer()
    create_submission()
    create_form_score()
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        rights = "SELECT" if table in STAFF_ALONE else "SELECT, INSERT"
        op.execute(f"GRANT {rights} ON {table} TO {PARTICIPANT}")


def create_instrument_version() -> None:
    op.create_table(
        "instrument_version",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_instrument_version")),
    )


def create_text_pack() -> None:
    op.create_table(
        "text_pack",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instrument", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_pack")),
    )


def create_bad_day() -> None:
    op.create_table(
        "bad_day",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('begun', 'over')",
            name=op.f("ck_bad_day_kind_is_known"),
        ),
        sa.CheckConstraint(
            "kind = 'begun' OR severity IS NULL",
            name=op.f("ck_bad_day_only_what_begins_is_severe"),
        ),
        sa.CheckConstraint(
            "severity BETWEEN 1 AND 3",
            name=op.f("ck_bad_day_severity_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_bad_day_participant_id_participant")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bad_day")),
    )
    op.create_index(op.f("ix_bad_day_participant_id"), "bad_day", ["participant_id"])


def create_response() -> None:
    op.create_table(
        "response",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("definition_sha256", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('visit', 'diary')",
            name=op.f("ck_response_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_response_participant_id_participant")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_version_id"], ["protocol_version.id"], name=op.f("fk_response_protocol_version_id_protocol_version")
        ),
        sa.ForeignKeyConstraint(
            ["definition_sha256"], ["instrument_version.sha256"], name=op.f("fk_response_definition_sha256_instrument_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
        sa.UniqueConstraint(
            "participant_id", "form", "occasion", name=op.f("uq_response_participant_id_form_occasion")
        ),
    )


def create_sitting() -> None:
    op.create_table(
        "sitting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("wording_sha256", sa.String(), nullable=False),
        sa.Column("device", postgresql.JSONB(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("respondent", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "mode IN ('web', 'interview', 'import')",
            name=op.f("ck_sitting_mode_is_known"),
        ),
        sa.CheckConstraint(
            "mode = 'web' OR is_staff",
            name=op.f("ck_sitting_only_staff_enter_for_others"),
        ),
        sa.CheckConstraint(
            "respondent IN ('self', 'self_with_scribe', 'proxy')",
            name=op.f("ck_sitting_respondent_is_known"),
        ),
        sa.CheckConstraint(
            "NOT is_staff OR (because IS NOT NULL AND because <> '')",
            name=op.f("ck_sitting_staff_say_why"),
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_sitting_response_id_response")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sitting")),
    )
    op.create_index(op.f("ix_sitting_response_id"), "sitting", ["response_id"])


def create_answer_upload() -> None:
    op.create_table(
        "answer_upload",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("client_key", sa.String(), nullable=False),
        sa.Column("payload_id", sa.Uuid(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("skew_seconds", sa.Double(), nullable=False),
        sa.Column("refused", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["participant_id"], ["participant.id"], name=op.f("fk_answer_upload_participant_id_participant")
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_answer_upload_payload_id_payload")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_upload")),
        sa.UniqueConstraint(
            "participant_id", "client_key", name=op.f("uq_answer_upload_participant_id_client_key")
        ),
    )


def create_answer() -> None:
    op.create_table(
        "answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("upload_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("value", postgresql.JSONB(), nullable=True),
        sa.Column("skipped", sa.String(), nullable=True),
        sa.Column("screen", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alert", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(value IS NULL) = (skipped IS NOT NULL)",
            name=op.f("ck_answer_blank_says_why"),
        ),
        sa.CheckConstraint(
            "revision >= 0",
            name=op.f("ck_answer_revision_is_counted"),
        ),
        sa.CheckConstraint(
            "seconds >= 0",
            name=op.f("ck_answer_seconds_are_no_debt"),
        ),
        sa.CheckConstraint(
            "skipped IN ('prefer_not', 'not_sure', 'not_relevant', 'too_unwell', 'unstated')",
            name=op.f("ck_answer_skipped_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_answer_response_id_response")
        ),
        sa.ForeignKeyConstraint(
            ["sitting_id"], ["sitting.id"], name=op.f("fk_answer_sitting_id_sitting")
        ),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["answer_upload.id"], name=op.f("fk_answer_upload_id_answer_upload")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer")),
        sa.UniqueConstraint(
            "response_id", "place", name=op.f("uq_answer_response_id_place")
        ),
    )


def create_submission() -> None:
    op.create_table(
        "submission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("response_id", sa.Uuid(), nullable=False),
        sa.Column("sitting_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("asked", sa.String(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("because", sa.String(), nullable=True),
        sa.Column("payload_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "asked IN ('full', 'short')",
            name=op.f("ck_submission_asked_is_known"),
        ),
        sa.CheckConstraint(
            "kind <> 'corrected' OR (because IS NOT NULL AND because <> '')",
            name=op.f("ck_submission_correction_says_why"),
        ),
        sa.CheckConstraint(
            "kind <> 'corrected' OR revision > 1",
            name=op.f("ck_submission_first_corrects_nothing"),
        ),
        sa.CheckConstraint(
            "kind IN ('submitted', 'too_ill', 'corrected')",
            name=op.f("ck_submission_kind_is_known"),
        ),
        sa.CheckConstraint(
            "NOT late OR (because IS NOT NULL AND because <> '')",
            name=op.f("ck_submission_late_says_why"),
        ),
        sa.CheckConstraint(
            "revision >= 1",
            name=op.f("ck_submission_revision_is_counted"),
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["response.id"], name=op.f("fk_submission_response_id_response")
        ),
        sa.ForeignKeyConstraint(
            ["sitting_id"], ["sitting.id"], name=op.f("fk_submission_sitting_id_sitting")
        ),
        sa.ForeignKeyConstraint(
            ["payload_id"], ["payload.id"], name=op.f("fk_submission_payload_id_payload")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission")),
        sa.UniqueConstraint(
            "response_id", "revision", name=op.f("uq_submission_response_id_revision")
        ),
    )
    op.create_index(op.f("ix_submission_payload_id"), "submission", ["payload_id"])


def create_form_score() -> None:
    op.create_table(
        "form_score",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("submission_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("scorer", sa.String(), nullable=False),
        sa.Column("scores", postgresql.JSONB(), nullable=False),
        sa.Column("bands", postgresql.JSONB(), nullable=False),
        sa.Column("flags", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("n_answered", sa.Integer(), nullable=True),
        sa.Column("n_missing", sa.Integer(), nullable=True),
        sa.Column("prorated", sa.Boolean(), nullable=False),
        sa.Column("without", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(n_answered IS NULL) = (n_missing IS NULL)",
            name=op.f("ck_form_score_counts_both_or_none"),
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submission.id"], name=op.f("fk_form_score_submission_id_submission")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_score")),
        sa.UniqueConstraint(
            "submission_id", "number", name=op.f("uq_form_score_submission_id_number")
        ),
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)

