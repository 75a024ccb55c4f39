"""The sections of the endpoints, as the protocol declares them."""

from hometrial.exports.report import changes, counted, modelled
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect, effects, placed
from hometrial.exports.report.material import Material
from hometrial.exports.report.precedents import precedents
from hometrial.exports.report.saying import centre, span


def primary(material: Material) -> Section:
    """Return the section of the primary endpoints; a contrast between arms stands before every change within people."""
    made = Section("primary", "Primary endpoints")
    found = placed(material, "primary")
    contrasts = [each for each in found if each.kind == "between"]
    if contrasts:
        made.say("Between arms, before any change within people:")
    for each in contrasts:
        modelled.contrast(made, material, each)
    counted.events(made, [each for each in found if each.kind == "count"], "Events")
    counted.responses(made, [each for each in found if each.kind == "responder"], "Responders")
    levels(made, [each for each in found if each.kind == "level"])
    for each in found:
        if each.kind == "change":
            changes.detailed(made, material, each, tested=True)
            if each.outcome is not None:
                modelled.visits(made, material, each.outcome)
    if material.protocol.design.sites == "several":
        _by_site(made, material)
    precedents(made, material)
    return made


def secondary(material: Material) -> Section:
    """Return the section of the secondary endpoints that people report and the laboratory measures."""
    made = Section("secondary", "Secondary endpoints")
    found = placed(material, "secondary")
    if not found:
        made.say("None but those of the other sections.")
    changes.rows(made, material, [each for each in found if each.kind == "change"], "Changes")
    counted.events(made, [each for each in found if each.kind == "count"], "Events")
    levels(made, [each for each in found if each.kind == "level"])
    done = {each.endpoint.outcome for each in placed(material, "primary")}
    for each in found:
        if each.outcome is not None and each.endpoint.outcome not in done:
            done.add(each.endpoint.outcome)
            modelled.visits(made, material, each.outcome)
    return made


def levels(made: Section, found: list[Effect]) -> None:
    """Print endpoints that are a value without a baseline."""
    if found:
        made.table(
            "Values", ("Endpoint", "n of N", "Mean (SD)", "Median (range)"),
            [
                (f"{each.endpoint.id} {each.label}", f"{len(each.observed)} of {each.people}",
                 centre(each.observed["AVAL"]), span(each.observed["AVAL"]))
                for each in found
            ],
        )  # fmt: skip


def _by_site(made: Section, material: Material) -> None:
    """Print each site's people and events, and the median changes of each endpoint site by site."""
    people, events = material.people, material.frame("ADAE")
    emergent = events[events["TRTEMFL"] == "Y"]
    rows, sites = [], sorted(set(people["SITEID"]))
    for site in sites:
        own = people[people["SITEID"] == site]
        treated = own.index[own["SAFFL"] == "Y"]
        having = emergent[emergent["SUBJID"].isin(treated)]["SUBJID"].nunique()
        share = made.share(f"site {site}: any adverse event", having, len(treated))
        rows.append((str(site), str(int((own["ENRLFL"] == "Y").sum())), str(len(treated)), share))
    made.table(
        "By site",
        ("Site", "Consented", "Started", "Any event told of on the drug, k/n (%; exact 95 % CI)"), rows,
        "Events told of: those too that were there before the drug, which the section on safety leaves out.",
    )  # fmt: skip
    made.table(
        "Changes by site", ("Endpoint", "Site", "n", "Change, median (range)"),
        [
            (f"{each.endpoint.id} {each.label}" if not place else "", str(site), str(len(own)), span(own["CHG"]))
            for each in effects(material)
            if each.kind == "change"
            for place, (site, own) in enumerate((site, each.pairs[each.pairs["SITEID"] == site]) for site in sites)
        ],
        "Described only: a pilot is too small to compare sites.",
    )  # fmt: skip
