"""Doses, what people tell of earlier ones, concomitant medicines, supply.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
TOLD_BY_PEOPLE = ("dose_event", "told_history", "medication")
KINDS = "('order', 'intake', 'interruption', 'resumption', 'void')"

KINSHIPS = "('short_acting', 'long_acting', 'antagonist', 'peripheral', 'recorded')"


def upgrade() -> None:
    create_dose_event()
    create_told_history()
    create_medication()
    for table in TOLD_BY_PEOPLE:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {PARTICIPANT}")
    # The first dose that a person taps is the day that visits are counted from.
    op.execute(f"GRANT INSERT ON anchor_day TO {PARTICIPANT}")


def create_dose_event() -> None:
    op.create_table(
        "dose_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=True),
        sa.Column("ends", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        *checks("dose_event", DOSE_EVENT_CHECKS),
        person_of("dose_event"),
        *(
            sa.ForeignKeyConstraint(
                ["participant_id", column],
                ["dose_event.participant_id", "dose_event.number"],
                name=op.f(f"fk_dose_event_{column}_dose_event"),
            )
            for column in ("corrects", "ends")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dose_event")),
        sa.UniqueConstraint(
            "participant_id", "number", name=op.f("uq_dose_event_participant_id_number")
        ),
    )
    for column in ("corrects", "key"):
        op.create_index(
            f"uq_dose_event_{column}", "dose_event", ["participant_id", column], unique=True
        )


DOSE_EVENT_CHECKS = {
    "kind_is_known": f"kind IN {KINDS}",
    "number_counts_from_one": "number > 0",
    "only_void_has_no_day": "(kind = 'void') = (day IS NULL)",
    "void_names_an_event": "kind <> 'void' OR corrects IS NOT NULL",
    "corrects_what_came_before": "corrects < number",
    "only_resumption_ends": "(kind = 'resumption') = (ends IS NOT NULL)",
    "correction_says_why": "corrects IS NULL OR why <> ''",
    "order_says_why": "kind <> 'order' OR why <> ''",
    "says_by_whom": "by <> ''",
}


def create_told_history() -> None:
    op.create_table(
        "told_history",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        *checks("told_history", TOLD_HISTORY_CHECKS),
        person_of("told_history"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_told_history")),
        sa.UniqueConstraint(
            "participant_id", "number", name=op.f("uq_told_history_participant_id_number")
        ),
    )


TOLD_HISTORY_CHECKS = {
    "number_counts_from_one": "number > 0",
    "correction_says_why": "number = 1 OR why <> ''",
    "says_by_whom": "by <> ''",
}


def create_medication() -> None:
    op.create_table(
        "medication",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("name", "dose", "route", "indication")
        ),
        sa.Column("began", sa.String(), nullable=True),
        sa.Column("ended", sa.String(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("substance", sa.String(), nullable=True),
        sa.Column("kinship", sa.String(), nullable=True),
        sa.Column("is_opioid", sa.Boolean(), nullable=False),
        sa.Column("is_void", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("corrects", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        *checks("medication", MEDICATION_CHECKS),
        person_of("medication"),
        sa.ForeignKeyConstraint(
            ["participant_id", "corrects"],
            ["medication.participant_id", "medication.number"],
            name=op.f("fk_medication_corrects_medication"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_medication")),
        sa.UniqueConstraint(
            "participant_id", "number", name=op.f("uq_medication_participant_id_number")
        ),
    )
    for column in ("corrects", "key"):
        op.create_index(
            f"uq_medication_{column}", "medication", ["participant_id", column], unique=True
        )


MEDICATION_CHECKS = {
    "number_counts_from_one": "number > 0",
    "says_what_and_by_whom": "name <> '' AND by <> ''",
    "kinship_is_known": f"kinship IN {KINSHIPS}",
    "kinship_is_of_a_substance": "(kinship IS NULL) = (substance IS NULL)",
    "is_opioid_by_kinship": "is_opioid = (coalesce(kinship, '') IN ('short_acting', 'long_acting'))",
    "end_has_a_last_day": "(ended IS NULL) = (last_on IS NULL)",
    "corrects_what_came_before": "corrects < number",
    "correction_says_why": "corrects IS NULL OR why <> ''",
    "void_names_a_record": "NOT is_void OR corrects IS NOT NULL",
}


def checks(table: str, stated: dict[str, str]) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))
        for name, condition in stated.items()
    ]


def person_of(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["participant_id"], ["participant.id"], name=op.f(f"fk_{table}_participant_id_participant")
    )


def downgrade() -> None:
    op.execute(f"REVOKE INSERT ON anchor_day FROM {PARTICIPANT}")
    for table in ("medication", "told_history", "dose_event"):
        op.drop_table(table)
