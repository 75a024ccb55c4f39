"""Doses, what people tell of earlier ones, concomitant medicines, supply.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
SUPPLY = ("product", "lot", "shipment", "supply_movement")
TOLD_BY_PEOPLE = ("dose_event", "told_history", "medication")
KINDS = "('order', 'intake', 'interruption', 'resumption', 'void')"

KINSHIPS = "('short_acting', 'long_acting', 'antagonist', 'peripheral', 'recorded')"


def upgrade() -> None:
    create_dose_event()
    create_told_history()
    create_medication()
    create_products()
    create_movements()
    for table in TOLD_BY_PEOPLE:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {PARTICIPANT}")
    for table in SUPPLY:
        op.execute(f"SELECT audit.attach('public.{table}')")
        op.execute(f"SELECT audit.make_append_only('public.{table}')")
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {STUDY}")
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


def create_products() -> None:
    op.create_table(
        "product",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol", sa.String(), nullable=False),
        sa.Column("formulation", sa.String(), nullable=False),
        sa.Column("strength", sa.Numeric(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("excipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("lowest_c", sa.Numeric(), nullable=True),
        sa.Column("highest_c", sa.Numeric(), nullable=True),
        *written(),
        *checks(
            "product",
            {
                "strength_is_above_nothing": "strength > 0",
                "kept_between": "lowest_c < highest_c",
            },
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product")),
        sa.UniqueConstraint(
            "protocol",
            "formulation",
            "strength",
            "name",
            name=op.f("uq_product_protocol_formulation_strength_name"),
        ),
    )
    op.create_table(
        "lot",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("use_by", sa.Date(), nullable=False),
        sa.Column("certificate_sha256", sa.String(), nullable=True),
        *written(),
        *checks(
            "lot",
            {
                "is_used_after_it_was_made": "made_on < use_by",
                "hash_is_whole": "length(certificate_sha256) = 64",
            },
        ),
        of("lot", "product"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lot")),
        sa.UniqueConstraint("code", name=op.f("uq_lot_code")),
    )
    op.create_index(op.f("ix_lot_product_id"), "lot", ["product_id"])


def create_movements() -> None:
    op.create_table(
        "shipment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("courier", sa.String(), nullable=False),
        sa.Column("tracking", sa.String(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("lowest_c", sa.Numeric(), nullable=True),
        sa.Column("highest_c", sa.Numeric(), nullable=True),
        sa.Column("condition", sa.String(), nullable=False),
        *written(),
        *checks(
            "shipment",
            {
                "is_received_after_it_was_sent": "received_on >= sent_on",
                "temperatures_in_order": "lowest_c <= highest_c",
                "temperatures_are_both": "(lowest_c IS NULL) = (highest_c IS NULL)",
            },
        ),
        of("shipment", "lot"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
    )
    op.create_index(op.f("ix_shipment_lot_id"), "shipment", ["lot_id"])
    op.create_table(
        "supply_movement",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("move", sa.String(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("units", sa.Numeric(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=True),
        sa.Column("shipment_id", sa.Uuid(), nullable=True),
        sa.Column("witnessed_by", sa.String(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        *written(),
        *checks("supply_movement", SUPPLY_MOVEMENT_CHECKS),
        of("supply_movement", "lot"),
        of("supply_movement", "participant"),
        of("supply_movement", "shipment"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_supply_movement")),
        sa.UniqueConstraint("number", name=op.f("uq_supply_movement_number")),
    )
    for column in ("lot_id", "participant_id"):
        op.create_index(op.f(f"ix_supply_movement_{column}"), "supply_movement", [column])


MOVES = (
    "('received', 'dispensed', 'quarantined', 'released', 'destroyed', 'quarantine_destroyed',"
    " 'transferred', 'returned', 'returns_destroyed', 'lost')"
)
SUPPLY_MOVEMENT_CHECKS = {
    "move_is_known": f"move IN {MOVES}",
    "units_are_above_nothing": "units > 0",
    "names_the_person": "(participant_id IS NOT NULL) = (move IN ('dispensed', 'returned', 'lost'))",
    "received_in_a_shipment": "(shipment_id IS NOT NULL) = (move = 'received')",
    "destroyed_before_a_witness": "(witnessed_by IS NOT NULL)"
    " = (move IN ('destroyed', 'quarantine_destroyed', 'returns_destroyed'))",
    "witness_is_another": "witnessed_by <> by",
}


def written() -> list[sa.Column[Any]]:
    return [
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    ]


def of(table: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [f"{other}_id"], [f"{other}.id"], name=op.f(f"fk_{table}_{other}_id_{other}")
    )


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
    for table in (*reversed(SUPPLY), *reversed(TOLD_BY_PEOPLE)):
        op.drop_table(table)
