"""Endpoints that are counted: events by person, and who responded."""

from hometrial.exports.estimates.proportions import without_events
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.effects import Effect
from hometrial.exports.report.saying import number, span

RULE_OF_THREE = ("upper one-sided 95 % bound without events: 1 - 0.05^(1/n)", "1 - 0.05 ** (1 / n)")
SUM = ("events, all people together", "sum")


def events(made: Section, found: list[Effect], caption: str) -> None:
    """Print endpoints that count events: people with one or more, the events, and what none still allows."""
    rows = []
    for each in found:
        observed, name = each.observed, each.endpoint.id
        n = len(observed)
        k = int((observed["AVAL"] > 0).sum())
        total = float(observed["AVAL"].sum())
        share = made.share(f"{name} at least one", k, n)
        made.record(f"{name} events", number(total), n, {"events": total}, SUM)
        rows.append(
            (
                f"{name} {each.label}",
                share,
                number(total),
                span(observed["AVAL"]),
                none(made, name, k, n),
            )
        )
    if rows:
        made.table(
            caption,
            ("Endpoint", "At least one, k/n (%; exact 95 % CI)", "Events", "Per person, median (range)",
             "None seen: true rate below (one-sided 95 %)"),
            rows,
            "Every event that was told of that time; the section on safety leaves out what was there before the drug.",
        )  # fmt: skip


def none(made: Section, name: str, k: int, n: int) -> str:
    """Return what no event in n people still allows; a dash where there was one."""
    if k or not n:
        return "–"
    bound = without_events(n)
    said = f"{100 * bound:.1f} % (rule of three {min(100.0, 300 / n):.1f} %)"
    made.record(f"{name} upper bound", said, n, {"bound": bound}, RULE_OF_THREE)
    return said


def responses(made: Section, found: list[Effect], caption: str) -> None:
    """Print responder rules: observed cases, and with everybody without the value as a non-responder (NRI)."""
    rows = []
    for each in found:
        name, observed = each.endpoint.id, each.observed
        k = int((observed["CRIT1FL"] == "Y").sum())
        imputed = each.told[each.told["ANL02FL"] == "Y"]
        everybody = int((imputed["CRIT1FL"] == "Y").sum())
        rows.append(
            (
                f"{name} {each.label}",
                made.share(f"{name} observed", k, len(observed)),
                made.share(f"{name} NRI", everybody, len(imputed)),
            )
        )
    if rows:
        made.table(
            caption,
            (
                "Rule",
                "Observed cases, k/n (%; exact 95 % CI)",
                "Missing as non-responders, k/n (%; exact 95 % CI)",
            ),
            rows,
            "Two denominators, both printed: who was assessed, and everybody of the population whose time is not still to come.",
        )
