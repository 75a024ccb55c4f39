"""How long people stayed on the drug, by Kaplan and Meier."""

from hometrial.exports.estimates.models import survival
from hometrial.exports.report import saying
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.flow import drug_visits
from hometrial.exports.report.material import Material

GREENWOOD = (
    "Kaplan-Meier with Greenwood's standard error; who completed or goes on is censored on the last day with a dose",
    "statsmodels.duration.survfunc.SurvfuncRight(time, status)",
)
_EVERY_DAYS, _MOST_ROWS = 84, 8


def retention(made: Section, material: Material) -> None:
    """Print the share still on the drug at its visits, or where visits repeat every 12 weeks."""
    table = material.frame("ADTTE")
    own = table[table["PARAMCD"] == "TSTOP"]
    if own.empty:
        return
    times = [float(each) for each in own["AVAL"]]
    stopped = [each == 0 for each in own["CNSR"]]
    found = survival(times, stopped)
    rows = []
    for label, day in _days(material, max(times)):
        at = [place for place, time in enumerate(found.times) if time <= day]
        share, error = (found.shares[at[-1]], found.errors[at[-1]]) if at else (1.0, None)
        under = sum(time >= day for time in times)
        events = sum(has and time <= day for time, has in zip(times, stopped, strict=True))
        said = f"{share:.3f} (SE {error:.3f})" if error else f"{share:.3g}"
        made.record(
            f"still on the drug, {label}",
            said,
            len(times),
            {"share": share, "se": error, "at_risk": under},
            GREENWOOD,
        )
        rows.append((label, f"day {day}", str(under), str(events), said))
    made.table(
        f"Still on the drug, of {saying.number(len(times))} who started",
        ("", "Day on the drug", "Under observation", "Stopped until then", "Share (Kaplan-Meier)"), rows,
        "Stopped: before the plan's end, and not taken up again by the data cut. Without a standard error: nobody had stopped, or everybody.",
    )  # fmt: skip


def _days(material: Material, last: float) -> list[tuple[str, int]]:
    visits = [(each.label, each.day) for each in drug_visits(material)]
    if visits:
        return visits
    return [(f"Week {day // 7}", day) for day in range(_EVERY_DAYS, int(last) + 1, _EVERY_DAYS)][
        :_MOST_ROWS
    ]
