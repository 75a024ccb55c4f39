"""Checks of the link: account, provider, token, scopes, device."""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from functools import wraps

from hometrial.models import PairedDevice
from hometrial.services.diagnosing.check import Check, not_reached, ok, problem, span
from hometrial.services.diagnosing.facts import Facts
from hometrial.services.standing import LEAD
from hometrial.services.viewing.sources import Source

QUIET_AFTER = timedelta(hours=24)
"""A device that has handed nothing over for so long is taken for out of reach."""
BY_IMPORT = "no wearable account is linked; data come by import"
NO_ACCOUNT = "no wearable account is linked"


def of_an_account(name: str) -> Callable[[Callable[[Facts, str], Check]], Callable[[Facts], Check]]:
    """Name a check that is about accounts: of a person without one it is not reached."""

    def named(check: Callable[[Facts, str], Check]) -> Callable[[Facts], Check]:
        @wraps(check)
        def asked(facts: Facts) -> Check:
            if facts.sources:
                return check(facts, name)
            return not_reached(name, BY_IMPORT if facts.imported else NO_ACCOUNT)

        return asked

    return named


def invite(facts: Facts, what: str) -> str:
    """Return the fix of whatever only the person can mend."""
    return f"send the person a link to {what}: hometrial link invite {facts.code}"


def account_is_linked(facts: Facts) -> Check:
    """Whether an account delivers at all."""
    name = "account linked"
    if not facts.sources:
        return _nobody_linked(facts, name)
    profileless = [each for each in facts.sources if each.status == "not_linked"]
    if profileless:
        return problem(
            name,
            f"the {profileless[0].account.provider} account has no health profile behind it",
            f"ask the person to set the watch up in its app with the same account; then "
            f"{invite(facts, 'link it once more')}",
        )
    return ok(name, "; ".join(_linked(facts, each) for each in facts.sources))


def _nobody_linked(facts: Facts, name: str) -> Check:
    if facts.imported:
        return not_reached(name, BY_IMPORT)
    was = [each.account.provider for each in facts.unlinked]
    gone = f"; {', '.join(was)} was unlinked" if was else ""
    return problem(name, NO_ACCOUNT + gone, invite(facts, "link a watch"))


def _linked(facts: Facts, source: Source) -> str:
    if source.connection is None:
        return f"{source.account.provider}: a phone may push"
    since = facts.local(source.connection.linked_at)
    return f"{source.account.provider}, linked {since}, {source.status.replace('_', ' ')}"


@of_an_account("provider alive")
def provider_is_alive(facts: Facts, name: str) -> Check:
    """Whether the vendor still answers, to anybody."""
    for source in facts.clouds:
        found = _shut(facts, name, source) or _out(facts, name, source)
        if found:
            return found
    ending = [each.account.provider for each in facts.clouds if _days_left(facts, each) is not None]
    if ending:
        end = facts.ends[ending[0]]
        return ok(name, f"{ending[0]} ends on {end}", invite(facts, "another account before that"))
    return ok(name, "no end is announced and no outage seen")


def _days_left(facts: Facts, source: Source) -> int | None:
    """Return the days until a provider's end if it is near or past."""
    ends_on = facts.ends.get(source.account.provider)
    left = None if ends_on is None else (ends_on - facts.now.date()).days
    return left if left is not None and left <= LEAD.days else None


def _shut(facts: Facts, name: str, source: Source) -> Check | None:
    left = _days_left(facts, source)
    if source.status != "retired" and (left is None or left > 0):
        return None
    ends_on = facts.ends.get(source.account.provider)
    when = f" on {ends_on}" if ends_on else ""
    return problem(
        name,
        f"{source.account.provider} has shut its service{when}",
        invite(facts, "an account at another provider"),
    )


def _out(facts: Facts, name: str, source: Source) -> Check | None:
    outage = facts.outages.get(source.account.provider)
    affected = any(state.obstacle == "try_later" for state in source.streams)
    if outage is None or not affected or not outage.is_one:
        return None
    since = f" since {facts.local(outage.since)}" if outage.since else ""
    return problem(
        name,
        f"{outage.provider} does not answer for {outage.failing} of {outage.accounts} accounts{since}",
        "nothing to do: reading goes on by itself and fills the gap when the provider is back",
    )


@of_an_account("token")
def token_is_good(facts: Facts, name: str) -> Check:
    """Whether we may still read."""
    for source in facts.clouds:
        found = _dead(facts, name, source)
        if found:
            return found
    said = [_refreshed(facts, each) for each in facts.clouds if each.status == "active"]
    return ok(name, "; ".join(said) or "a phone pushes with a key of its own")


def _dead(facts: Facts, name: str, source: Source) -> Check | None:
    assert source.connection is not None  # noqa: S101  # the caller asks about clouds only
    provider, dates = source.account.provider, facts.tokens.get(source.account.id)
    again = invite(facts, "reconnect")
    if source.status == "reconnect_needed":
        since = facts.local(source.connection.status_since)
        why = source.connection.status_reason.rstrip(".")
        last = f", last refreshed {facts.local(dates.refreshed_at)}" if dates else ""
        return problem(name, f"{provider} must be reconnected since {since}: {why}{last}", again)
    if source.status != "active":
        return None
    if dates is None:
        return problem(name, f"no token of {provider} is kept", again)
    ended = dates.refresh_expires_at
    if ended and ended <= facts.now:
        return problem(name, f"the grant of {provider} ended on {facts.local(ended)}", again)
    return None


def _refreshed(facts: Facts, source: Source) -> str:
    dates = facts.tokens[source.account.id]
    until = dates.refresh_expires_at
    ends = f", the grant ends {facts.local(until)}" if until else ""
    return f"{source.account.provider} refreshed {facts.local(dates.refreshed_at)}{ends}"


@of_an_account("scopes")
def scopes_are_granted(facts: Facts, name: str) -> Check:
    """Whether the person shares at the provider what they consented to here."""
    active = [each for each in facts.clouds if each.status == "active"]
    if not active:
        return not_reached(name, "no cloud account is active")
    flowing = {stream for each in active for stream in _granted(each)}
    missing = sorted({stream for each in active for stream in _wanted(facts, each)} - flowing)
    if missing:
        return problem(
            name,
            f"{active[0].account.provider} does not share {_words(missing)}, which the person "
            "consented to",
            invite(facts, "grant it: the box on the provider's page must be ticked"),
        )
    return ok(name, f"shared: {_words(sorted(flowing)) or 'nothing'}")


def _granted(source: Source) -> set[str]:
    refused = {each.stream for each in source.streams if each.obstacle == "scope_missing"}
    granted = source.connection.streams if source.connection else []
    return set(granted) - refused


def _wanted(facts: Facts, source: Source) -> set[str]:
    """Return the streams of a provider whose data type is consented to; those refused, if unknown."""
    offers = facts.offers.get(source.account.provider, {})
    refused = {each.stream for each in source.streams if each.obstacle == "scope_missing"}
    consented = {
        name
        for name, stream in offers.items()
        if facts.consents.in_force(stream.data_type, facts.now)
    }
    return consented if offers else refused


@of_an_account("device")
def device_hands_over(facts: Facts, name: str) -> Check:
    """Whether the watch gives its data to the provider."""
    active = [each for each in facts.sources if each.status in ("active", "pushing")]
    if not active:
        return not_reached(name, "no account is active")
    quiet = [found for each in active if (found := _quiet(facts, name, each))]
    if len(quiet) == len(active):
        return ok(name, quiet[0].finding) if facts.pause else quiet[0]
    return ok(name, "; ".join(_devices(facts, each.devices) for each in active if each.devices)
              or "the account lists no device; its data are new")  # fmt: skip


def _quiet(facts: Facts, name: str, source: Source) -> Check | None:
    """Return the problem of an account that was not heard of for long, None if it was."""
    heard = [moment for moment in (source.handed_over_at, source.data_until) if moment]
    since = max(heard, default=None)
    linked = source.connection.linked_at if source.connection else source.account.created_at
    if facts.now - max(since or linked, linked) <= QUIET_AFTER:
        return None
    ask = "ask the person to charge the watch and to open its app beside it"
    if not source.devices and since is None:
        return problem(
            name, f"{source.account.provider} lists no device, and nothing has come", ask
        )
    last = since or linked
    shown = _devices(facts, source.devices) or source.account.provider
    return problem(
        name, f"no data handed over for {span(facts.now - last)} ({shown})", ask
    )  # fmt: skip


def _devices(facts: Facts, devices: Sequence[PairedDevice]) -> str:
    return "; ".join(
        f"{each.model}, battery {(each.battery or 'unknown').lower()}, last hand-over "
        f"{facts.local(each.last_sync_at) if each.last_sync_at else 'never'}"
        for each in devices
    )


def _words(names: Iterable[str]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
