"""A user at the command line, in this very process, and what the user reads there."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from hometrial import cli
from hometrial.services import enrolling

Content = bytes | str | dict[str, str | bytes]


@pytest.fixture(scope="module")
def trial(shared_study):
    """A study with one person in Berlin, whose first heart rates are in."""
    with shared_study.database.transaction("test") as session:
        person = enrolling.add_participant(session)
        enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    return shared_study


@pytest.fixture
def typed(monkeypatch, capsys, home) -> Callable[..., tuple[int, str, str]]:
    """Type a command into this very process: typed(study, "import", …) -> exit code, output, errors."""

    def run(study, *arguments: object) -> tuple[int, str, str]:
        monkeypatch.setenv("HOMETRIAL_HOME", str(home))
        monkeypatch.setenv("HOMETRIAL_DATABASE_URL", study.database.settings.database_url)
        monkeypatch.setattr(sys, "argv", ["hometrial", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def put() -> Callable[[Path, Content], Path]:
    """Write a file, or a folder of files: put(path, content) -> path."""
    return _written


def _written(place: Path, content: Content) -> Path:
    if isinstance(content, dict):
        place.mkdir()
        for name, inside in content.items():
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _written(path, inside)
        return place
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


@pytest.fixture
def names() -> Callable[[Sequence[str], str], None]:
    """Check that a sentence names these words in this order."""
    return _in_order


def _in_order(words: Sequence[str], sentence: str) -> None:
    at = 0
    for word in words:
        at = sentence.find(word, at)
        assert at >= 0, f"{word!r} is missing, or stands too early, in: {sentence}"
