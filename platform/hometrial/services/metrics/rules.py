"""RULES: what each daily metric is, by which formula, and where the formula comes from."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One metric: `version` is raised when its figures change; `unit` is UCUM.

    `text` is the formula, `origin` where it comes from; `name` stands in `daily_metric.rule`.
    """

    name: str
    version: int
    unit: str
    label: str
    text: str
    origin: str


_P61, _P62, _P63 = "Protocol 6.1", "Protocol 6.2", "Protocol 6.3"
_SOURCE = "The source's own value for the day, passed on unchanged"
_VENDOR = "The vendor's; its algorithm is not published"
_OURS = "Ours"
_SLEEP = (
    "Main sleep: the longest episode that ended on this day; sessions of one source (the most "
    "trusted that has any) with pauses of at most 30 min (setting: 60) are one episode."
)
_STEPS = (
    "Intervals that begin on this day; one that overlaps an interval of a more trusted instrument is left "
    "out, and so is what a provider that merged its sources has beside the merged stream."
)
_MINUTE = "of each minute those of the most trusted source that has any"

_RULES = (
    Rule(
        "wear_minutes", 1, "min", "Wear time",
        "Length of the local day (1380, 1440 or 1500 min) less its non-wear bouts. A bout: at least "
        "60 consecutive minutes of the day (setting: 30, 90) without a valid minute. A valid minute "
        "holds a heart rate of 30-220/min. 0 without heart rate only for a person who has a "
        "heart-rate device; else unknown.",
        f"{_P61}; valid minutes after RAPIDS",
    ),
    Rule("heart_rate_minutes", 1, "min", "Valid minutes",
         "Minutes of the day with at least one heart rate of 30-220/min.", _P61),
    Rule("heart_rate_count", 2, "1", "Heart-rate samples",
         f"Samples of 30-220/min on this day, {_MINUTE}.", "exports.md 6.3; features.md C9"),
    Rule("heart_rate_left_out", 1, "1", "Heart-rate samples outside 30-220/min",
         "Samples of this day that no metric uses, being outside 30-220/min.", _P61),
    Rule(
        "awake_minutes", 1, "min", "Minutes awake",
        "Minutes of the day outside every recorded sleep session (of the most trusted source), that "
        "which ends on the next day included. Unknown if no sleep is recorded.",
        _P61,
    ),
    Rule("awake_wear_minutes", 1, "min", "Wear time while awake",
         "Minutes that are both worn (wear_minutes) and awake (awake_minutes).", _P61),
    Rule(
        "valid_day", 1, "1", "Valid day",
        "1 if awake wear is at least 600 min or at least 80 % of the minutes awake, else 0. If no "
        "sleep is recorded the whole day counts as awake. Steps are never asked for.",
        f"{_P61}; 600 min: exports.md 6.1, rule R1",
    ),
    Rule("valid_day_24h", 1, "1", "Valid day, 24-hour rule",
         "1 if wear_minutes is at least 960, else 0.", _P61),
    Rule(
        "valid_night", 1, "1", "Valid night",
        "1 if a main sleep is found and night_coverage is at least 70 %, else 0.", _P61,
    ),
    Rule("night_coverage", 1, "%", "Heart-rate coverage of the main sleep",
         "Share of the minutes whole in the main sleep that are valid minutes.", _P61),
    Rule(
        "heart_rate_mean", 2, "/min", "Mean heart rate",
        "Mean of the means of the day's valid minutes, so that each minute counts alike however "
        f"often the device sampled; of the samples, {_MINUTE}.",
        f"exports.md 6.3; weighting: {_OURS.lower()}; features.md C9",
    ),
    Rule("heart_rate_min", 2, "/min", "Least heart rate",
         "Least of the samples that heart_rate_count counts.", "exports.md 6.3"),
    Rule("heart_rate_max", 2, "/min", "Highest heart rate",
         "Highest of the samples that heart_rate_count counts.", "exports.md 6.3"),
    Rule(
        "rhr_sleep", 2, "/min", "Resting heart rate in sleep",
        "Lowest mean of 30 consecutive minutes of the main sleep, at least 20 of them valid; the "
        f"mean is that of the minute means. {_SLEEP}",
        _P62,
    ),
    Rule("rhr_vendor", 1, "/min", "Resting heart rate, the source's", f"{_SOURCE}.", _VENDOR),
    Rule(
        "hr_p05_awake_still", 2, "/min", "Heart rate awake and still, 5th percentile",
        "5th percentile (linear) of the minute means in awake minutes that end five minutes in a row "
        "with a record of 0 steps; needs 20 such minutes, minute steps and a recorded sleep.",
        f"{_P62}; the least of 20 minutes: {_OURS.lower()}",
    ),
    Rule(
        "steps", 2, "{steps}", "Steps",
        "steps_daily if the source gives it, else steps_minute_sum, else steps_hour_sum. A total is "
        "never put right by a sum.",
        f"{_P62}; exports.md 6.2",
    ),
    Rule("steps_daily", 1, "{steps}", "Steps, the source's daily total", f"{_SOURCE}.", _VENDOR),
    Rule("steps_minute_sum", 2, "{steps}", "Steps, sum of intervals",
         f"Sum of the source's intervals. {_STEPS}", "exports.md 6.2; features.md C9"),
    Rule("steps_hour_sum", 2, "{steps}", "Steps, sum of hourly sums",
         f"Sum of the source's hours. {_STEPS}", "exports.md 6.2; features.md C9"),
    Rule("steps_other_sources", 2, "{steps}", "Steps left out of the sum of intervals",
         "Sum of the intervals left out because a more trusted instrument tells of the same; absent if none is.",
         "features.md C9"),
    Rule("steps_hour_other_sources", 2, "{steps}", "Steps left out of the sum of hourly sums",
         "Sum of the hours left out because a more trusted instrument tells of the same; absent if none is.",
         "features.md C9"),
    Rule(
        "peak30_cadence", 2, "{steps}/min", "Peak 30-minute cadence",
        "Mean of the 30 highest minute step counts. Needs 30 minutes with a record, and no steps known "
        "only of an interval longer than a minute.",
        "exports.md 6.2",
    ),
    Rule("active_bouts", 2, "1", "Active bouts",
         "Runs of at least 2 consecutive minutes with at least 20 steps each.", _P62),
    Rule("distance", 1, "m", "Distance", f"{_SOURCE}.", _VENDOR),
    Rule("sedentary_minutes", 1, "min", "Sedentary minutes", f"{_SOURCE}.", _VENDOR),
    Rule(
        "time_in_bed_minutes", 1, "min", "Time in bed (device)",
        f"From the first to the last instant of the main sleep; of a session without stages, the "
        f"source's minutes in bed. {_SLEEP} Not comparable to a diary's.",
        _P63,
    ),
    Rule(
        "sleep_minutes", 1, "min", "Total sleep time",
        "Sum of the stages light, deep, rem and asleep in the main sleep, less the short awakenings "
        "laid over them; classic `restless` is wake. Of a session without stages, or with one of "
        "unknown meaning: the source's minutes asleep.",
        _P63,
    ),
    Rule("sleep_onset_latency", 1, "min", "Sleep onset latency (device)",
         "From the first instant of the main sleep to its first sleep. Needs stages.", _P63),
    Rule("waso_minutes", 1, "min", "Wake after sleep onset",
         "Minutes between the first and the last sleep of the main sleep that are not sleep. Needs stages.",
         f"{_P63}; exports.md 6.2"),
    Rule("sleep_efficiency", 1, "%", "Sleep efficiency (device)",
         "100 x sleep_minutes / time_in_bed_minutes.", _P63),
    Rule("awakenings", 1, "1", "Awakenings",
         "Stretches of at least 5 min that are not sleep, between first and last sleep. Needs stages.", _P63),
    Rule(
        "sleep_midpoint", 1, "min", "Sleep midpoint",
        "Halfway between first and last sleep of the main sleep, in minutes from the local midnight "
        "that this day begins with (before it: negative), by the offset in force then. Needs stages. "
        "Average it as an angle.",
        f"{_P63}; exports.md 6.2",
    ),
    Rule("nap_minutes", 1, "min", "Minutes asleep in naps",
         "Minutes asleep, as in sleep_minutes, of the other episodes of that source that ended on this day.",
         _P63),
    Rule("sleep_24h_minutes", 1, "min", "Sleep, naps included", "sleep_minutes + nap_minutes.", _P63),
    Rule("sleep_session_minutes", 1, "min", "Minutes asleep, the sum of the source's sessions",
         "Sum of the minutes asleep that the source gives for each session that ended on this day; to "
         "be held against minutes_asleep_daily.", "features.md C13"),
    Rule("minutes_asleep_daily", 1, "min", "Minutes asleep, the source's daily total", f"{_SOURCE}.", _VENDOR),
    Rule("time_in_bed_daily", 1, "min", "Time in bed, the source's daily total", f"{_SOURCE}.", _VENDOR),
    Rule("sleep_records_daily", 1, "1", "Sleep records, the source's daily count", f"{_SOURCE}.", _VENDOR),
    Rule("hrv_rmssd", 1, "ms", "Heart-rate variability, RMSSD",
         f"{_SOURCE}. Analyse its logarithm; never mix with SDNN.", _VENDOR),
    Rule("oxygen_saturation", 1, "%", "Oxygen saturation", f"{_SOURCE}.", _VENDOR),
    Rule("respiratory_rate", 1, "/min", "Respiratory rate", f"{_SOURCE}.", _VENDOR),
    Rule("skin_temperature", 1, "Cel", "Skin temperature in sleep", f"{_SOURCE}.", _VENDOR),
    Rule("weight", 1, "kg", "Body weight", "The last weight of the day.", "exports.md 6.3"),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.name: rule for rule in _RULES}
"""Every daily metric by its name, in the order in which a table shows them."""
