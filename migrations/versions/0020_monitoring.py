"""Deviations, source-data verification, sampling plans, visit reports, reviews of the trail, endorsements.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
TABLES = (
    "deviation", "verification_mark", "verification_drop", "sampling_plan", "visit_report", "trail_review",
    "endorsement",
)  # fmt: skip
MINE = "participant_id = nullif(current_setting('hometrial.person', true), '')::uuid"
"""Whom the site hands what is held of them; where it names nobody, the table is empty for it."""
MY_SITES = "ANY ((SELECT scope.sites())::uuid[])"


def upgrade() -> None:
    op.create_table(
        "sampling_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("shares", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.CheckConstraint("btrim(because) <> ''", name=op.f("ck_sampling_plan_says_why")),
        sa.CheckConstraint("seed ~ '^[0-9a-f]{32}$'", name=op.f("ck_sampling_plan_seed_is_whole")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_sampling_plan_number_counts_from_one")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sampling_plan")),
        sa.UniqueConstraint("number", name=op.f("uq_sampling_plan_number")),
    )
    op.create_table(
        "trail_review",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sites", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_mac", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_name", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.CheckConstraint(
            "btrim(note) <> ''", name=op.f("ck_trail_review_says_what_was_made_of_it")
        ),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_trail_review_hash_is_whole")),
        sa.CheckConstraint("since < until", name=op.f("ck_trail_review_since_is_before_until")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_review")),
    )
    op.create_table(
        "visit_report",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("site_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("visited_on", sa.Date(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("summary", sa.String(), nullable=False),
        sa.Column("follow_ups", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.String(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_name", sa.String(), nullable=True),
        sa.Column("meaning", sa.String(), nullable=True),
        sa.Column("pdf", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_visit_report_hash_is_whole")),
        sa.CheckConstraint(
            "num_nonnulls(signed_at, signed_name, meaning, pdf, sha256) IN (0, 5)",
            name=op.f("ck_visit_report_signed_as_a_whole"),
        ),
        sa.CheckConstraint(
            "number >= 1 AND version >= 1", name=op.f("ck_visit_report_counts_from_one")
        ),
        sa.CheckConstraint(
            "since <= visited_on", name=op.f("ck_visit_report_since_before_the_visit")
        ),
        sa.ForeignKeyConstraint(
            ["site_id"], ["site.id"], name=op.f("fk_visit_report_site_id_site")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_report")),
        sa.UniqueConstraint(
            "site_id", "number", "version", name=op.f("uq_visit_report_site_id_number_version")
        ),
    )
    op.create_index(
        "uq_visit_report_signed",
        "visit_report",
        ["site_id", "number"],
        unique=True,
        postgresql_where=sa.text("signed_at IS NOT NULL"),
    )
    op.create_table(
        "deviation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("impact", sa.String(), nullable=False),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("found_on", sa.Date(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("corrective_action", sa.String(), nullable=False),
        sa.Column("reported_on", sa.Date(), nullable=True),
        sa.Column("is_closed", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("because", sa.String(), nullable=False),
        sa.CheckConstraint(
            "NOT is_closed OR btrim(corrective_action) <> ''",
            name=op.f("ck_deviation_closed_with_an_action"),
        ),
        sa.CheckConstraint(
            "btrim(description) <> '' AND btrim(because) <> '' AND btrim(recorded_by) <> ''",
            name=op.f("ck_deviation_says_what_why_and_by_whom"),
        ),
        sa.CheckConstraint(
            "category IN ('consent', 'eligibility', 'visit_window', 'procedure_missed', 'dosing', 'prohibited_medicine', 'drug_handling', 'safety_reporting', 'privacy', 'other')",
            name=op.f("ck_deviation_category_is_known"),
        ),
        sa.CheckConstraint(
            "impact IN ('none', 'minor', 'important')", name=op.f("ck_deviation_impact_is_known")
        ),
        sa.CheckConstraint(
            "happened_on <= found_on", name=op.f("ck_deviation_happened_before_it_was_found")
        ),
        sa.CheckConstraint(
            "number >= 1 AND version >= 1", name=op.f("ck_deviation_counts_from_one")
        ),
        sa.CheckConstraint(
            "reported_on >= happened_on", name=op.f("ck_deviation_reported_after_it_happened")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_deviation_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deviation")),
        sa.UniqueConstraint(
            "participant_id",
            "number",
            "version",
            name=op.f("uq_deviation_participant_id_number_version"),
        ),
    )
    op.create_table(
        "endorsement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("meaning", sa.String(), nullable=False),
        sa.Column("covers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("signed_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.CheckConstraint(
            "btrim(meaning) <> '' AND btrim(signed_name) <> ''",
            name=op.f("ck_endorsement_says_what_and_who"),
        ),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_endorsement_hash_is_whole")),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_endorsement_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_endorsement")),
    )
    op.create_index(
        "ix_endorsement_subject", "endorsement", ["participant_id", "subject"], unique=False
    )
    op.create_table(
        "verification_mark",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("fields", postgresql.ARRAY(sa.TEXT()), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('consent', 'eligibility', 'dose', 'adverse_event', 'questionnaire', 'visit', 'wearable_day')",
            name=op.f("ck_verification_mark_kind_is_known"),
        ),
        sa.CheckConstraint(
            "cardinality(fields) > 0", name=op.f("ck_verification_mark_covers_something")
        ),
        sa.CheckConstraint(
            "length(digest) = 64", name=op.f("ck_verification_mark_digest_is_whole")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_verification_mark_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_mark")),
    )
    op.create_index(
        "ix_verification_mark_value",
        "verification_mark",
        ["participant_id", "kind", "key"],
        unique=False,
    )
    op.create_table(
        "verification_drop",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mark_id", sa.Uuid(), nullable=False),
        sa.Column("digest_now", sa.String(), nullable=True),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "length(digest_now) = 64", name=op.f("ck_verification_drop_digest_is_whole")
        ),
        sa.ForeignKeyConstraint(
            ["mark_id"],
            ["verification_mark.id"],
            name=op.f("fk_verification_drop_mark_id_verification_mark"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_drop")),
        sa.UniqueConstraint("mark_id", name=op.f("uq_verification_drop_mark_id")),
    )
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
    op.execute(f"GRANT SELECT ON deviation TO {PARTICIPANT}")
    op.execute(f"CREATE POLICY own ON deviation FOR SELECT TO {PARTICIPANT} USING ({MINE})")
    for table in ("deviation", "verification_mark", "endorsement"):
        op.execute(f"SELECT scope.by_person('public.{table}')")
    op.execute(
        "SELECT scope.by_parent('public.verification_drop', 'mark_id', 'public.verification_mark')"
    )
    op.execute("SELECT scope.of_study('public.sampling_plan')")
    op.execute(f"SELECT scope.hold('public.visit_report', 'site_id = {MY_SITES}')")
    # A review tells of the people of the sites that it looked at: who sees them all sees it.
    op.execute(
        "SELECT scope.hold('public.trail_review',"
        f" 'sites <@ ARRAY(SELECT code::text FROM public.site WHERE id = {MY_SITES})')"
    )
    # The trail is read by days; its entries stand in the order of time.
    op.execute("CREATE INDEX ix_entry_at ON audit.entry USING brin (at)")


def downgrade() -> None:
    op.execute("DROP INDEX audit.ix_entry_at")
    op.execute("DELETE FROM scope.child WHERE relation = 'public.verification_drop'")
    for table in reversed(TABLES):
        op.drop_table(table)
