"""What a sceptic stumbles over in a report: widths, signs that a font lacks, directions, and who is counted."""

import dataclasses
import re
import warnings

import paper_read
from piloted import of_pilot
from reported import STANDING, of_twin, report

from hometrial.exports.report import board, changes, endpoints, header, missing, saying, small_cells
from hometrial.exports.report.blocks import Paragraph, Section, Table
from hometrial.exports.report.effects import effects
from hometrial.exports.report.material import Material
from hometrial.services.locking.report_paper import pdf


def table(section, caption):
    return next(
        each for each in section.blocks if isinstance(each, Table) and each.caption == caption
    )


def test_sites_stand_below_each_other_however_many_endpoints_there_are():
    made = endpoints.primary(of_twin("ldn-ms"))
    assert len(table(made, "By site").head) == 4
    by_site = table(made, "Changes by site")
    assert by_site.head == ("Endpoint", "Site", "n", "Change, median (range)")
    sites = sorted(set(of_twin("ldn-ms").people["SITEID"]))
    declared = [each for each in effects(of_twin("ldn-ms")) if each.kind == "change"]
    assert [row[1] for row in by_site.rows] == sites * len(declared)
    for each, place in zip(declared, range(0, len(by_site.rows), len(sites)), strict=True):
        counts = [int(row[2]) for row in by_site.rows[place : place + len(sites)]]
        assert sum(counts) == len(each.pairs)


def test_the_public_is_told_no_change_of_so_few_people_at_a_site():
    made = Section("primary", "")
    endpoints._by_site(made, of_twin("ldn-ms"))
    _, hidden = small_cells.hidden((Section("header", ""), made))
    for row in table(hidden, "Changes by site").rows:
        assert row[2] == small_cells.HIDDEN or not 0 < int(row[2]) < small_cells.FEWEST
        assert row[2] != small_cells.HIDDEN or row[3] == "–"


def test_the_public_is_told_no_range_of_an_endpoint_that_so_few_people_have():
    few = dataclasses.replace(effects(of_pilot())[0], told=effects(of_pilot())[0].told.iloc[:3])
    made = Section("primary", "")
    changes.detailed(made, of_pilot(), few, tested=True)
    _, hidden = small_cells.hidden((Section("header", ""), made))
    rows = next(each for each in hidden.blocks if isinstance(each, Table)).rows
    assert small_cells.HIDDEN in rows[0][1]
    assert [row[1] for row in rows[1:]] == ["–"] * 3


def test_each_endpoint_says_which_way_is_better():
    made = Section("primary", "")
    changes.detailed(made, of_pilot(), effects(of_pilot())[0], tested=True)
    assert "Higher is worse: P1." in made.blocks[0].note
    assert any(
        "Higher is better: S9." in block.note
        for block in endpoints.primary(of_twin("ldn-mecfs")).blocks
        if isinstance(block, Table)
    )


def test_a_baseline_without_a_later_value_is_there_in_the_patterns():
    material = of_twin("ldn-crohns", 24)
    primary = effects(material)[0]
    made = missing.section(material)
    found = next(
        each for each in made.blocks if isinstance(each, Table) and "patterns over" in each.caption
    )
    begun = sum(int(row[1].split("/")[0]) for row in found.rows if row[0].startswith("X"))
    assert begun == primary.rows["BASE"].notna().sum() > len(primary.pairs)


def test_the_sets_are_told_as_the_protocol_defines_them_with_their_people():
    made = next(each for each in report("ldn-mecfs").sections if each.id == "flow")
    material = of_twin("ldn-mecfs")
    rows = {row[0]: row for row in table(made, "Analysis sets").rows}
    for each in material.protocol.analysis.sets:
        assert rows[each.id][1] == each.text
        assert rows[each.id][2].startswith(f"{len(material.population(each.id))}/")


def test_a_protocol_that_wants_models_of_fewer_people_than_ten_gets_none_of_fewer():
    old = of_twin("ldn-mecfs")
    body = old.source.protocol
    eager = body.model_copy(
        update={"analysis": body.analysis.model_copy(update={"model_from_people": 3})}
    )

    class Eager(Material):
        protocol = eager

    material = Eager(old.source, old.tabulations, old.analyses, old.standing)
    assert material.least == 10
    made = endpoints.primary(material)
    assert not any("by the model" in "".join(each.head) for each in made.blocks if isinstance(each, Table))  # fmt: skip


def test_everybody_who_changed_alike_has_a_mean_and_the_reason_why_no_interval():
    pilot = of_pilot()
    effect = effects(pilot)[0]
    alike = effect.told.assign(AVAL=effect.told["BASE"] + 0.1, CHG=0.1)
    made = Section("primary", "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        changes.detailed(made, pilot, dataclasses.replace(effect, told=alike), tested=True)
        rows = changes.row(made, pilot, dataclasses.replace(effect, told=alike))
    said = dict(made.blocks[0].rows)["Mean change (95 % CI, paired t)"]
    assert (
        said
        == "0.10; every person changed by the same amount, 0.1: without any spread there is no interval and no test"
    )
    assert rows[-2:] == (saying.NOTHING, saying.NOTHING)


def test_nothing_names_an_arm_where_a_pack_is_masked():
    made = header.section(of_twin("ldn-mecfs"))
    told = " ".join(cell for row in made.blocks[0].rows for cell in row)
    assert "2 arms, allocated 1:1 by permuted blocks; masking: none" in told
    assert not any(label in told for label in of_twin("ldn-mecfs").arms)


def test_a_sign_that_the_font_of_the_paper_lacks_is_printed_as_its_number_and_named(caplog):
    odd = "Ωμέγα 低用量 זרוע 😀👩 \u200b"
    plain = report("ldn-case-series")
    section = Section("odd", odd)
    section.blocks.append(Paragraph(odd))
    section.table(odd, ("Arm", odd), [(odd, odd)])
    made = dataclasses.replace(plain, sections=(section,))
    body = pdf(made, STANDING, compressed=False)
    assert body == pdf(made, STANDING, compressed=False)
    text = paper_read.read(body).text
    for told in ("Ωμέγα", "[U+4F4E]", "cjk unified ideograph-4f4e", "[U+05D6] hebrew letter zayin", "woman", "[U+200B] zero width space"):  # fmt: skip
        assert told in " ".join(text.split())
    assert caplog.records == []
    whole = paper_read.read(pdf(dataclasses.replace(plain, sections=()), STANDING, compressed=False)).text  # fmt: skip
    assert "no sign in the font" not in whole


def test_no_pack_counts_events_without_saying_which():
    material = of_twin("ldn-mecfs")
    within = board.groups(material, masked=True)
    _, events, _ = board.by_arm(material, within)
    said = [each.text for each in events.blocks if isinstance(each, Paragraph)]
    assert [each[:7] for each in said] == ["Arm A: ", "Arm B: "]
    pooled = board.adverse_events(material).blocks[0].text
    found = [int(re.search(r"grade than the person's own run-in; (\d+) that", each)[1]) for each in (*said, pooled)]  # fmt: skip
    assert found[0] + found[1] == found[2]
    assert all("not counted" in each for each in (*said, pooled))
