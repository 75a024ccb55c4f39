"""What the sections of a draft share: choices that come from the file itself, and fields that come again."""

from typing import Any, get_args

from hometrial.protocol import arms, editing
from hometrial.staff.pages.trial.sheet import Field

Options = tuple[tuple[str, str], ...]
NOT_SAID = (("", "not said"),)


def words_of(words: tuple[Any, ...], *, needed: bool = False) -> Options:
    """Return words to choose from; `needed`: one of them must be."""
    found = tuple((str(each), str(each).replace("_", " ")) for each in words)
    return found if needed else NOT_SAID + found


def ids(document: Any, section: str) -> Options:
    """Return what a section of the file names, to choose from."""
    found = editing.at(document, (section,))
    return tuple(
        (str(each["id"]), f"{each['id']} {each.get('label', '')}".strip())
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict) and each.get("id")
    )


def with_options(document: Any) -> Options:
    """Return the variables that have options."""
    found = editing.at(document, ("variables",))
    return tuple(
        (each["id"], f"{each['id']} {each.get('label', '')}")
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict) and each.get("type") == "choice" and each.get("id")
    )


ANCHORS = words_of(get_args(arms.Anchor))
ID = Field("id", "Id")
LABEL = Field("label", "Label")
