"""The copy that a person keeps: text, signatures and checksums in one page that needs nothing else.

The page is plain HTML: headings, lists and definitions that a screen reader reads in order, light and dark, to
print on paper. The same signature gives the same bytes.
"""

import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hometrial.models import ConsentSignature, ConsentText, ProtocolVersion, WithdrawalChoice
from hometrial.protocol.consent_text import Block, TextSection
from hometrial.services.agreeing import sealing, signing, texts
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.agreeing.signing import SignatureRefusedError
from hometrial.services.agreeing.texts import Offer
from hometrial.services.agreeing.wording import Words, words

_STYLE = (
    ":root{color-scheme:light dark}body{font:1.125rem/1.6 sans-serif;max-width:40rem;margin:0 auto;padding:1rem}"
    "h1,h2{line-height:1.25}dt{font-weight:bold;margin-top:.5rem}dd{margin:0;overflow-wrap:anywhere}"
    "section{margin-top:2rem}@media print{section{break-inside:avoid}}"
)
_BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True)
class Copy:
    """A file for a person, with the SHA-256 (hex) of its bytes."""

    name: str
    body: bytes
    sha256: str


def copy(session: Session, keys: Keys, signature: ConsentSignature) -> Copy:
    """Return the copy of a document that was signed, with the countersignature if there is one.

    Raises SignatureRefusedError if a signature does not stand any more as it was given.
    """
    beside = signing.countersignature(session, signature)
    for each in filter(None, (signature, beside)):
        if found := sealing.verify(session, keys, each):
            raise SignatureRefusedError(
                f"{each.document} {each.version}: no copy of a signature that is broken: {'; '.join(found)}"
            )
    row = session.get_one(ConsentText, signature.text_id)
    version = session.get_one(ProtocolVersion, signature.protocol_version_id)
    offer = texts.offer_of(row, version)
    said = words(row.language)
    signed = [(said.participant, signature)] + ([(said.investigator, beside)] if beside else [])
    blocks = [_block(said, title, each, sealing.said_in(keys, each)) for title, each in signed]
    if beside is None:
        blocks.append(_part(said.investigator, f"<p>{html.escape(said.not_countersigned)}</p>"))
    page = _page(offer, said, blocks).encode()
    name = f"consent-{signature.signer}-{row.document}-{row.version}.{row.language}.html"
    return Copy(name, page, hashlib.sha256(page).hexdigest())


def receipt(choice: WithdrawalChoice, language: str, zone: str) -> tuple[str, ...]:
    """Return what a choice of withdrawal stopped, as lines to read, with the person's own time."""
    said = words(language)
    lines = [said.choices[choice.choice]]
    for each in choice.receipt:
        detail = said.data_types.get(each.get("detail", ""), each.get("detail", ""))
        what = " ".join(filter(None, (said.stopped[each["what"]], detail)))
        since = datetime.fromisoformat(each["since"])
        lines.append(f"{what}: {said.since} {_local(since, zone)}")
    return tuple(lines)


def _page(offer: Offer, said: Words, blocks: Iterable[str]) -> str:
    text, title = offer.words, html.escape(offer.words.title)
    about = {said.document: f"{offer.document.id}, {said.version} {offer.document.version}"}
    about[said.protocol] = f"{offer.version.protocol}, {said.version} {offer.version.version}"
    if offer.document.ethics_reference is not None:
        about[said.ethics] = offer.document.ethics_reference
    notice = (
        f"<p><strong>{html.escape(said.rehearsal)}</strong></p>" if offer.version.is_test else ""
    )
    listed = "".join(
        f'<li><a href="#{each.id}">{html.escape(each.heading)}</a></li>' for each in text.sections
    )
    return (
        f'<!doctype html>\n<html lang="{offer.document.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>{notice}{_list(about)}"
        f'<nav aria-label="{html.escape(said.contents)}"><ol>{listed}</ol></nav>'
        f"{''.join(map(_section, text.sections))}{''.join(blocks)}</main></body></html>\n"
    )


def _section(section: TextSection) -> str:
    inner = "".join(map(_told, section.blocks))
    return f'<section id="{section.id}"><h2>{html.escape(section.heading)}</h2>{inner}</section>\n'


def _told(block: Block) -> str:
    lines = [_BOLD.sub(r"<strong>\1</strong>", html.escape(each)) for each in block.lines]
    if block.is_list:
        return "<ul>" + "".join(f"<li>{each}</li>" for each in lines) + "</ul>"
    return f"<p>{' '.join(lines)}</p>"


def _block(said: Words, title: str, signature: ConsentSignature, stated: dict[str, Any]) -> str:
    rows = {said.name: str(stated["name"])}
    if stated["assistant"]:
        rows[said.assistant[signature.role]] = str(stated["assistant"])
    rows |= {
        said.signed_at: _local(signature.signed_at, signature.zone),
        said.zone: signature.zone,
        said.meaning: signature.meaning,
        said.kind_label: said.kind[signature.kind],
        said.reauthentication: signature.reauthentication,
        said.identity_check: signature.identity_check,
        said.discussed_with: signature.discussed_with,
    }
    if signature.part == "participant":
        on = ", ".join(said.data_types[each] for each in signature.granted)
        rows[said.granted] = on or said.nothing_granted
    rows |= {said.checksum: signature.sha256, said.seal: signature.seal}
    return _part(title, _list(rows))


def _part(title: str, inner: str) -> str:
    return f"<section><h2>{html.escape(title)}</h2>{inner}</section>\n"


def _list(rows: dict[str, str]) -> str:
    told = (
        f"<dt>{html.escape(key)}</dt><dd>{html.escape(value)}</dd>" for key, value in rows.items()
    )
    return f"<dl>{''.join(told)}</dl>"


def _local(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S %z")
