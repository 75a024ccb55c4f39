"""Names and addresses: sealed, bound to their row, and out of the study's sight."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from hometrial.errors import TrialError
from hometrial.models import Identity
from hometrial.services import enrolling, identifying

KEY = b"k" * 32


@pytest.fixture
def people(study):
    with study.database.transaction("test") as session:
        ada, bob = (enrolling.add_participant(session) for _ in range(2))
        identifying.keep(session, KEY, ada.id, name="Ada Lovelace", email="ada@example.org")
        identifying.keep(session, KEY, bob.id, name="Bob Byron", phone="+44 20 7946 0000")
    return ada.id, bob.id


def reveal(study, person, key=KEY):
    with study.database.transaction("test") as session:
        return identifying.reveal(session, key, person)


def tamper(study, statement, **values):
    with study.database.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement), values)


def test_what_was_kept_comes_back(study, people):
    assert reveal(study, people[0]) == {"name": "Ada Lovelace", "email": "ada@example.org"}
    assert reveal(study, people[1]) == {"name": "Bob Byron", "phone": "+44 20 7946 0000"}


def test_a_person_without_an_identity_has_none(study, people):
    with study.database.transaction("test") as session:
        stranger = enrolling.add_participant(session)

    assert reveal(study, stranger.id) == {}


def test_a_field_is_changed_by_itself(study, people):
    with study.database.transaction("test") as session:
        identifying.keep(session, KEY, people[0], name="Ada King", email=None)

    assert reveal(study, people[0]) == {"name": "Ada King", "email": "ada@example.org"}


def test_a_field_that_is_none_is_refused(study, people):
    with (
        pytest.raises(TrialError, match="passport is not a field"),
        study.database.transaction("test") as session,
    ):
        identifying.keep(session, KEY, people[0], passport="X")


def test_no_value_stands_in_clear_anywhere_in_the_database(study, people):
    stored = study.one("SELECT string_agg(encode(name || coalesce(email, ''), 'escape'), '')"
                       " FROM identity.identity")  # fmt: skip
    trail = study.one("SELECT string_agg(concat(old, new), '') FROM audit.entry")

    for word in ("Ada", "Lovelace", "example.org", "Byron", "7946 0"):
        assert word not in stored
        assert word not in trail


@pytest.mark.parametrize("statement", ["SELECT name FROM {}", "DELETE FROM {}"])
def test_the_studys_role_cannot_touch_an_identity(study, people, statement):
    with (
        pytest.raises(ProgrammingError, match="permission denied for schema identity"),
        study.database.transaction("test") as session,
    ):
        session.execute(text(statement.format("identity.identity")))


def test_the_role_is_given_back_after_an_identity_was_read(study, people):
    with study.database.transaction("test") as session:
        identifying.reveal(session, KEY, people[0])
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(select(Identity))


def test_the_role_of_identities_sees_no_samples(study, people):
    with study.database.transaction("test") as session:
        session.execute(text("SET LOCAL ROLE hometrial_identity"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            session.execute(text("SELECT * FROM day_chunk"))


def test_a_value_moved_to_another_persons_row_is_refused(study, people):
    tamper(
        study,
        "UPDATE identity.identity i SET name = o.name FROM identity.identity o"
        " WHERE i.participant_id <> o.participant_id",
    )

    with pytest.raises(TrialError, match="name belongs to another row"):
        reveal(study, people[0])


def test_a_value_moved_to_another_column_is_refused(study, people):
    tamper(study, "UPDATE identity.identity SET phone = name")

    with pytest.raises(TrialError, match="phone belongs to another row"):
        reveal(study, people[0])


def test_another_key_opens_nothing_and_says_which_file_to_restore(study, people):
    with pytest.raises(TrialError, match=r"keys/identity\.hex"):
        reveal(study, people[0], b"x" * 32)


def test_a_damaged_value_is_refused(study, people):
    tamper(study, "UPDATE identity.identity SET name = set_byte(name, 40, 0)")

    with pytest.raises(TrialError, match="name"):
        reveal(study, people[0])


def test_changes_of_an_identity_are_on_record(study, people):
    assert study.one("SELECT count(*) FROM audit.entry WHERE table_name = 'identity.identity'") >= 2
    assert study.verify().problems == ()
