"""What a trip to a provider's sign-in page can come to: a closed set, each with a page of its own."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

Why = Literal["state", "try_later", "retired", "our_bug"]


@dataclass(frozen=True)
class Linked:
    """The account is linked; `missing` are streams that were asked for and not granted."""

    account_id: UUID
    shared: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Refused:
    """The person said no, or ticked nothing."""


@dataclass(frozen=True)
class WrongAccount:
    """Someone else of the study has this account, or the person has another one here already."""

    whose: Literal["someone_elses", "another_of_yours"]


@dataclass(frozen=True)
class NotLinked:
    """The account has no health profile at the provider yet."""


@dataclass(frozen=True)
class Failed:
    """Nothing was linked: the way back was not ours, or the provider or we were not able."""

    why: Why


Outcome = Linked | Refused | WrongAccount | NotLinked | Failed


def in_a_word(outcome: Outcome) -> str:
    """Return an outcome as the word in tables, logs and addresses."""
    match outcome:
        case Linked(missing=missing):
            return "linked in part" if missing else "linked"
        case Refused():
            return "refused"
        case WrongAccount(whose=whose):
            return whose
        case NotLinked():
            return "not_linked"
        case Failed(why=why):
            return why
