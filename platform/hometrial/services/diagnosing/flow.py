"""Checks of the way from the provider to a final day: reads, worker, gate, quarantine, gaps, days."""

from datetime import timedelta

from hometrial.services.diagnosing.check import Check, not_reached, ok, problem, span
from hometrial.services.diagnosing.facts import Facts
from hometrial.services.diagnosing.link import of_an_account
from hometrial.services.viewing.sources import Source

LATE = timedelta(minutes=15)
"""Due work that waits longer than this waits too long (features.md 6: poll to visible)."""
STALE = timedelta(hours=6)
"""An account that is read hourly and was not read for so long is stuck."""
_ELSEWHERE = {
    "scope_missing": "scopes",
    "reconnect_needed": "token",
    "not_linked": "account linked",
    "retired": "provider alive",
}
"""Obstacles that another check explains."""
_FIXES = {
    "rate_limited": "nothing to do: reading goes on by itself when the budget has refilled",
    "try_later": "nothing to do: it is read again by itself; if it stays so, see /sync",
    "our_bug": "report it with the request's id: the program or the project's settings are wrong",
}
CAUSES = {
    "not_worn": "not worn",
    "not_synced": "not handed over by the device yet",
    "token_dead": "lost while the token was dead",
    "scope_missing": "of a stream that is not shared",
    "not_consented": "without consent",
    "paused": "during a pause",
    "provider_outage": "of a provider's outage",
    "retired": "after the provider's end",
    "quarantined": "in quarantine",
    "not_in_source": "of a stream that this source never carries",
    "unknown": "that nothing explains",
}
"""How each cause of a gap reads after a number of hours."""


@of_an_account("last read")
def last_read_went_well(facts: Facts, name: str) -> Check:
    """Whether the last read of every stream ended in data."""
    for source in facts.clouds:
        found = _failed(facts, name, source)
        if found:
            return found
    reads = [_last_read(facts, each) for each in facts.clouds if each.status == "active"]
    return (
        ok(name, "; ".join(reads)) if reads else not_reached(name, "nothing is read from a cloud")
    )


def _failed(facts: Facts, name: str, source: Source) -> Check | None:
    """Return the obstacle of an account's streams that no other check has told of."""
    held = [each for each in source.held_up if each.obstacle not in _ELSEWHERE]
    outage = facts.outages.get(source.account.provider)
    if outage is not None and outage.is_one:
        held = [each for each in held if each.obstacle != "try_later"]
    if not held:
        return None
    worst = max(held, key=lambda each: (each.obstacle == "our_bug", each.failures))
    streams = ", ".join(each.stream.replace("_", " ") for each in held)
    since = f" since {facts.local(worst.obstacle_since)}" if worst.obstacle_since else ""
    said = (worst.obstacle_text or worst.obstacle or "").rstrip(".")
    pull = facts.last_pulls.get(source.account.id)
    request = f" (request {pull.request_id})" if pull and pull.request_id else ""
    fix = _FIXES.get(worst.obstacle or "", _FIXES["try_later"])
    return problem(name, f"{streams} cannot be read{since}: {said}{request}", fix)


def _last_read(facts: Facts, source: Source) -> str:
    provider, read_at = source.account.provider, source.read_at
    if read_at is None:
        return f"{provider} was not read yet"
    until = source.data_until
    data = f", data up to {facts.local(until)}" if until else ", and no data came"
    return f"{provider} read {facts.local(read_at)}{data}"


@of_an_account("worker")
def worker_runs(facts: Facts, name: str) -> Check:
    """Whether somebody does the work, and keeps up with it."""
    work, run = facts.backlog, "run: hometrial worker"
    due = f"jobs due: {work.jobs}"
    if not work.workers:
        beat = f"; the last one fell silent {span(work.last_beat)} ago" if work.last_beat else ""
        return problem(name, f"no worker runs; {due}{beat}", run)
    if work.oldest_job and work.oldest_job > LATE:
        return problem(name, f"{due}, the oldest for {span(work.oldest_job)}", f"{run}, one more")
    stuck = [each for each in facts.clouds if _is_stale(facts, each)]
    if stuck:
        last = stuck[0].read_at
        when = f"since {facts.local(last)}" if last else "since it was linked"
        fix = f"run: hometrial sync {facts.code}; restart the worker if nothing moves then"
        return problem(name, f"{stuck[0].account.provider} was not read {when}", fix)
    return ok(name, f"{work.workers} at work; {due}")


def _is_stale(facts: Facts, source: Source) -> bool:
    if source.connection is None or source.status != "active" or source.held_up:
        return False
    if not source.connection.streams or facts.consents.first() is None:
        return False
    last = max(source.read_at or source.connection.linked_at, source.connection.linked_at)
    return facts.now - last > STALE


@of_an_account("waiting for the gate")
def pages_pass_the_gate(facts: Facts, name: str) -> Check:
    """Whether what was read is judged and stored."""
    count, since = facts.waiting
    if not count or since is None:
        return ok(name, "nothing waits")
    finding = f"{count} reads wait for the gate, the oldest for {span(facts.now - since)}"
    if facts.now - since > LATE:
        return problem(name, finding, "run: hometrial worker; if one runs, look at its log")
    return ok(name, finding)


def quarantine_is_empty(facts: Facts) -> Check:
    """Whether rows wait for a decision."""
    rows, queries = facts.quarantined
    if not rows:
        return ok("quarantine", "no row waits for a decision")
    return problem(
        "quarantine",
        f"{rows} rows wait for a decision under {queries} queries",
        f"decide about them on /quarantine, or: hometrial quarantine list --participant {facts.code}",
    )


def gaps_have_causes(facts: Facts) -> Check:
    """Which hours of heart rate are missing, and why."""
    missing = {cause: hours for cause, hours in facts.missing.items() if hours}
    if not missing:
        return ok("gaps", "no hour of heart rate is missing in these days")
    ordered = sorted(missing.items(), key=lambda item: -item[1])
    text = "missing hours: " + ", ".join(f"{hours} {CAUSES[cause]}" for cause, hours in ordered)
    return ok("gaps", text, _way_out(facts, missing))


def _way_out(facts: Facts, missing: dict[str, int]) -> str | None:
    if "unknown" in missing and not facts.sources:
        return "import a later or fuller export if there is one"
    if "not_worn" in missing:
        return "ask whether the watch is worn, also at night"
    return None


def days_become_final(facts: Facts) -> Check:
    """Which days may still change."""
    provisional, final = facts.days
    if not provisional + final:
        return not_reached("days", "there is no day with data yet")
    return ok("days", f"{final} final, {provisional} provisional: late data may still join these")
