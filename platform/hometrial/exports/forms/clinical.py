"""The answers as CDISC ODM 1.3.2 clinical data, with who gave them when: written row by row, however many they are."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from hometrial.exports.forms import odm
from hometrial.exports.forms.casebook import LOG_EVENT, Casebook
from hometrial.exports.forms.characters import STAND_IN, held
from hometrial.exports.source.reading import Row, Source

_OCCASION = re.compile(r"(?P<event>[^#@]+)[#@](?P<repeat>.+)")
_AT_ONCE = 20
"""So many people's answers are read together."""
_UNSUITED = re.compile(r"[^A-Za-z0-9_.-]")


def write(path: Path, book: Casebook, source: Source, at: datetime) -> int:
    """Write every form that was sent; return how many there are."""
    sites = {row["participant"]: row["site"] or "" for row in source.rows("participant")}
    sent = {
        person: [row for row in rows if row["submitted"]]
        for person, rows in source.by_person("response").items()
    }
    with path.open("w", encoding="utf-8", newline="\n") as file:
        _open(file, book, at)
        _administration(file, book, sent, sites, at)
        file.write(
            f"<ClinicalData StudyOID={quoteattr(odm.study_oid(book))} MetaDataVersionOID={quoteattr(odm.version_oid(book))}>\n"
        )
        for place in range(0, len(sent), _AT_ONCE):
            people = sorted(sent)[place : place + _AT_ONCE]
            answers = _answers(source, [row["id"] for person in people for row in sent[person]])
            for person in filter(sent.__getitem__, people):
                _subject(file, book, person, sites.get(person, ""), _with(sent[person], answers))
        file.write("</ClinicalData>\n</ODM>\n")
    return sum(map(len, sent.values()))


def _answers(source: Source, sent: list[str]) -> dict[str, list[Row]]:
    """Return the answers of forms in the order of their questions; words that a profile left out are not there."""
    found = source.rows_of("item", "response", sent)
    for response, rows in source.rows_of("free_answer", "response", sent).items():
        told = [{**row, "value": row["words"], "place": None, "skipped": None} for row in rows if row["words"]]  # fmt: skip
        found.setdefault(response, []).extend(told)
    for rows in found.values():
        rows.sort(key=lambda row: (row["place"] is None, row["place"] or 0, row["item"]))
    return found


def _with(sent: list[Row], answers: dict[str, list[Row]]) -> Iterator[tuple[Row, list[Row]]]:
    for row in sorted(sent, key=lambda row: (row["occasion"], row["form"], row["id"])):
        yield row, answers.get(row["id"], [])


def _open(file: TextIO, book: Casebook, at: datetime) -> None:
    protocol = book.protocol
    oid = f"{protocol.id.upper()}.{protocol.version}"
    file.write(
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        f'<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" FileType="Snapshot" FileOID={quoteattr("DATA." + oid)} '
        f'PriorFileOID={quoteattr("CRF." + oid)} CreationDateTime="{at:%Y-%m-%dT%H:%M:%S}" '
        f'ODMVersion="{odm.VERSION}" Originator="Hometrial" SourceSystem="Hometrial">\n'
    )


def _user(row: Row) -> str:
    return f"USER.{row['respondent'] or 'unknown'}"


def _location(site: str) -> str:
    return f"LOC.{_UNSUITED.sub('_', site) or 'home'}"


def _administration(
    file: TextIO, book: Casebook, sent: dict[str, list[Row]], sites: dict[str, str], at: datetime
) -> None:
    """Write who answered and where people belong to: roles and sites, never names."""
    file.write(f"<AdminData StudyOID={quoteattr(odm.study_oid(book))}>\n")
    file.writelines(f"<User OID={quoteattr(user)} UserType=\"Other\"><DisplayName>{escape(user[5:])}</DisplayName></User>\n" for user in sorted({_user(row) for rows in sent.values() for row in rows}))  # fmt: skip
    file.writelines(
        f'<Location OID={quoteattr(_location(site))} Name={quoteattr(site or "home")} LocationType="Site">'
        f"<MetaDataVersionRef StudyOID={quoteattr(odm.study_oid(book))} MetaDataVersionOID={quoteattr(odm.version_oid(book))} "
        f'EffectiveDate="{at:%Y-%m-%d}"/></Location>\n'
        for site in sorted({sites.get(person, "") for person in sent})
    )
    file.write("</AdminData>\n")


def _subject(
    file: TextIO, book: Casebook, person: str, site: str, forms: Iterator[tuple[Row, list[Row]]]
) -> None:
    events = {each.id for each in book.events}
    file.write(f"<SubjectData SubjectKey={quoteattr(person)}><SiteRef LocationOID={quoteattr(_location(site))}/>\n")  # fmt: skip
    open_event: tuple[str, str] | None = None
    for row, answers in forms:
        event = _event(row, events)
        if event != open_event:
            file.write("</StudyEventData>\n" if open_event else "")
            file.write(f"<StudyEventData StudyEventOID={quoteattr('SE.' + event[0])} StudyEventRepeatKey={quoteattr(event[1])}>\n")  # fmt: skip
            open_event = event
        _form(file, row, answers, site)
    file.write("</StudyEventData>\n</SubjectData>\n")


def _event(row: Row, events: set[str]) -> tuple[str, str]:
    found = _OCCASION.fullmatch(row["occasion"] or "")
    if found and found["event"] in events:
        return found["event"], found["repeat"]
    return LOG_EVENT, row["occasion"] or row["id"]


def _form(file: TextIO, row: Row, answers: list[Row], site: str) -> None:
    name = row["form"]
    file.write(
        f"<FormData FormOID={quoteattr('F.' + name)} FormRepeatKey={quoteattr(row['id'])}>"
        f"<AuditRecord><UserRef UserOID={quoteattr(_user(row))}/><LocationRef LocationOID={quoteattr(_location(site))}/>"
        f"<DateTimeStamp>{escape(row['submitted'])}</DateTimeStamp>"
        f"<SourceID>response/{escape(row['id'])}</SourceID></AuditRecord>\n"
        f"<ItemGroupData ItemGroupOID={quoteattr('IG.' + name)}>"
    )
    for each in answers:
        oid = quoteattr(odm.item_oid(name, each["item"]))
        if each["value"] is not None:
            file.write(_item(oid, each["value"]))
        elif each["skipped"] != "not_asked":
            file.write(f'<ItemData ItemOID={oid} IsNull="Yes"/>')
    file.write("</ItemGroupData></FormData>\n")


def _item(oid: str, value: str) -> str:
    """Return an answer; what no XML holds is replaced, and a note says so."""
    text, replaced = held(value)
    if not replaced:
        return f"<ItemData ItemOID={oid} Value={quoteattr(text)}/>"
    said = f"{STAND_IN} stands for {replaced}, which no XML holds."
    return (
        f"<ItemData ItemOID={oid} Value={quoteattr(text)}>"
        f'<Annotation SeqNum="1"><Comment SponsorOrSite="Sponsor">{said}</Comment></Annotation></ItemData>'
    )
