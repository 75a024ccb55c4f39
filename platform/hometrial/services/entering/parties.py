"""For which address passkeys are made: the public address of the site, never what a request says."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

_USUAL = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Party:
    """The site as passkeys know it: its host, and the origin that a browser tells."""

    host: str
    origin: str


def party(public_url: str) -> Party | None:
    """Return for whom passkeys are made; None where browsers make none, at an address of numbers."""
    address = urlsplit(public_url)
    host = address.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        port = "" if address.port in (None, _USUAL[address.scheme]) else f":{address.port}"
        return Party(host, f"{address.scheme}://{host}{port}")
    return None
