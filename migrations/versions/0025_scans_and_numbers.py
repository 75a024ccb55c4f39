"""Scans that are sealed for one person are read by whoever sees that person; numbers of the whole study are counted over all of it.

A scan of a consent and a certificate of a lot stand with no batch: their bytes were seen by nobody of the staff.
What is numbered through the study counted only what one's own sites have, so that two sites met at one number.
"""

import importlib.util
from pathlib import Path

from alembic import op

revision = "0025"
down_revision = "0020"
branch_labels = None
depends_on = None

NUMBERED = """
CREATE FUNCTION scope.highest(what text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    CASE what
        WHEN 'participant' THEN
            RETURN (SELECT coalesce(max(substr(code, 3)::bigint), 0) FROM public.participant);
        WHEN 'supply_movement' THEN
            RETURN (SELECT coalesce(max(number), 0) FROM public.supply_movement);
        WHEN 'supply_count' THEN
            RETURN (SELECT coalesce(max(number), 0) FROM public.supply_count);
    END CASE;
END
$$
"""
SEALED = (
    " OR EXISTS (SELECT FROM public.payload y WHERE y.id = payload_part.payload_id"
    " AND y.provider IN ('consent-scan', 'certificate'))"
)
ROLES = "hometrial_study, hometrial_worker, hometrial_participant"


def before() -> str:
    file = Path(__file__).with_name("0015_staff.py")
    made = importlib.util.spec_from_file_location("staff_0015", file)
    assert made is not None and made.loader is not None
    found = importlib.util.module_from_spec(made)
    made.loader.exec_module(found)
    return str(found.BYTES)


def upgrade() -> None:
    op.execute(NUMBERED)
    op.execute(f"GRANT USAGE ON SCHEMA scope TO {ROLES}")
    op.execute(f"ALTER POLICY site ON payload_part USING ({before()}{SEALED})")


def downgrade() -> None:
    op.execute(f"ALTER POLICY site ON payload_part USING ({before()})")
    op.execute(f"REVOKE USAGE ON SCHEMA scope FROM {ROLES}")
    op.execute("DROP FUNCTION scope.highest(text)")
