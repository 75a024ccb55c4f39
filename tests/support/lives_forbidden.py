"""What must never stand in the tables of a person, asked of the tables alone."""

from itertools import pairwise
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.standing import Kind
from hometrial.services.dosing.storing import courses_of

_CTE = """
    WITH signed AS (SELECT min(signed_at) AS at FROM consent_signature
        WHERE participant_id = :person AND part = 'participant'),
    gone AS (SELECT min(w.decided_at) AS at FROM withdrawal_choice w
        WHERE w.participant_id = :person AND w.choice = 'withdraw_completely' AND w.takes_back IS NULL),
    allocated AS (SELECT min(allocated_at) AS at FROM allocation WHERE participant_id = :person),
    allocates AS (SELECT bool_or(v.body LIKE '%method: permuted_blocks%' OR v.body LIKE '%method: minimisation%') AS so
        FROM participation p JOIN protocol_version v ON v.id = p.protocol_version_id
        WHERE p.participant_id = :person),
    doses AS (SELECT d.* FROM dose_event d WHERE d.participant_id = :person)
"""
FORBIDDEN = {
    "a dose event before consent":
        "SELECT 1 FROM doses, signed WHERE signed.at IS NULL OR doses.at < signed.at",
    "a dose event before allocation":
        "SELECT 1 FROM doses, allocated, allocates WHERE allocates.so AND"
        " (allocated.at IS NULL OR doses.at < allocated.at)",
    "a dose event of somebody who is not eligible":
        "SELECT 1 FROM doses WHERE NOT EXISTS (SELECT FROM screening s WHERE s.participant_id = :person"
        " AND s.outcome = 'eligible' AND s.decided_at <= doses.at)",
    "a new dose event after withdrawal":
        "SELECT 1 FROM doses, gone WHERE doses.at > gone.at AND doses.kind <> 'void'"
        " AND doses.corrects IS NULL AND doses.body->>'order' IS DISTINCT FROM 'withdraw'",
    "an allocation without consent, or before it":
        "SELECT 1 FROM allocated, signed WHERE allocated.at IS NOT NULL AND"
        " (signed.at IS NULL OR allocated.at < signed.at)",
    "an allocation after withdrawal": "SELECT 1 FROM allocated, gone WHERE allocated.at > gone.at",
    "two allocations":
        "SELECT 1 FROM allocation WHERE participant_id = :person HAVING count(*) > 1",
    "an allocation without a screening that was eligible before":
        "SELECT 1 FROM allocation a LEFT JOIN screening s ON s.id = a.screening_id"
        " WHERE a.participant_id = :person AND (s.outcome IS DISTINCT FROM 'eligible'"
        " OR s.decided_at > a.allocated_at OR s.participant_id <> a.participant_id)",
    "two screenings open":
        "SELECT 1 FROM screening WHERE participant_id = :person AND outcome IS NULL HAVING count(*) > 1",
    "a screening answered after it was decided":
        "SELECT 1 FROM screening_answer a JOIN screening s ON s.id = a.screening_id"
        " WHERE s.participant_id = :person AND a.recorded_at > s.decided_at",
    "eligible without consent":
        "SELECT 1 FROM screening s, signed WHERE s.participant_id = :person AND s.outcome = 'eligible'"
        " AND (signed.at IS NULL OR signed.at > s.decided_at)",
    "a visit before consent":
        "SELECT 1 FROM visit_record v, signed WHERE v.participant_id = :person AND v.outcome = 'held' AND"
        " (signed.at IS NULL OR v.recorded_at < signed.at OR v.day < signed.at::date - 1)",
    "a visit on a day after withdrawal":
        "SELECT 1 FROM visit_record v, gone WHERE v.participant_id = :person AND v.outcome = 'held'"
        " AND v.visit <> 'ET' AND v.day > gone.at::date + 1",
    "something told in the screening after withdrawal":
        "SELECT 1 FROM screening_answer a JOIN screening s ON s.id = a.screening_id, gone"
        " WHERE s.participant_id = :person AND a.recorded_at > gone.at AND a.source <> 'consent'",
    "something read, answered or signed after withdrawal":
        "SELECT 1 FROM gone, (SELECT read_at AS at FROM section_read WHERE participant_id = :person"
        " UNION ALL SELECT answered_at FROM quiz_try WHERE participant_id = :person UNION ALL SELECT signed_at"
        " FROM consent_signature WHERE participant_id = :person AND part = 'participant') told"
        " WHERE told.at > gone.at",
    "a signature before everything was understood":
        "SELECT 1 FROM consent_signature c WHERE c.participant_id = :person AND c.part = 'participant' AND NOT"
        " EXISTS (SELECT FROM quiz_try q WHERE q.participant_id = :person AND q.is_passed"
        " AND q.answered_at <= c.signed_at)",
    "two interruptions open":
        "SELECT 1 FROM doses d WHERE d.kind = 'interruption' AND d.body->>'last_on' IS NULL AND NOT EXISTS"
        " (SELECT FROM doses c WHERE c.corrects = d.number OR c.ends = d.number"
        "  AND NOT EXISTS (SELECT FROM doses v WHERE v.corrects = c.number)) HAVING count(*) > 1",
    "an event corrected twice":
        "SELECT 1 FROM doses WHERE corrects IS NOT NULL GROUP BY corrects HAVING count(*) > 1",
}  # fmt: skip
_ALL = text(
    _CTE
    + " UNION ALL ".join(
        f"SELECT '{what}' AS what WHERE EXISTS ({query})" for what, query in FORBIDDEN.items()
    )
)


def forbidden(session: Session, person: UUID) -> list[str]:
    """Return what stands of a person that must not, in words."""
    found = [str(what) for (what,) in session.execute(_ALL, {"person": person})]
    return found + _of_orders(courses_of(session, [person])[person])


def _of_orders(course: Course) -> list[str]:
    """Two orders must not be open: each spell ends where the next begins, and only the last is open."""
    ends = [spell.last_on for spell in course.spells]
    found = ["two orders in force"] if None in ends[:-1] else []
    for before, after in pairwise(course.spells):
        if before.last_on is not None and before.last_on >= after.first_on:
            found.append(f"two orders in force on {after.first_on}")
    if sum(order.kind is Kind.START for order in course.orders) > 1:
        found.append("the drug started twice")
    return found
