"""What whoever signs brings along, and what of it is missing or is not offered."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.services import enrolling
from hometrial.services.agreeing.scanning import Scan
from hometrial.services.agreeing.texts import Offer
from hometrial_ingest.data_types import DataType

Role = Literal["self", "scribe", "proxy"]
Kind = Literal["electronic", "handwritten"]
_NEEDED = ("name", "meaning", "reauthentication", "identity_check", "discussed_with")


class SignatureRefusedError(TrialError):
    """A signature that cannot be given like this, or not now."""


@dataclass(frozen=True)
class Helper:
    """Who helps: a scribe, who wrote what the person said, or a proxy, who signs for them."""

    name: str
    relation: str


@dataclass(frozen=True)
class OnPaper:
    """A signature on paper: when it was given, its scan, and how the questions were answered."""

    signed_at: datetime
    scan: Scan
    answered: Literal["paper", "call", "screen"] = "paper"


@dataclass(frozen=True)
class Act:
    """What whoever signs brings along: who they are, where, what it means, and how both were made sure of.

    `reauthentication`: what was asked for anew at this moment; `identity_check`: how it is known whose name this
    is; `discussed_with`: the account of who led the discussion. `granted`: the switches that were turned on.
    `paper`: of a signature by hand.
    """

    name: str
    zone: str
    meaning: str
    reauthentication: str
    identity_check: str
    discussed_with: str
    role: Role = "self"
    helper: Helper | None = None
    granted: tuple[DataType, ...] = ()
    paper: OnPaper | None = None

    @property
    def kind(self) -> Kind:
        """Of what kind the signature is."""
        return "electronic" if self.paper is None else "handwritten"

    @property
    def at(self) -> datetime:
        """When it is given."""
        return clock.now() if self.paper is None else self.paper.signed_at

    def told(self) -> dict[str, str | None]:
        """Return of it what no column holds."""
        said: dict[str, str | None] = {
            "name": self.name.strip(),
            "assistant": None if self.helper is None else self.helper.name.strip(),
            "relation": None if self.helper is None else self.helper.relation.strip(),
        }
        if self.paper is not None:
            said |= {
                "quiz_answered": self.paper.answered,
                "scan_sha256": self.paper.scan.sha256,
                "scan_payload": self.paper.scan.payload,
            }
        return said


def incomplete(act: Act) -> list[str]:
    """Return what an act leaves out, one sentence each."""
    said = [
        f"{each}: say it; it is signed with" for each in _NEEDED if not getattr(act, each).strip()
    ]
    said += [
        f"{each}: write it in one line"
        for each in ("name", "meaning")
        if any(unicodedata.category(sign) == "Cc" for sign in getattr(act, each))
    ]
    try:
        enrolling.check_zone(act.zone)
    except TrialError as error:
        said.append(f"zone: {error}")
    return said + _helped(act)


def _helped(act: Act) -> list[str]:
    if act.helper is None:
        return [] if act.role == "self" else [f"assistant: name the {act.role}"]
    if act.role == "self":
        return ["assistant: nobody helps who signs themselves"]
    said = [] if act.helper.name.strip() else [f"assistant: name the {act.role}"]
    if not act.helper.relation.strip():
        said.append(f"relation: say how the {act.role} stands to the person")
    return said


def untimely(act: Act, earliest: datetime, because: str) -> list[str]:
    """Return why a moment of signing on paper cannot be; a signature on a screen is given now."""
    if act.paper is None:
        return []
    if act.at > clock.now():
        return [f"signed_at: {act.at.isoformat()} is yet to come; write when it was signed"]
    if act.at < earliest:
        return [f"signed_at: {act.at.isoformat()} is before {because} ({earliest.isoformat()})"]
    return []


def not_offered(offer: Offer, act: Act) -> list[str]:
    """Return what an act asks for that a trial does not offer."""
    consent = offer.protocol.consent
    said = [
        f"granted: {each} is no switch of this trial; it has {', '.join(consent.data_types) or 'none'}"
        for each in act.granted
        if each not in consent.data_types
    ]
    if act.role == "proxy" and not consent.allows_proxy:
        said.append("role: this trial takes no consent from a legal representative")
    return said
