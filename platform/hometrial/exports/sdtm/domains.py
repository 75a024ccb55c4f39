"""Which domains are made, by which function, in which order."""

from collections.abc import Callable

from hometrial.exports.sdtm.assembling import Made, Row, assemble
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source

DOMAINS: dict[str, Callable[[Study], list[Row]]] = {}
"""A function returns the rows of a domain in any order; a domain without rows is left out."""


def tabulate(source: Source) -> dict[str, Made]:
    """Return the study's data sets by name, each domain before its supplement.

    Raises ValueRefusedError for a value that a domain cannot hold; its sentence names the record it came of.
    """
    study = Study(source)
    made: dict[str, Made] = {}
    for name, rows in DOMAINS.items():
        found = rows(study)
        if found:
            made |= {each.data_set.name: each for each in assemble(name, found, study)}
    return made
