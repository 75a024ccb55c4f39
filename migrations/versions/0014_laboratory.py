"""What laboratories found in people's samples.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
MINE = "participant_id = nullif(current_setting('hometrial.person', true), '')::uuid"
"""Whom the site shows their own results to; where it names nobody, the table is empty for it."""
FOUND = "coalesce(value, below, above)"
CHECKS = {
    "says_one_thing": "num_nonnulls(value, below, above) = 1",
    "is_a_number": f"{FOUND} > '-Infinity' AND {FOUND} < 'Infinity'",
    "detection_has_a_limit": "coalesce(below, above) > 0",
    "upper_limit_is_above_nothing": "upper_limit > 0 AND upper_limit < 'Infinity'",
    "liver_has_an_upper_limit": "analyte NOT IN ('alt', 'ast', 'bilirubin')"
    f" OR (upper_limit IS NOT NULL AND {FOUND} >= 0)",
    "says_in_what_where_and_by_whom": "btrim(unit) <> '' AND btrim(laboratory) <> ''"
    " AND btrim(recorded_by) <> ''",
    "was_sampled_before": "sampled_at <= recorded_at",
    "visit_has_a_number": "(visit IS NULL) = (visit_number IS NULL)",
    "number_counts_from_one": "visit_number > 0",
    "correction_says_why": "(corrects_id IS NULL) = (because IS NULL)",
    "correction_has_words": "btrim(because) <> ''",
}


def upgrade() -> None:
    op.create_table(
        "laboratory_result",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_version_id", sa.Uuid(), nullable=False),
        sa.Column("visit", sa.String(), nullable=True),
        sa.Column("visit_number", sa.Integer(), nullable=True),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("analyte", sa.String(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=True),
        sa.Column("below", sa.Numeric(), nullable=True),
        sa.Column("above", sa.Numeric(), nullable=True),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("upper_limit", sa.Numeric(), nullable=True),
        sa.Column("sampled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("laboratory", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("corrects_id", sa.Uuid(), nullable=True),
        sa.Column("because", sa.String(), nullable=True),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_laboratory_result_{name}"))
            for name, rule in CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint(
                [f"{target}_id"],
                [f"{target}.id"],
                name=op.f(f"fk_laboratory_result_{target}_id_{target}"),
            )
            for target in ("participant", "protocol_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_laboratory_result")),
        sa.UniqueConstraint(
            "id", "participant_id", name=op.f("uq_laboratory_result_id_participant_id")
        ),
        sa.UniqueConstraint("corrects_id", name=op.f("uq_laboratory_result_corrects_id")),
        sa.ForeignKeyConstraint(
            ["corrects_id", "participant_id"],
            ["laboratory_result.id", "laboratory_result.participant_id"],
            name="fk_laboratory_result_corrects_id_laboratory_result",
        ),
    )
    op.create_index(
        op.f("ix_laboratory_result_participant_id"), "laboratory_result", ["participant_id"]
    )
    op.create_index(
        "uq_laboratory_result_first",
        "laboratory_result",
        ["participant_id", "form", "analyte", "sampled_at", "laboratory"],
        unique=True,
        postgresql_where=sa.text("corrects_id IS NULL"),
    )
    op.execute("SELECT audit.attach('public.laboratory_result')")
    op.execute("SELECT audit.make_append_only('public.laboratory_result')")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON laboratory_result TO {STUDY}")
    op.execute(f"GRANT SELECT ON laboratory_result TO {PARTICIPANT}")
    op.execute("ALTER TABLE laboratory_result ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY study ON laboratory_result TO {STUDY} USING (true) WITH CHECK (true)"
    )
    op.execute(f"CREATE POLICY own ON laboratory_result FOR SELECT TO {PARTICIPANT} USING ({MINE})")


def downgrade() -> None:
    op.drop_table("laboratory_result")
