"""Somebody with every right over the database rewrites history: each attack is found, at its place."""

import hashlib
import hmac

import pytest
from sqlalchemy import text

from hometrial.services import enrolling


@pytest.fixture
def attacked(study):
    """A study of three transactions (links 1 to 3), and its chain's head as it was anchored then."""
    for number in range(3):
        with study.database.transaction("ada", f"enrolment {number}") as session:
            enrolling.add_participant(session)
    assert study.verify().problems == ()
    return study


def attack(study, *statements, **values):
    """Run statements as the owner of the database, past every trigger."""
    with study.database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement), values)


def entry(study, number):
    """Return the id of the entry that recorded participant P-000<number>."""
    return study.one(
        "SELECT id FROM audit.entry WHERE new ->> 'code' = :code", code=f"P-000{number}"
    )


def test_a_changed_entry_is_found_and_named(attacked):
    victim = entry(attacked, 2)
    attack(attacked, "UPDATE audit.entry SET actor = 'nobody' WHERE id = :id", id=victim)

    (problem,) = attacked.verify().problems
    assert f"entry {victim} (public.participant" in problem
    assert "was changed" in problem


@pytest.mark.parametrize("column", ["at", "reason", "old", "new", "operation", "row_key"])
def test_no_column_of_an_entry_can_be_changed_unseen(attacked, column):
    forged = {
        "at": "at + interval '1 second'",
        "old": "'{}'::jsonb",
        "new": 'new || \'{"status": "withdrawn"}\'',
        "operation": "'DELETE'",
    }.get(column, "'forged'")
    victim = entry(attacked, 2)
    attack(attacked, f"UPDATE audit.entry SET {column} = {forged} WHERE id = :id", id=victim)  # noqa: S608

    assert any(f"entry {victim} " in problem for problem in attacked.verify().problems)


def test_a_changed_entry_with_a_new_digest_is_found_by_its_link(attacked):
    attack(
        attacked,
        "UPDATE audit.entry SET actor = 'nobody' WHERE id = :id",
        "UPDATE audit.entry SET digest = audit.entry_digest(id, transaction, at, actor, reason,"
        " table_name, row_key, operation, old, new) WHERE id = :id",
        id=entry(attacked, 2),
    )

    assert attacked.verify().problems == (
        "link 2 covers other entries than stand in the trail now",
    )


def test_a_deleted_entry_is_found_at_its_link_and_its_row(attacked):
    attack(attacked, "DELETE FROM audit.entry WHERE id = :id", id=entry(attacked, 2))

    problems = attacked.verify().problems
    assert "link 2 covers other entries than stand in the trail now" in problems
    assert any("never recorded" in problem for problem in problems)


def test_an_entry_added_behind_the_chain_is_found(attacked):
    attack(
        attacked,
        "INSERT INTO audit.entry SELECT 9999, gen_random_uuid(), at, actor, reason, table_name,"
        " row_key, operation, old, new, digest FROM audit.entry WHERE id = :id",
        id=entry(attacked, 2),
    )

    assert any("entry 9999" in p and "outside the chain" in p for p in attacked.verify().problems)


def test_a_cut_tail_is_found_by_an_anchor(attacked):
    anchor = attacked.verify().head
    attack(
        attacked,
        "DELETE FROM participant WHERE code = 'P-0003'",
        "DELETE FROM audit.entry USING audit.link l WHERE l.transaction = entry.transaction"
        " AND l.seq = 3",
        "DELETE FROM audit.link WHERE seq = 3",
    )

    assert attacked.verify().problems == ()
    assert attacked.verify(anchor).problems == ("the chain once had link 3 (anchor); it was cut",)


def test_a_link_taken_out_of_the_middle_is_found(attacked):
    attack(attacked, "DELETE FROM audit.link WHERE seq = 2")

    problems = attacked.verify().problems
    assert "link 2 is missing: the chain goes on at 3" in problems
    assert any(problem.startswith("link 3 has a wrong code") for problem in problems)


def rewrite(study, key):
    """Make the whole chain anew with another key, as a thief of the database but not the key must."""
    links = study.rows("SELECT seq, transaction, at, entries, digest FROM audit.link ORDER BY seq")
    previous = b""
    for seq, transaction, at, entries, digest in links:
        message = study.one(
            "SELECT audit.link_message(:previous, :seq, :transaction, :at, :entries, :digest)",
            previous=previous,
            seq=seq,
            transaction=transaction,
            at=at,
            entries=entries,
            digest=digest,
        )
        previous = hmac.new(key, bytes(message), hashlib.sha256).digest()
        attack(study, "UPDATE audit.link SET mac = :mac WHERE seq = :seq", mac=previous, seq=seq)


def test_a_chain_rewritten_with_another_key_is_found_at_every_link(attacked):
    anchor = attacked.verify().head
    rewrite(attacked, b"\x00" * 32)

    problems = attacked.verify(anchor).problems
    assert [problem[:22] for problem in problems[:3]] == [
        f"link {n} has a wrong code"[:22] for n in (1, 2, 3)
    ]
    assert problems[3] == "link 3 is not the one that was anchored: the chain was rewritten"


def test_the_same_rewriting_with_the_right_key_changes_nothing(attacked):
    before = attacked.verify()
    rewrite(attacked, attacked.database.settings.key("audit"))

    assert attacked.verify(before.head) == before


def test_a_rewriting_with_the_stolen_key_is_found_by_an_anchor(attacked):
    anchor = attacked.verify().head
    attack(attacked, "UPDATE audit.link SET at = at + interval '1 hour' WHERE seq = 1")
    rewrite(attacked, attacked.database.settings.key("audit"))

    assert attacked.verify().problems == ()
    assert len(attacked.verify(anchor).problems) == 1


def test_entries_swapped_between_transactions_are_found(attacked):
    one, two = entry(attacked, 1), entry(attacked, 2)
    attack(
        attacked,
        "UPDATE audit.entry e SET transaction = o.transaction FROM audit.entry o"
        " WHERE (e.id, o.id) IN ((:one, :two), (:two, :one))",
        one=one,
        two=two,
    )

    problems = attacked.verify().problems
    assert {f"link {n} covers other entries than stand in the trail now" for n in (1, 2)} <= {
        *problems
    }
    assert any(f"entry {one} " in problem for problem in problems)


def test_a_changed_link_is_found_there_and_at_the_one_after_it(attacked):
    attack(attacked, "UPDATE audit.link SET at = at - interval '1 day' WHERE seq = 2")

    (problem,) = attacked.verify().problems
    assert problem.startswith("link 2 has a wrong code")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE participant SET status = 'withdrawn' WHERE code = 'P-0002'", "not as it was"),
        ("DELETE FROM participant WHERE code = 'P-0002'", "gone from the table"),
        (
            "INSERT INTO participant SELECT gen_random_uuid(), site_id, 'P-0009', status,"
            " created_at FROM participant LIMIT 1",
            "never recorded",
        ),
    ],
)
def test_a_row_written_with_the_triggers_off_is_found(attacked, statement, said):
    with attacked.database.engine.begin() as connection:
        connection.execute(text("ALTER TABLE participant DISABLE TRIGGER ALL"))
        connection.execute(text(statement))
        connection.execute(text("ALTER TABLE participant ENABLE TRIGGER ALL"))

    (problem,) = attacked.verify().problems
    assert problem.startswith("public.participant ")
    assert said in problem


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER audit_update ON participant",
        "ALTER TABLE participant DISABLE TRIGGER audit_update",
        "ALTER TABLE participant ENABLE REPLICA TRIGGER audit_update",
    ],
)
def test_a_trigger_that_is_off_or_gone_is_found(attacked, statement):
    attack(attacked, statement)

    assert attacked.verify().problems == (
        "table public.participant is not recorded: audit_update is off or gone",
    )


def test_a_table_that_was_never_attached_is_found(attacked):
    attack(attacked, "CREATE TABLE secret (id int PRIMARY KEY)")

    (problem,) = attacked.verify().problems
    assert problem.startswith("table public.secret is not recorded")
