"""Passwords of the staff: long, in any script, not of words that are guessed first, kept as Argon2 hashes alone."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hometrial.errors import TrialError

SHORTEST, LONGEST = 12, 1024
"""Characters. Nothing is ever cut off: what is longer is refused, so that no megabyte is hashed."""
LEFT_OVER = 8
"""So many different characters have to be left when words and rows that are guessed first are taken away."""
_COMMON = """
access admin administrator asdf asdfgh asdfghjkl baseball changeme charlie computer correcthorsebatterystaple
default dragon football geheim guest hallo hello iloveyou internet letmein login lovely master michael monkey
mustang passphrase password passwort princess qwer qwerty qwertz qwertyuiop qwertzuiop research secret security
server shadow starwars summer sunshine superman system temp temppassword test testing trustno welcome whatever
winter yxcvbnm zxcvbnm spring autumn january february march april june july august september october november
december monday tuesday wednesday thursday friday saturday sunday
"""
COMMON = frozenset(_COMMON.split())
"""Words that are tried before any other, in small letters."""
_OURS = "hometrial trial clinical clinic hospital doctor naltrexone study participant"
OURS = frozenset(_OURS.split())
"""Words of this very place."""
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "01234567890", "09876543210")  # fmt: skip
_ROW = 4
_LEET = str.maketrans({"@": "a", "4": "a", "0": "o", "1": "i", "3": "e", "$": "s", "5": "s", "7": "t", "!": "i"})  # fmt: skip
_WORD = 3
_hasher = PasswordHasher()


class PasswordRefusedError(TrialError):
    """A password that would be guessed; it itself is never repeated."""


def plain(typed: str) -> str:
    """Return a password as it is compared: however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", typed)


def require_good(typed: str, around: Iterable[str]) -> None:
    """Refuse a password that is short or is guessed first. Raises PasswordRefusedError.

    `around`: names and titles that whoever guesses knows, too.
    """
    password = plain(typed)
    if len(password) < SHORTEST:
        raise PasswordRefusedError(
            f"password: {len(password)} characters; take {SHORTEST} at least, several words are easiest"
        )
    if len(password) > LONGEST:
        raise PasswordRefusedError(
            f"password: {len(password)} characters; {LONGEST} are the most, and nothing is cut off"
        )
    words = COMMON | OURS | set(_words(around))
    left = _without(password.casefold(), words)
    if len(set(left)) < LEFT_OVER:
        raise PasswordRefusedError(
            "password: it is made of words, names or rows of keys that are guessed first; "
            "add words that have nothing to do with you or the study"
        )


def _words(texts: Iterable[str]) -> Iterable[str]:
    for text in texts:
        for word in re.findall(r"\w+", plain(text).casefold()):
            if len(word) >= _WORD:
                yield word


def _without(password: str, words: Iterable[str]) -> str:
    """Return what is left of a password without words, rows of keys and repeats; also behind look-alike figures."""
    left = password
    ordered = sorted(words, key=lambda word: (-len(word), word))
    for text in (left, left.translate(_LEET)):
        found = text
        for word in ordered:
            found = found.replace(word, "")
        found = re.sub(r"(.+?)\1{2,}", r"\1", _without_rows(found))
        if len(set(found)) < len(set(left)):
            left = found
    return left


def _without_rows(text: str) -> str:
    for row in _ROWS:
        for way in (row, row[::-1]):
            for length in range(len(way), _ROW - 1, -1):
                for start in range(len(way) - length + 1):
                    text = text.replace(way[start : start + length], "")
    return text


def hashed(typed: str) -> bytes:
    """Return the Argon2 hash of a password, with its salt and costs."""
    return _hasher.hash(plain(typed)).encode("ascii")


def matches(kept: bytes | None, typed: str) -> bool:
    """Say whether a password is the one of a hash. Without a hash it takes the same time and is not."""
    password = plain(typed)[: LONGEST + 1]
    try:
        _hasher.verify(_nobodys() if kept is None else kept.decode("ascii"), password)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


@cache
def _nobodys() -> str:
    """Return the hash that a password without an account is compared with, at the same cost."""
    return _hasher.hash("nobody has this one")
