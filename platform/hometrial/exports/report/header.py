"""What the report is of: protocol, data cut, lock, code, seed, and the hashes of what was asked."""

import hashlib

from hometrial.exports.report.blocks import Section
from hometrial.exports.report.material import Material
from hometrial.exports.report.saying import listed, words
from hometrial.protocol.model import Protocol

OPEN_LABEL = "Open-label, no placebo: change may be drug, expectation, regression to the mean or natural course."
FINAL_TRIAL = (
    "In FINAL (2024), a placebo-controlled trial of naltrexone up to 6 mg in 99 people with fibromyalgia, pain after "
    "12 weeks was not better than with placebo."
)


def sober(material: Material) -> str:
    """Return the paragraph that stands on every page."""
    masked = material.protocol.design.masking != "none"
    first = "Masked trial; not every change is the drug's." if masked else OPEN_LABEL
    delayed = any(each.between_arms for each in material.protocol.endpoints.all)
    middle = (
        " Only the contrast between immediate and delayed start has a control." if delayed else ""
    )
    return f"{first}{middle} {FINAL_TRIAL}"


def _design(protocol: Protocol) -> str:
    """Say how many arms and in which ratio (never their names: packs are masked), how people are allocated, masking, sites and how many are planned."""
    design, arms = protocol.design, protocol.arms
    if len(arms) > 1:
        ratio = ":".join(str(each.ratio) for each in arms)
        groups = f"{len(arms)} arms, allocated {ratio} by {words(protocol.allocation.method)}"
    else:
        groups = "one arm, nobody allocated"
    return f"{groups}; masking: {design.masking}; {design.sites} site{'s' if design.sites == 'several' else ''}; {design.planned} people planned"


def section(material: Material) -> Section:
    """Return the section."""
    made = Section("header", "What this report is of")
    standing, protocol = material.standing, material.protocol
    versions = [row for row in material.source.rows("protocol_version") if row["in_force"]]
    registered = protocol.registration
    rows = [
        ("Protocol", f"{protocol.id} {protocol.version}: {protocol.title}"),
        ("Phase", protocol.phase),
        (
            "Registered",
            f"{registered.registry} {registered.id}" if registered.id else "not registered",
        ),
        ("Design", _design(protocol)),
        ("Standing", standing.mark),
        ("Data", f"{standing.kind}: {standing.name}"),
        ("Data cut", standing.cut_in_words),
        ("Root of the lock", standing.root or "none: this is no lock"),
        ("Signed by", listed(list(standing.signers))),
        ("Code", f"Hometrial {standing.code}"),
        ("Seed of every random draw", str(material.seed)),
        *(
            ("Protocol file, SHA-256", hashlib.sha256(row["body"].encode()).hexdigest())
            for row in versions
        ),
    ]
    made.table("Identification", ("", ""), rows)
    instruments = [(row["id"], row["sha256"]) for row in material.source.rows("instrument")]
    made.table(
        "Questionnaires as they were asked",
        ("Questionnaire", "SHA-256 of its definition"),
        instruments,
    )
    made.say(
        "Every percentage stands with k/n and an exact (Clopper-Pearson) 95 % interval where its units are people. "
        "Only the primary endpoint is tested, two-sided; everything else is an estimate with its interval, and a p value beside "
        "it is called exploratory. The JSON file beside this page holds every number with its n, formula and call.",
        "note",
    )
    return made
