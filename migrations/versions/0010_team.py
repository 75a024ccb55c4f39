"""How a site is reached; what people write to it; and what is held about somebody, shown to nobody but them.

Revision ID: 0010
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0011"
branch_labels = None
depends_on = None

STUDY, PARTICIPANT = "hometrial_study", "hometrial_participant"
WHO = "nullif(current_setting('hometrial.person', true), '')"
"""Whom the site shows their own things to; where it names nobody, these tables are empty for it."""
MINE = f"participant_id = {WHO}::uuid"
OWN = {
    **dict.fromkeys(("baseline_symptom", "contact", "daily_metric", "day_chunk", "device", "gap", "quarantined_row", "query", "supply_movement"), MINE),
    "safety_report": "EXISTS (SELECT FROM adverse_event e"
    f" WHERE e.id = adverse_event_id AND e.{MINE})",
    "allocation_in_error": "EXISTS (SELECT FROM allocation a"
    f" WHERE a.id = allocation_id AND a.{MINE})",
    # Files of many people at once belong to no one person, so that only pages and pushes are named here.
    "payload_part": "EXISTS (SELECT FROM sync.pull_page g JOIN sync.pull p ON p.id = g.pull_id"
    f" WHERE g.payload_id = payload_part.payload_id AND p.{MINE})"
    " OR EXISTS (SELECT FROM sync.push_receipt r JOIN bridge b ON b.id = r.bridge_id"
    f" WHERE r.payload_id = payload_part.payload_id AND b.{MINE})"
    " OR EXISTS (SELECT FROM submission s JOIN response o ON o.id = s.response_id"
    f" WHERE s.payload_id = payload_part.payload_id AND o.{MINE})"
    f" OR EXISTS (SELECT FROM answer_upload u WHERE u.payload_id = payload_part.payload_id AND u.{MINE})",
    "audit.entry": f"coalesce(new, old) ->> 'participant_id' = {WHO}"
    f" OR table_name = 'public.participant' AND row_key = {WHO}",
}  # fmt: skip
"""What the site reads of each table: the rows of whoever is there, whatever it asks for."""
WRITTEN_THERE = {"contact": f"{MINE} AND direction = 'from_person'", "payload_part": "true"}
SHOWN_OF_TRAIL = "id, at, actor, reason, table_name, row_key, operation"
PHONE = r"^\+?[0-9][0-9 ()/-]{2,30}$"


def upgrade() -> None:
    for column in ("phone", "email", "hours"):
        op.add_column("site", sa.Column(column, sa.String(), nullable=True))
    op.create_check_constraint(op.f("ck_site_phone_is_a_number"), "site", f"phone ~ '{PHONE}'")
    op.create_check_constraint(
        op.f("ck_site_email_is_an_address"), "site", "email ~ '^[^@[:space:]]+@[^@[:space:]]+$'"
    )
    op.create_check_constraint(op.f("ck_site_hours_are_told"), "site", "btrim(hours) <> ''")
    op.execute(f"GRANT SELECT ON site TO {PARTICIPANT}")
    op.execute(f"GRANT INSERT ON contact TO {PARTICIPANT}")
    for table, mine in OWN.items():
        show_own(table, mine)
    for table, rule in WRITTEN_THERE.items():
        op.execute(
            f"CREATE POLICY writing ON {table} FOR INSERT TO {PARTICIPANT} WITH CHECK ({rule})"
        )
    op.execute(
        "CREATE INDEX ix_entry_person ON audit.entry ((coalesce(new, old) ->> 'participant_id'))"
    )


def show_own(table: str, mine: str) -> None:
    what = f"({SHOWN_OF_TRAIL})" if table == "audit.entry" else ""
    op.execute(f"GRANT SELECT {what} ON {table} TO {PARTICIPANT}")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY study ON {table} TO {STUDY} USING (true) WITH CHECK (true)")
    op.execute(f"CREATE POLICY own ON {table} FOR SELECT TO {PARTICIPANT} USING ({mine})")


def downgrade() -> None:
    op.execute("DROP INDEX audit.ix_entry_person")
    for table in WRITTEN_THERE:
        op.execute(f"DROP POLICY writing ON {table}")
    for table in OWN:
        what = f"({SHOWN_OF_TRAIL})" if table == "audit.entry" else ""
        op.execute(f"DROP POLICY own ON {table}")
        op.execute(f"DROP POLICY study ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        op.execute(f"REVOKE SELECT {what} ON {table} FROM {PARTICIPANT}")
    op.execute(f"REVOKE INSERT ON contact FROM {PARTICIPANT}")
    op.execute(f"REVOKE SELECT ON site FROM {PARTICIPANT}")
    for name in ("hours_are_told", "email_is_an_address", "phone_is_a_number"):
        op.drop_constraint(op.f(f"ck_site_{name}"), "site", type_="check")
    for column in ("hours", "email", "phone"):
        op.drop_column("site", column)
