"""The words around a consent document in each language: signature block, choices, receipts."""

from functools import cache
from importlib import resources

from hometrial.declarations import Declaration, Language, read
from hometrial.errors import TrialError

_WORDS = resources.files("hometrial.services.agreeing") / "words"


class UnknownLanguageError(TrialError):
    """A language that has no words here yet."""


class Words(Declaration):
    """What stands on a copy and a receipt, in one language."""

    language: Language
    document: str
    version: str
    protocol: str
    ethics: str
    rehearsal: str
    participant: str
    investigator: str
    not_countersigned: str
    name: str
    assistant: dict[str, str]
    signed_at: str
    zone: str
    meaning: str
    kind: dict[str, str]
    kind_label: str
    reauthentication: str
    identity_check: str
    discussed_with: str
    granted: str
    not_granted: str
    nothing_granted: str
    data_types: dict[str, str]
    text_checksum: str
    signs_lacking: str
    scan: str
    checksum: str
    seal: str
    receipt: str
    since: str
    choices: dict[str, str]
    stopped: dict[str, str]


def languages() -> tuple[str, ...]:
    """Return the languages that there are."""
    return tuple(
        sorted(
            each.name.removesuffix(".yaml")
            for each in _WORDS.iterdir()
            if each.name.endswith(".yaml")
        )
    )


@cache
def words(language: str) -> Words:
    """Return the words of a language. Raises UnknownLanguageError that lists those there are."""
    if language not in languages():
        raise UnknownLanguageError(
            f"language: there are no words around a consent in {language}; there are {', '.join(languages())}"
        )
    name = f"{language}.yaml"
    return read((_WORDS / name).read_text(encoding="utf-8"), name, Words)
