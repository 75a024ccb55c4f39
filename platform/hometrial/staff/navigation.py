"""The main menu: each area once, shown to whoever may see it."""

from dataclasses import dataclass

from flask import g, request

from hometrial.staff.study import me


@dataclass(frozen=True)
class Entry:
    """An area of the site: its word, its first page, the action that opens it, its blueprints."""

    label: str
    endpoint: str
    action: str
    blueprints: frozenset[str]


MENU = (
    Entry("Today", "today.page", "today.see", frozenset({"today"})),
    Entry("People", "people.listing", "people.see", frozenset({"people", "bulk", "timeline"})),
    Entry("Completeness", "completeness.grid", "data.see", frozenset({"completeness"})),
    Entry(
        "Quality",
        "quality.page",
        "data.see",
        frozenset({"quality", "queries", "quarantine", "batches", "rules", "sync", "providers"}),
    ),
    Entry("Safety", "safety.page", "alert.see", frozenset({"safety"})),
    Entry("Trial", "trial.page", "trial.see", frozenset({"trial"})),
    Entry("Monitoring", "monitoring.page", "monitoring.see", frozenset({"monitoring"})),
    Entry("Exports", "exports.page", "lock.see", frozenset({"exports", "lineage"})),
    Entry("Audit", "trail.newest", "audit.see", frozenset({"trail"})),
    Entry(
        "System",
        "system.page",
        "system.see",
        frozenset({"system", "users", "keys", "access_log"}),
    ),
)


def menu() -> list[tuple[Entry, bool]]:
    """Return the areas that who sits there may open, each with whether this page belongs to it."""
    if "actor" not in g:
        return []
    here = (request.blueprint or "").split(".")[0]
    return [(entry, here in entry.blueprints) for entry in MENU if me().may(entry.action)]
