"""Home folders of studies beside that of the process, each new: a module may be taken up again after another."""

from itertools import count
from pathlib import Path

_NUMBERS = count(1)


def beside(home: Path, name: str) -> Path:
    """Return the path of a home folder that no test has used."""
    return home.with_name(f"{name}-{next(_NUMBERS)}")
