"""How long people stayed, which weeks had which events, and diaries that a crash takes away: against a count by hand."""

import dataclasses
from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from reported import of_twin

from hometrial.exports.report import adverse, figures, informative, prevalence, retaining
from hometrial.exports.report.blocks import Section
from hometrial.exports.report.drawing import Stroke, Words
from hometrial.exports.report.effects import effects
from hometrial.exports.report.material import Material
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME


def test_the_share_on_the_drug_is_the_product_of_the_shares_that_stayed():
    material = of_twin("ldn-ms")
    made = Section("exposure", "")
    retaining.retention(made, material)
    table = material.frame("ADTTE")
    own = table[table["PARAMCD"] == "TSTOP"]
    for number in made.numbers:
        visit = next(each for each in material.protocol.visits if number.name.endswith(each.label))
        share = 1.0
        for time in sorted(set(own.loc[own["CNSR"] == 0, "AVAL"])):
            if time <= visit.day:
                gone = int(((own["AVAL"] == time) & (own["CNSR"] == 0)).sum())
                share *= 1 - gone / int((own["AVAL"] >= time).sum())
        assert vars(number)["values"]["share"] == pytest.approx(share, abs=1e-9)
    assert len(made.numbers) == 6


def test_a_week_counts_people_with_an_event_in_it_once_and_who_is_under_observation():
    events = adverse.Events(of_twin("ldn-mecfs"))
    term = events.emergent.loc[events.emergent["term"] != "", "term"].mode()[0]
    found = prevalence.weekly(events, term)
    own = events.emergent[events.emergent["term"] == term]
    for week, (k, n) in found.items():
        having, under = set(), 0
        for who, end in events.ends.items():
            start = events.material.persons[who]["TRTSDT"]
            days = {start + timedelta(days=7 * (week - 1) + each) for each in range(7)}
            under += min(days) <= end
            for _, row in own[own["SUBJID"] == who].iterrows():
                last = (
                    min(end, row["AENDT"]) if row["AENDT"] == row["AENDT"] and row["AENDT"] else end
                )
                if any(row["ASTDT"] <= day <= last for day in days):
                    having.add(who)
        assert (k, n) == (len(having), under)
    assert any(k for k, _ in found.values())


def test_a_diary_that_is_missing_beside_a_bad_day_holds_the_own_worst():
    old = of_twin("ldn-mecfs")
    effect = next(each for each in effects(old) if each.endpoint.id == "S3")
    who = str(effect.pairs["SUBJID"].iloc[0])
    start = old.persons[who]["TRTSDT"]
    at, days = effect.endpoint.at, informative._days(old, "LMD05")[who]
    within = [start + timedelta(days=each) for each in range(at.from_day, at.to_day + 1)]
    there = [day for day in within if day in days]
    gone = [day for day in within if day not in days]
    assert gone, "the twin answers every day; take another seed"
    bad = [
        {"id": f"b{at}", "participant": who, "kind": kind, "at": f"{day}T08:00:00+00:00"}
        for at, (kind, day) in enumerate((("begun", gone[0]), ("over", gone[0])))
    ]
    tables = {**old.source.tables}
    tables["bad_day"] = BY_NAME["bad_day"].table(bad)
    material = Material(Source(tables), old.tabulations, old.analyses, old.standing)
    only = dataclasses.replace(effect, told=effect.told[effect.told["SUBJID"] == who])
    changed, filled = informative._changes(material, only, effect.outcome, at)
    beside = [day for day in gone if abs((day - gone[0]).days) <= 1]
    limit = np.percentile(list(days.values()), 90)
    values = [days[day] for day in there] + [limit] * len(beside)
    assert filled == len(beside)
    assert changed == [pytest.approx(np.mean(values) - only.rows["BASE"].iloc[0], abs=1e-9)]
    assert isinstance(gone[0], date)


def test_a_median_is_drawn_of_three_people_or_more_and_no_label_lies_on_another():
    weeks = [
        {"person": who, "place": at, "label": f"w{at}", "change": float(at), "arm": ""}
        for number, who in enumerate(("P-1", "P-2", "P-3"))
        for at in range(31 - number)
    ]
    made = figures.spaghetti(pd.DataFrame(weeks), "Steps", ())
    bold = next(each for each in made.shapes if isinstance(each, Stroke) and each.width == 3)
    assert len(bold.points) == 29  # the last two weeks are those of two people, and of one
    foot = [each for each in made.shapes if isinstance(each, Words) and each.anchor == "middle"]
    assert foot[0].text == "w0"
    apart = {int(b.text[1:]) - int(a.text[1:]) for a, b in pairwise(foot)}
    assert len(apart) == 1  # every second week, or every third
    assert all(b.x - a.x > 3 * (len(a.text) + len(b.text)) for a, b in pairwise(foot))
    alone = figures.spaghetti(
        pd.DataFrame(weeks)[lambda rows: rows["person"] == "P-1"], "Steps", ()
    )
    lines = [each for each in alone.shapes if isinstance(each, Stroke) and len(each.points) > 2]
    assert [each.width for each in lines] == [0.8]
