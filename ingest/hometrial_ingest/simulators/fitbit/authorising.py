"""The authorise page: who is signed in, which boxes are ticked, and back to the application."""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from werkzeug import Request, Response
from werkzeug.utils import redirect

from hometrial_ingest.simulators.fitbit.replies import RefusedError

SCOPES = (
    "activity", "cardio_fitness", "electrocardiogram", "heartrate",
    "irregular_rhythm_notifications", "location", "nutrition", "oxygen_saturation", "profile",
    "respiratory_rate", "settings", "sleep", "social", "temperature", "weight",
)  # fmt: skip
SIGNED_IN = "fitbit_person"
"""The cookie that says which account the browser is signed in to."""

_PROMPTS = frozenset({"", "consent", "login", "login consent", "none"})
# The vendor's pages hang this on every way back; browsers keep it to themselves.
_TAIL = "#_=_"


@dataclass(frozen=True)
class Asked:
    """An authorisation request that may be shown to a person."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str | None
    prompt: str

    def back(self, **words: str) -> Response:
        """Send the browser back to the application with these words and the state."""
        if self.state is not None:
            words["state"] = self.state
        joint = "&" if "?" in self.redirect_uri else "?"
        return redirect(f"{self.redirect_uri}{joint}{urlencode(words)}{_TAIL}", 302)

    def denied(self) -> Response:
        """Send the browser back with the person's no."""
        return self.back(error_description="The user denied the request.", error="access_denied")


def asked(request: Request, redirect_uris: Mapping[str, frozenset[str]]) -> Asked:
    """Read an authorisation request; `redirect_uris` by client id, an empty set for any.

    Raises RefusedError (400) for what the vendor shows to the person and does not send back.
    """
    words = request.args
    client_id = words.get("client_id", "")
    if client_id not in redirect_uris:
        raise RefusedError(400, "invalid_client", f"Invalid client_id: {client_id}")
    if words.get("response_type") != "code":
        raise RefusedError(400, "invalid_request", "Invalid response_type")
    return Asked(
        client_id=client_id,
        redirect_uri=_redirect_uri(words.get("redirect_uri"), redirect_uris[client_id]),
        scopes=_scopes(words.get("scope", "")),
        state=words.get("state"),
        challenge=_challenge(words.get("code_challenge"), words.get("code_challenge_method")),
        prompt=_prompt(words.get("prompt", "")),
    )


def page(people: Mapping[int, str], wanted: Asked, signed_in: int | None) -> Response:
    """Return the page with the choice of account and a box for each scope that was asked for."""
    accounts = "".join(
        f'<option value="{person}"{" selected" * (person == signed_in)}>{escape(name)}</option>'
        for person, name in people.items()
    )
    boxes = "".join(
        f'<p><label><input type="checkbox" name="scope" value="{scope}"> {scope}</label></p>'
        for scope in wanted.scopes
    )
    text = (
        '<!doctype html><html lang="en"><head><title>Fitbit (simulator)</title></head><body>'
        f"<h1>{escape(wanted.client_id)} would like to see your Fitbit data</h1>"
        '<form method="post">'
        f'<p><label>Account <select name="person">{accounts}</select></label></p>'
        '<p><label><input type="checkbox" name="all" value="yes"> Allow All</label></p>'
        f"{boxes}"
        '<button name="answer" value="allow">Allow</button> '
        '<button name="answer" value="deny">Deny</button>'
        "</form></body></html>"
    )
    return Response(text, content_type="text/html;charset=UTF-8")


def chosen(request: Request, wanted: Asked) -> tuple[str, ...]:
    """Return the scopes whose boxes were ticked, in the order of asking."""
    ticked = set(request.form.getlist("scope"))
    everything = "all" in request.form
    return tuple(scope for scope in wanted.scopes if everything or scope in ticked)


def _redirect_uri(given: str | None, registered: frozenset[str]) -> str:
    if given is None and len(registered) == 1:
        return next(iter(registered))
    if given is None or (registered and given not in registered):
        raise RefusedError(400, "invalid_request", f"Invalid redirect_uri parameter: {given}")
    return given


def _scopes(text: str) -> tuple[str, ...]:
    scopes = tuple(dict.fromkeys(text.split()))
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise RefusedError(400, "invalid_scope", f"Invalid scope: {' '.join(unknown)}")
    return scopes


def _challenge(challenge: str | None, method: str | None) -> str | None:
    if challenge is None:
        return None
    if method != "S256" or len(challenge) != 43:
        raise RefusedError(
            400, "invalid_request", "Invalid code_challenge_method or code_challenge"
        )
    return challenge


def _prompt(prompt: str) -> str:
    if prompt not in _PROMPTS:
        raise RefusedError(400, "invalid_request", f"Invalid prompt: {prompt}")
    return prompt
