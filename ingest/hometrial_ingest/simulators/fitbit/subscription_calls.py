"""Calls about subscriptions: list them, add one, remove one."""

from werkzeug import Response

from hometrial_ingest.simulators.fitbit.calls import Call
from hometrial_ingest.simulators.fitbit.replies import json_reply
from hometrial_ingest.simulators.fitbit.subscribing import Notices, Subscription


def listed(call: Call, notices: Notices) -> Response:
    """Answer with the person's subscriptions, of one collection or all."""
    found = notices.of(call.wearer.number, call.words.get("collection"))
    return json_reply({"apiSubscriptions": found})


def changed(call: Call, notices: Notices) -> Response:
    """Add a subscription (201, or 200 if it is there) or remove one (204)."""
    collection = call.words.get("collection")
    # Both `7.json` and `7-sleep.json` name the subscription 7 of the collection sleep.
    key = call.words["id"].removesuffix(f"-{collection}")
    if call.request.method == "DELETE":
        notices.unsubscribe(call.wearer.number, collection, key)
        return Response("", 204)
    default = next(iter(notices.subscribers), "1")
    wanted = Subscription(
        subscription_id=key,
        person=call.wearer.number,
        user_id=call.consent.user_id,
        collection=collection,
        subscriber_id=call.request.headers.get("X-Fitbit-Subscriber-Id", default),
    )
    status = notices.subscribe(wanted)
    return json_reply(wanted.described(), status)
