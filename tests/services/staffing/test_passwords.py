"""Passwords that are guessed first are refused, all others are taken whole, in any script."""

import pytest

from hometrial.services.staffing import passwords
from hometrial.services.staffing.passwords import PasswordRefusedError

AROUND = ("mona", "Mona Lindqvist", "ldn-ms", "Low-dose naltrexone in multiple sclerosis")


@pytest.mark.parametrize(
    "guessed",
    [
        "short",
        "elevenchars",
        "password1234",
        "Password123!",
        "P@ssw0rd2026!",
        "passwordpassword",
        "qwertyuiop123",
        "abcdefghijklmnop",
        "987654321098765",
        "aaaaaaaaaaaaaa",
        "abcabcabcabcabc",
        "iloveyou1234567",
        "mona-lindqvist-1",
        "Lindqvist12345",
        "hometrial2026!",
        "naltrexone2026",
        "sclerosis-trial",
        "MultipleSclerosis",
        "Winter2026!!!!",
        "letmeinletmein1",
        "correcthorsebatterystaple",
        " " * 14,
    ],
)
def test_a_password_that_is_guessed_first_is_refused(guessed):
    with pytest.raises(PasswordRefusedError) as refused:
        passwords.require_good(guessed, AROUND)
    assert guessed not in str(refused.value)


@pytest.mark.parametrize(
    "good",
    [
        "correct purple giraffe",
        "vier blaue Hunde bellen",
        "зелёная трава растёт",
        "東京の雨は静かに降っている夜",
        "kX8#mQ2$vL9!",
        "x" + "ab1cd2ef3gh4" * 40,
        "a b c d e f g h i j k l",
        "my password is not in your list",
        "🐢🐦🐎🐙🦊🐝🌲🌊🌋🌵🌙🌧",
    ],
)
def test_any_other_password_is_taken(good):
    passwords.require_good(good, AROUND)
    assert passwords.matches(passwords.hashed(good), good)


def test_nothing_is_cut_off():
    for length in (64, 72, 100, 1024):
        kept = passwords.hashed("ä" * (length - 1) + "x")
        assert passwords.matches(kept, "ä" * (length - 1) + "x")
        assert not passwords.matches(kept, "ä" * (length - 1) + "y")
        assert not passwords.matches(kept, "ä" * (length - 1))
    with pytest.raises(PasswordRefusedError, match="1024 are the most"):
        passwords.require_good("correct purple giraffe" * 50, AROUND)
    assert not passwords.matches(passwords.hashed("x" * 1024), "x" * 1025)


def test_a_letter_is_the_same_however_a_keyboard_composes_it():
    kept = passwords.hashed("Vögel ﬁnden Körner")
    assert passwords.matches(kept, "Vo\u0308gel finden Ko\u0308rner")


def test_no_account_has_the_password_of_nobody():
    assert not passwords.matches(None, "nobody has this one")
