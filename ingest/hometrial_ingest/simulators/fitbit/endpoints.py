"""The paths of the data API: which handler answers, and which scope opens it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from werkzeug import Response
from werkzeug.routing import Map, Rule

from hometrial_ingest.simulators.fitbit import account, activities, sleeping
from hometrial_ingest.simulators.fitbit.calls import Call

Handler = Callable[[Call], Response]


@dataclass(frozen=True)
class Endpoint:
    """A handler and the scope that opens it; None: the path itself says which."""

    handler: Handler
    scope: str | None


ENDPOINTS: dict[str, Endpoint] = {
    "activities_daily": Endpoint(activities.daily, None),
    "activities_intraday": Endpoint(activities.detailed, None),
    "sleep_v1": Endpoint(sleeping.of_day_in_version_1, "sleep"),
    "sleep_day": Endpoint(sleeping.of_day, "sleep"),
    "sleep_range": Endpoint(sleeping.of_range, "sleep"),
    "sleep_list": Endpoint(sleeping.listed, "sleep"),
    "weight": Endpoint(account.weights, "weight"),
    "profile": Endpoint(account.profile, "profile"),
    "devices": Endpoint(account.devices, "settings"),
}

_SCOPES = {
    "steps": "activity", "heart": "heartrate",
    "activities": "activity", "body": "weight", "foods": "nutrition", "sleep": "sleep",
}  # fmt: skip
"""The scope of a resource of activities, and of a collection that is subscribed to."""


def scope_of(name: str, words: Mapping[str, str]) -> str | None:
    """Return the scope that opens an endpoint for the words of its path; None if any will do."""
    if name in ENDPOINTS and ENDPOINTS[name].scope is not None:
        return ENDPOINTS[name].scope
    return _SCOPES.get(words.get("resource") or words.get("collection", ""))


_DATA = "/1/user/<user>"
_ACTIVITIES = f"{_DATA}/activities/<any(steps, heart):resource>/date/<first>"
_WINDOW = "time/<from>/<until>.json"
_NIGHTS = "/1.2/user/<user>/sleep"
_COLLECTION = f"{_DATA}/<any(activities, body, foods, sleep, userRevokedAccess):collection>"

URLS = Map(
    [
        Rule("/oauth2/authorize", endpoint="authorise", methods=["GET", "POST"]),
        Rule("/oauth2/token", endpoint="token", methods=["POST"]),
        Rule("/oauth2/revoke", endpoint="revoke", methods=["POST"]),
        Rule("/1.1/oauth2/introspect", endpoint="introspect", methods=["POST"]),
        Rule(f"{_ACTIVITIES}/<last>.json", endpoint="activities_daily", methods=["GET"]),
        Rule(f"{_ACTIVITIES}/<last>/<detail>.json", endpoint="activities_intraday", methods=["GET"]),
        Rule(
            f"{_ACTIVITIES}/<last>/<detail>/{_WINDOW}",
            endpoint="activities_intraday",
            methods=["GET"],
        ),
        Rule(f"{_DATA}/sleep/date/<day>.json", endpoint="sleep_v1", methods=["GET"]),
        Rule(f"{_NIGHTS}/date/<day>.json", endpoint="sleep_day", methods=["GET"]),
        Rule(f"{_NIGHTS}/date/<first>/<last>.json", endpoint="sleep_range", methods=["GET"]),
        Rule(f"{_NIGHTS}/list.json", endpoint="sleep_list", methods=["GET"]),
        Rule(f"{_DATA}/body/log/weight/date/<first>.json", endpoint="weight", methods=["GET"]),
        Rule(f"{_DATA}/body/log/weight/date/<first>/<last>.json", endpoint="weight", methods=["GET"]),
        Rule(f"{_DATA}/profile.json", endpoint="profile", methods=["GET"]),
        Rule(f"{_DATA}/devices.json", endpoint="devices", methods=["GET"]),
        Rule(f"{_DATA}/apiSubscriptions.json", endpoint="subscriptions", methods=["GET"]),
        Rule(f"{_COLLECTION}/apiSubscriptions.json", endpoint="subscriptions", methods=["GET"]),
        Rule(
            f"{_DATA}/apiSubscriptions/<id>.json",
            endpoint="subscription",
            methods=["POST", "DELETE"],
        ),
        Rule(
            f"{_COLLECTION}/apiSubscriptions/<id>.json",
            endpoint="subscription",
            methods=["POST", "DELETE"],
        ),
    ]
)  # fmt: skip
"""Every path, below the address at which the face is mounted."""
