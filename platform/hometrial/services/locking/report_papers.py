"""Papers of a lock, as page and as PDF: the pilot report, the open and the closed pack of the safety board."""

from collections.abc import Mapping

from hometrial.exports.report.material import Material

PAGE, PDF = "paper.html", "paper.pdf"


def made(material: Material, kind: str) -> Mapping[str, bytes]:
    """Return a paper of some material, by the names of its files; `masked`: the closed pack with its arms as A and B."""
    # The statistics take seconds to load: only who makes a paper pays for them.
    from hometrial.exports import packs
    from hometrial.exports.report import making, pages
    from hometrial.services.locking import report_paper

    if kind == "report":
        found = making.report(material)
    elif kind == "open":
        found = packs.open_report(material)
    else:
        found = packs.closed_report(material, masked=kind == "masked")
    return {PAGE: pages.html(found), PDF: report_paper.pdf(found, material.standing)}
