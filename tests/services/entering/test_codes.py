"""Codes by e-mail: typed once, in the browser that asked, within ten minutes; and nobody learns who is known."""

from threading import Thread

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import ProgrammingError

from hometrial.db import PARTICIPANT_ROLE
from hometrial.services import identifying
from hometrial.services.entering import addresses, budgets, codes
from hometrial.services.entering.addresses import AddressRefusedError
from hometrial.services.entering.budgets import Wait
from hometrial.services.entering.codes import Place

ADA, BOB = "Ada@Example.org", "bob@example.org"


@pytest.fixture
def ada(desk):
    return desk.enrol(ADA)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**8:08}"


def test_the_code_that_was_sent_opens_the_page_of_its_person(desk, ada):
    browser = desk.ask(ADA)
    [(whose, code)] = desk.post
    assert whose == ada
    assert len(code) == codes.DIGITS
    assert desk.answer(browser, code) == ada


def test_an_address_is_found_however_it_is_written_and_a_code_however_it_is_typed(desk, ada):
    browser = desk.ask("  aDA@exAMPLE.ORG ")
    code = desk.post[0][1]
    assert codes.in_groups(code) == f"{code[:4]} {code[4:]}"
    assert desk.answer(browser, f" {code[:4]} - {code[4:]} ") == ada


def test_a_code_is_used_once(desk, ada):
    browser = desk.ask(ADA)
    code = desk.post[0][1]
    assert desk.answer(browser, code) == ada
    assert desk.answer(browser, code) == "over"


def test_a_code_that_is_typed_twice_at_the_same_time_is_used_once(desk, ada):
    browser, code, answers = desk.ask(ADA), desk.post[0][1], []
    threads = [Thread(target=lambda: answers.append(desk.answer(browser, code))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(map(str, answers)) == sorted([str(ada), "over", "over"])


def test_a_code_is_old_after_ten_minutes(desk, ada, now):
    browser = desk.ask(ADA)
    now(minutes=10)
    assert desk.answer(browser, desk.post[0][1]) == "over"


def test_a_code_works_in_no_other_browser(desk, ada):
    bob = desk.enrol(BOB)
    of_ada, of_bob = desk.ask(ADA), desk.ask(BOB)
    codes_of = dict(desk.post)
    assert desk.answer(of_bob, codes_of[ada]) == "wrong"
    assert desk.answer(of_ada, codes_of[bob]) == "wrong"
    assert desk.answer("forged", codes_of[ada]) == "over"
    assert desk.answer(of_ada, codes_of[ada]) == ada


def test_five_wrong_tries_use_a_code_up(desk, ada):
    browser = desk.ask(ADA)
    code = desk.post[0][1]
    assert [desk.answer(browser, wrong(code)) for _ in range(5)] == ["wrong"] * 4 + ["over"]
    with desk.study.database.transaction("test") as session:
        session.execute(text("UPDATE sync.rate_bucket SET tokens = 30"))
    assert desk.answer(browser, code) == "over"


def test_however_many_codes_an_address_has_it_is_guessed_ten_times_in_ten_minutes(desk, ada, now):
    tried = 0
    for minute in range(10):
        browser = desk.ask(ADA)
        for _ in range(5):
            if isinstance(browser, str):
                place = Place(f"198.51.100.{minute}")
                tried += not isinstance(desk.answer(browser, "00000000", place), Wait)
        now(minutes=1)
    assert 5 <= tried <= 10


def test_one_address_gets_few_codes_and_later_some_more(desk, ada, now):
    answers = [desk.ask(ADA, Place(f"198.51.100.{n}")) for n in range(8)]
    assert [isinstance(answer, Wait) for answer in answers] == [False] * 5 + [True] * 3
    assert answers[-1] == Wait(720)
    now(seconds=720)
    assert isinstance(desk.ask(ADA), str)


def test_one_place_asks_for_few_addresses_and_what_was_refused_elsewhere_counts(desk):
    answers = [desk.ask(f"p{n}@example.org") for n in range(31)]
    assert isinstance(answers[29], str)
    assert isinstance(answers[30], Wait)
    assert isinstance(desk.ask("p31@example.org", Place("203.0.113.9")), str)


def statements(desk, act):
    """Return the kinds of statements that an act makes, in order."""
    seen = []

    def note(_conn, _cursor, statement, _parameters, _context, _many):
        seen.append(statement)

    engine = desk.study.database.engine
    event.listen(engine, "before_cursor_execute", note)
    act()
    event.remove(engine, "before_cursor_execute", note)
    return seen


def test_an_unknown_address_makes_the_same_work_and_the_same_answers(desk, ada):
    asked, browsers = {}, {}
    for email in (ADA, "nobody@example.org"):
        asked[email] = statements(
            desk, lambda email=email: browsers.__setitem__(email, desk.ask(email))
        )
    known, unknown = asked.values()
    assert known == unknown
    assert len(known) >= 5
    assert [whose for whose, _ in desk.post] == [ada]
    tried = {
        email: statements(desk, lambda b=browser: desk.answer(b, "123"))
        for email, browser in browsers.items()
    }
    assert tried[ADA] == tried["nobody@example.org"]
    for _ in range(3):
        assert {desk.answer(browser, "123") for browser in browsers.values()} == {"wrong"}
    assert {desk.answer(browser, "123") for browser in browsers.values()} == {"over"}
    refused = {desk.ask(email) for email in browsers for _ in range(5) if email != ADA}
    assert Wait(720) in refused


def test_the_code_of_an_unknown_address_opens_nothing_even_if_it_is_guessed(desk, monkeypatch):
    monkeypatch.setattr(codes, "_new_code", lambda: "12345678")
    assert desk.answer(desk.ask("nobody@example.org"), "12345678") == "wrong"


def test_who_withdrew_from_everything_still_comes_in(desk, ada):
    with desk.study.database.transaction("staff") as session:
        session.execute(text("UPDATE participant SET status = 'withdrawn'"))
    assert desk.answer(desk.ask(ADA), desk.post[0][1]) == ada


@pytest.mark.parametrize("email", ["", "ada", "ada@", "@example.com", "a b@example.org", "ada@org",
                                   "ada@example..org", "a\n@example.org", "ada@b@example.org",
                                   "a" * 65 + "@example.org", "ada@" + "e" * 250 + ".org"])  # fmt: skip
def test_what_is_no_address_is_refused_without_being_repeated(desk, email):
    with pytest.raises(AddressRefusedError) as caught:
        desk.ask(email)
    assert "email: this is no address" in str(caught.value)
    assert len(email) < 3 or email not in str(caught.value)


def test_two_people_have_no_address_in_common(desk, ada):
    bob = desk.enrol(BOB)
    with (
        pytest.raises(AddressRefusedError, match="on record for P-0001 already") as caught,
        desk.study.database.transaction("staff") as session,
    ):
        identifying.keep(session, b"i" * 32, bob, email="ada@example.ORG")
    assert "ada" not in str(caught.value).lower().replace("p-0001", "")
    with desk.study.database.transaction("staff") as session:
        assert identifying.reveal(session, b"i" * 32, bob) == {"email": BOB}


def test_who_has_a_new_address_is_found_by_it_alone(desk, ada):
    with desk.study.database.transaction("staff") as session:
        identifying.keep(session, b"i" * 32, ada, email=" Ada@new.example.org ")
        assert identifying.reveal(session, b"i" * 32, ada) == {"email": "Ada@new.example.org"}
    desk.ask(ADA)
    assert desk.post == []
    assert desk.answer(desk.ask("ada@new.example.org"), desk.post[0][1]) == ada


def test_addresses_kept_before_there_were_codes_are_found_after_indexing(desk, ada):
    with desk.study.database.transaction("staff") as session:
        session.execute(text("DELETE FROM entry_address"))
        assert identifying.index(session, b"i" * 32) == 1
        assert identifying.index(session, b"i" * 32) == 0
    assert desk.answer(desk.ask(ADA), desk.post[0][1]) == ada


def test_only_keyed_hashes_stand_in_tables_and_trail(desk, ada):
    browser = desk.ask(ADA)
    code = desk.post[0][1]
    desk.answer(browser, wrong(code))
    desk.answer(browser, code)
    kept = " ".join(
        str(desk.study.rows(f"SELECT to_jsonb(t) FROM {table} t"))  # noqa: S608
        for table in ("entry_code", "entry_address", "sync.rate_bucket", "audit.entry")
    )
    for secret in (code, codes.in_groups(code), browser, "example.org", "192.0.2.7"):
        assert secret.lower() not in kept.lower()
    tries = desk.study.rows(
        "SELECT new ->> 'tries', new ->> 'used_at' IS NOT NULL FROM audit.entry"
        " WHERE table_name = 'public.entry_code' ORDER BY id"
    )
    assert tries == [("0", False), ("1", False), ("2", False), ("2", True)]


def test_the_participant_site_reads_no_address_and_writes_no_look_up(desk, ada):
    for statement in (
        "SELECT * FROM identity.identity",
        "UPDATE entry_address SET address_hmac = address_hmac",
        "DELETE FROM entry_address",
        "DELETE FROM entry_code",
    ):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            desk.study.database.transaction("site", role=PARTICIPANT_ROLE) as session,
        ):
            session.execute(text(statement))


def test_hashes_hang_on_the_key(ada):
    hashes = {addresses.hashed(key * 32, ADA) for key in (b"a", b"b")}
    assert len(hashes) == 2
    assert all(len(each) == 64 for each in hashes)


def test_budgets_are_told_apart_by_name_and_owner(desk):
    small = budgets.Budget("small", 2, 60)
    with desk.site() as session:
        assert budgets.spend(session, b"k", (small, "a"), (small, "b")) is None
        assert budgets.spend(session, b"k", (small, "c"), (small, "b")) == Wait(60)
        assert budgets.spend(session, b"k", (small, "c")) == Wait(60)
