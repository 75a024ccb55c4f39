"""Reports of the twins of the shipped protocols, and of nobody at all: each is reckoned once per process."""

from datetime import UTC, datetime
from functools import cache

from twins import twin

from hometrial.exports.report import making, pages
from hometrial.exports.report.making import Report
from hometrial.exports.report.material import Material, Standing, material
from hometrial.exports.source.reading import Source

PROTOCOLS = ("ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series")
STANDING = Standing("twin", "of a test", datetime(2027, 6, 1, 12, tzinfo=UTC), "0.0.0")


@cache
def of_twin(protocol: str, people: int = 6) -> Material:
    """Return the material of a twin; with nobody only the study's own tables are there. It is shared."""
    if people:
        return material(twin(protocol, people), STANDING)
    whole = twin(protocol, 1)
    own = {name: whole.table(name) for name in ("protocol_version", "instrument", "site")}
    return material(Source(own), STANDING)


@cache
def report(protocol: str, people: int = 6) -> Report:
    """Return a twin's report."""
    return making.report(of_twin(protocol, people))


@cache
def html(protocol: str, people: int = 6) -> str:
    """Return a twin's report as a page."""
    return pages.html(report(protocol, people)).decode()
