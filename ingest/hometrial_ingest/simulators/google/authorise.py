"""The sign-in and consent page: which account, which scopes, allow or cancel."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

from werkzeug import Request, Response

from hometrial_ingest.simulators.google.catalogue import SCOPES
from hometrial_ingest.simulators.google.faults import GoogleFaults
from hometrial_ingest.simulators.google.tokens import Tokens

_PAGE = """<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><title>Sign in - simulated Google account</title>
<body><h1>This is a simulator</h1>
<p>The trial wants to read health data. Choose an account and what it may see.</p>
<form method="post">
<p><label for="account">Account</label> <select id="account" name="account">{accounts}</select></p>
<fieldset><legend>What the trial may see</legend>{boxes}</fieldset>
<p><button name="decision" value="allow">Allow</button>
<button name="decision" value="deny">Cancel</button></p>
</form></body></html>
"""
_OLD_GOOGLE_FIT = "https://www.googleapis.com/auth/fitness."


class BadRequestError(Exception):
    """A request that Google answers with an error page of its own, without going back to the client."""

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error, self.text = error, text

    def reply(self) -> Response:
        """Return the page."""
        page = (
            f"<!DOCTYPE html><html lang=en><title>Error 400: {escape(self.error)}</title>"
            f"<h1>Access blocked</h1><p>Error 400: {escape(self.error)}</p><p>{escape(self.text)}</p>"
        )
        return Response(page, 400, content_type="text/html; charset=UTF-8")


@dataclass
class Consents:
    """The authorise page of one client over a store of tokens."""

    client_id: str
    tokens: Tokens
    faults: GoogleFaults
    accounts: list[str]
    """The e-mail address of each person, person 1 first."""
    consented: Callable[[int], None]
    redirect_uris: frozenset[str] | None = None
    """Exact addresses that may be returned to; None: any on this machine."""

    def answer(self, request: Request) -> Response:
        """Show the page, or take what was chosen on it and send the browser back."""
        try:
            self._check(request)
        except BadRequestError as error:
            return error.reply()
        if request.method == "POST":
            return self._decided(request)
        return self._shown(request)

    def _check(self, request: Request) -> None:
        asked = request.args
        if asked.get("client_id") != self.client_id:
            raise BadRequestError("invalid_client", "The OAuth client was not found.")
        uri = asked.get("redirect_uri", "")
        here = urlsplit(uri).hostname in ("127.0.0.1", "localhost")
        if uri not in self.redirect_uris if self.redirect_uris is not None else not here:
            raise BadRequestError("redirect_uri_mismatch", f"redirect_uri={uri}")
        if asked.get("response_type") != "code":
            raise BadRequestError("unsupported_response_type", "response_type must be code")
        unknown = [scope for scope in asked.get("scope", "").split() if not _known(scope)]
        if unknown or not asked.get("scope", "").split():
            raise BadRequestError("invalid_scope", f"Some requested scopes were invalid: {unknown}")
        if asked.get("code_challenge") and asked.get("code_challenge_method") != "S256":
            raise BadRequestError("invalid_request", "code_challenge_method must be S256")

    def _shown(self, request: Request) -> Response:
        hint = request.args.get("login_hint", "")
        accounts = "".join(
            f'<option value="{number}"{_chosen(hint, number, email)}>{escape(email)}</option>'
            for number, email in enumerate(self.accounts, 1)
        )
        boxes = "".join(
            f'<p><label><input type="checkbox" name="scope" value="{escape(scope)}" checked> '
            f"{escape(SCOPES.get(scope, scope))}</label></p>"
            for scope in request.args.get("scope", "").split()
        )
        page = _PAGE.format(accounts=accounts, boxes=boxes)
        return Response(page, content_type="text/html; charset=UTF-8")

    def _decided(self, request: Request) -> Response:
        asked = request.args
        if request.form.get("decision") != "allow":
            return _back(request, {"error": "access_denied"})
        account = request.form.get("account") or self._hinted(asked.get("login_hint", ""))
        if not account.isdecimal() or not 1 <= int(account) <= len(self.accounts):
            return BadRequestError("invalid_request", "There is no such account.").reply()
        wanted = asked.get("scope", "").split()
        scopes = tuple(s for s in wanted if s in request.form.getlist("scope"))
        if not scopes:
            return _back(request, {"error": "access_denied"})
        return _back(request, self._granted(request, int(account), scopes))

    def _granted(self, request: Request, person: int, scopes: tuple[str, ...]) -> dict[str, str]:
        asked = request.args
        offline = asked.get("access_type") == "offline"
        again = self.tokens.latest(person) is not None
        consent = self.tokens.consent(person, scopes, offline=offline, testing=self.faults.testing)
        self.consented(person)
        # Without prompt=consent the refresh token comes only with the very first consent.
        fresh = offline and (not again or "consent" in asked.get("prompt", "").split())
        challenge = asked.get("code_challenge")
        code = self.tokens.code(consent, asked["redirect_uri"], challenge, with_refresh=fresh)
        return {"code": code, "scope": " ".join(scopes)}

    def _hinted(self, hint: str) -> str:
        if hint in self.accounts:
            return str(self.accounts.index(hint) + 1)
        return hint


def _back(request: Request, told: dict[str, str]) -> Response:
    uri = request.args["redirect_uri"]
    if "state" in request.args:
        told |= {"state": request.args["state"]}
    joint = "&" if urlsplit(uri).query else "?"
    return Response(status=302, headers={"Location": f"{uri}{joint}{urlencode(told)}"})


def _known(scope: str) -> bool:
    return (
        scope in SCOPES
        or scope in ("openid", "email", "profile")
        or scope.startswith(_OLD_GOOGLE_FIT)
    )


def _chosen(hint: str, number: int, email: str) -> str:
    return " selected" if hint in (str(number), email) else ""
