"""To the provider's sign-in page and back, and what came of it."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from hometrial.participant.site import site, transaction, visit
from hometrial.services.syncing import linking
from hometrial.services.syncing.linking import Answer, Claim
from hometrial.services.syncing.outcomes import Failed, Linked, Outcome, in_a_word
from hometrial_ingest.provider import Provider

RESULT = "result"

pages = Blueprint("connect", __name__)


def _cloud(provider: str) -> Provider:
    found = site().clouds.get(provider)
    if found is None:
        raise NotFound
    return found


@pages.post("/connect/<provider>")
def begin(provider: str) -> str:
    """Lead to the provider's sign-in page.

    By a page of our own that goes on by itself: a form's redirect would have to name, in our policy,
    every address that the provider may lead through.
    """
    cloud = _cloud(provider)
    with transaction("begin to link a watch") as database:
        address = linking.begin(
            database, site().keys, visit(), cloud, site().back_address(cloud.name)
        )
    return render_template("watch/going.html", provider=provider, address=address)


@pages.get("/linked/<provider>")
def back(provider: str) -> AnyResponse:
    """Take the provider's answer and lead to its result: the address with the code is left at once."""
    cloud = _cloud(provider)
    with transaction("come back from a provider") as database:
        claimed = linking.claim(
            database, site().keys, visit(), provider, request.args.get("state", "")
        )
    outcome = claimed if isinstance(claimed, Failed) else _finish(cloud, claimed)
    session[RESULT] = _shown(provider, outcome)
    return redirect(url_for("connect.result"), 303)


def _finish(cloud: Provider, claimed: Claim) -> Outcome:
    answer = Answer(request.args.get("code"), request.args.get("error"))
    traded = linking.trade(cloud, claimed, answer, site().back_address(cloud.name))
    with transaction("link a watch") as database:
        outcome = linking.record(database, site().keys, cloud, claimed, traded)
        if isinstance(outcome, Linked):
            site().on_linked(database, outcome.account_id)
    linking.give_back(cloud, traded, outcome)
    return outcome


def _shown(provider: str, outcome: Outcome) -> dict[str, object]:
    shared, missing = (outcome.shared, outcome.missing) if isinstance(outcome, Linked) else ((), ())
    return {
        "provider": provider,
        "word": in_a_word(outcome),
        "shared": list(shared),
        "missing": list(missing),
    }


@pages.get("/result")
def result() -> str | AnyResponse:
    """Show what came of the last trip."""
    found = session.get(RESULT)
    if found is None:
        return redirect(url_for("watch.page"), 303)
    return render_template("watch/result.html", **found)
