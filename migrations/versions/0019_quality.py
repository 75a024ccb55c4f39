"""Queries with steps, forms that are expected, and limits of rules that are changed by two people.

Revision ID: 0019
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0022"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
TABLES = (
    "expected_form",
    "query_event",
    "rule_change",
    "rule_rehearsal",
    "rule_move",
    "rule_version",
    "verdict_limits",
)
APPEND_ONLY = ("query_event", "rule_change", "rule_move", "rule_version", "verdict_limits")
STATUS = "ck_query_status_is_known"
CHECKS = {
    "asks_about_one_thing": "(batch_id IS NOT NULL) = (subject = 'rows')",
    "subject_is_of_a_person": "subject = 'rows' OR participant_id IS NOT NULL",
    "closed_by_somebody": "(status = 'closed') = (closed_at IS NOT NULL) AND (closed_at IS NULL) = (closed_by IS NULL)",
}


def upgrade() -> None:
    op.execute(
        "SELECT set_config('hometrial.actor', 'migration', true), set_config('hometrial.reason', 'upgrade', true)"
    )
    tables()
    for table in TABLES:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
    widen()
    for table in APPEND_ONLY:
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
    for table in ("expected_form", "rule_move"):
        op.execute(f"SELECT scope.by_person('public.{table}')")
    # People see the steps of queries about themselves: those whose query they see.
    op.execute(f"GRANT SELECT ON query_event TO {PARTICIPANT}")
    op.execute(
        f"CREATE POLICY own ON query_event FOR SELECT TO {PARTICIPANT}"
        " USING (EXISTS (SELECT FROM query q WHERE q.id = query_id))"
    )
    op.execute("SELECT scope.by_parent('public.query_event', 'query_id', 'public.query')")
    for table in ("rule_change", "rule_rehearsal", "rule_version", "verdict_limits"):
        op.execute(f"SELECT scope.of_study('public.{table}')")


def widen() -> None:
    """Let a query be about anything, and let those that there are have their steps."""
    op.alter_column("query", "batch_id", nullable=True)
    for name, kind in (
        ("subject", sa.String()),
        ("day", sa.Date()),
        ("opened_by", sa.String()),
        ("assignee", sa.String()),
    ):
        op.add_column("query", sa.Column(name, kind, nullable=True))
    op.execute("UPDATE query SET subject = 'rows'")
    op.alter_column("query", "subject", nullable=False)
    op.drop_constraint(op.f(STATUS), "query")
    op.create_check_constraint(op.f(STATUS), "query", "status IN ('open', 'answered', 'closed')")
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_query_{name}"), "query", rule)
    op.create_index(
        "uq_query_one_open_of_a_rule",
        "query",
        ["participant_id", "subject", "rule"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL AND subject <> 'rows'"),
    )
    op.create_index(
        "ix_query_waiting", "query", ["status"], postgresql_where=sa.text("closed_at IS NULL")
    )
    op.execute(
        "INSERT INTO query_event (id, query_id, kind, at, by, text) SELECT gen_random_uuid(), * FROM ("
        " SELECT id, 'opened', opened_at, 'rule ' || rule, question FROM query UNION ALL"
        " SELECT id, 'closed', closed_at, closed_by, close_reason FROM query WHERE status = 'closed') AS step"
    )


def tables() -> None:
    op.create_table(
        "rule_change",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("parameter", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("btrim(reason) <> ''", name=op.f("ck_rule_change_reason_is_told")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_change")),
    )
    op.create_table(
        "rule_rehearsal",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("people_done", sa.Integer(), nullable=False),
        sa.Column("judged", sa.BigInteger(), nullable=False),
        sa.Column("failing", sa.BigInteger(), nullable=False),
        sa.Column("passing", sa.BigInteger(), nullable=False),
        sa.Column("flagged", sa.BigInteger(), nullable=False),
        sa.Column("unflagged", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(state = 'done') = (digest IS NOT NULL)",
            name=op.f("ck_rule_rehearsal_done_has_a_digest"),
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (failure IS NOT NULL)",
            name=op.f("ck_rule_rehearsal_failed_says_why"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (ended_at IS NOT NULL)",
            name=op.f("ck_rule_rehearsal_ends_when_it_is_over"),
        ),
        sa.CheckConstraint(
            "kind IN ('rehearsal', 'publication')", name=op.f("ck_rule_rehearsal_kind_is_known")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')",
            name=op.f("ck_rule_rehearsal_state_is_known"),
        ),
        sa.CheckConstraint(
            "people_done <= people", name=op.f("ck_rule_rehearsal_people_are_counted")
        ),
        sa.ForeignKeyConstraint(
            ["change_id"], ["rule_change.id"], name=op.f("fk_rule_rehearsal_change_id_rule_change")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_rehearsal")),
    )
    op.create_index(
        op.f("ix_rule_rehearsal_change_id"), "rule_rehearsal", ["change_id"], unique=False
    )
    op.create_table(
        "expected_form",
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("excused", sa.String(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('visit', 'diary')", name=op.f("ck_expected_form_kind_is_known")
        ),
        sa.CheckConstraint(
            "closes_at > opens_at", name=op.f("ck_expected_form_closes_after_it_opens")
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_expected_form_participant_id_participant"),
        ),
        sa.PrimaryKeyConstraint(
            "participant_id", "form", "occasion", name=op.f("pk_expected_form")
        ),
    )
    op.create_index(
        "ix_expected_form_participant_id_day",
        "expected_form",
        ["participant_id", "day"],
        unique=False,
    )
    op.create_table(
        "rule_version",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("publication_id", sa.Uuid(), nullable=False),
        sa.Column("limits", postgresql.JSONB(), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "btrim(approved_by) <> ''", name=op.f("ck_rule_version_approved_by_somebody")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_rule_version_number_counts_from_one")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["rule_change.id"], name=op.f("fk_rule_version_change_id_rule_change")
        ),
        sa.ForeignKeyConstraint(
            ["publication_id"],
            ["rule_rehearsal.id"],
            name=op.f("fk_rule_version_publication_id_rule_rehearsal"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_rule_version")),
        sa.UniqueConstraint("change_id", name=op.f("uq_rule_version_change_id")),
    )
    op.create_table(
        "query_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("query_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("assignee", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'assigned') = (assignee IS NOT NULL)",
            name=op.f("ck_query_event_assigned_to_somebody"),
        ),
        sa.CheckConstraint(
            "btrim(text) <> '' AND btrim(by) <> ''",
            name=op.f("ck_query_event_somebody_says_something"),
        ),
        sa.CheckConstraint(
            "kind IN ('opened', 'answered', 'assigned', 'reopened', 'closed')",
            name=op.f("ck_query_event_kind_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["query_id"], ["query.id"], name=op.f("fk_query_event_query_id_query")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query_event")),
    )
    op.create_index(op.f("ix_query_event_query_id"), "query_event", ["query_id"], unique=False)
    op.create_table(
        "verdict_limits",
        sa.Column("verdict_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["rule_version.number"], name=op.f("fk_verdict_limits_number_rule_version")
        ),
        sa.ForeignKeyConstraint(
            ["verdict_id"], ["verdict.id"], name=op.f("fk_verdict_limits_verdict_id_verdict")
        ),
        sa.PrimaryKeyConstraint("verdict_id", name=op.f("pk_verdict_limits")),
    )
    op.create_table(
        "rule_move",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rehearsal_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("signal", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("sample", postgresql.JSONB(), nullable=False),
        sa.Column("row_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "direction IN ('failing', 'passing', 'flagged', 'unflagged')",
            name=op.f("ck_rule_move_direction_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["participant_id"],
            ["participant.id"],
            name=op.f("fk_rule_move_participant_id_participant"),
        ),
        sa.ForeignKeyConstraint(
            ["rehearsal_id"],
            ["rule_rehearsal.id"],
            name=op.f("fk_rule_move_rehearsal_id_rule_rehearsal"),
        ),
        sa.ForeignKeyConstraint(
            ["row_id"], ["quarantined_row.id"], name=op.f("fk_rule_move_row_id_quarantined_row")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_move")),
    )
    op.create_index(
        op.f("ix_rule_move_participant_id"), "rule_move", ["participant_id"], unique=False
    )
    op.create_index(op.f("ix_rule_move_rehearsal_id"), "rule_move", ["rehearsal_id"], unique=False)


def downgrade() -> None:
    op.execute(
        "SELECT set_config('hometrial.actor', 'migration', true), set_config('hometrial.reason', 'downgrade', true)"
    )
    for table in (
        "verdict_limits",
        "rule_version",
        "rule_move",
        "rule_rehearsal",
        "rule_change",
        "query_event",
        "expected_form",
    ):
        op.drop_table(table)
    op.execute("DELETE FROM query WHERE batch_id IS NULL")
    op.execute("UPDATE query SET status = 'open' WHERE status = 'answered'")
    op.drop_index("ix_query_waiting", table_name="query")
    op.drop_index("uq_query_one_open_of_a_rule", table_name="query")
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_query_{name}"), "query")
    op.drop_constraint(op.f(STATUS), "query")
    op.create_check_constraint(op.f(STATUS), "query", "status IN ('open', 'closed')")
    for name in ("subject", "day", "opened_by", "assignee"):
        op.drop_column("query", name)
    op.alter_column("query", "batch_id", nullable=False)
