"""A board's packs: the open one tells nothing by arm, the closed one everything, both the same bytes each time."""

import dataclasses
import re

import pytest
from reported import PROTOCOLS, STANDING, of_twin
from scipy import stats

from hometrial.errors import ExportRefusedError
from hometrial.exports import packs
from hometrial.exports.report import board
from hometrial.exports.report.blocks import Table
from hometrial.exports.report.material import Material

pytestmark = pytest.mark.long


def cells(made):
    return [
        cell
        for section in made.sections
        for block in section.blocks
        if isinstance(block, Table)
        for row in (block.head, *block.rows)
        for cell in row
    ]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("people", [0, 6])
def test_both_packs_of_every_protocol_come_out_the_same_twice(protocol, people):
    material = of_twin(protocol, people)
    assert packs.open_pack(material) == packs.open_pack(material)
    closed = packs.closed_pack(material)
    assert closed == packs.closed_pack(material)
    for page in (packs.open_pack(material).decode(), closed.decode()):
        assert "Open-label, no placebo" in page
        for k, n, low, high in re.findall(r"(\d+)/(\d+) \([\d.]+ %; ([\d.]+) to ([\d.]+)\)", page):
            exact = stats.binomtest(int(k), int(n)).proportion_ci(0.95, method="exact")
            assert (f"{100 * exact.low:.1f}", f"{100 * exact.high:.1f}") == (low, high)


def test_the_open_pack_tells_nothing_by_arm_and_the_closed_one_does():
    material = of_twin("ldn-mecfs")
    arms = ("Immediate start", "Delayed start")
    pooled = cells(packs.open_report(material))
    assert not [cell for cell in pooled for arm in arms if cell.startswith(arm)]
    assert any("Randomised" in each.name for each in packs.flow_section.flow(material).stages)
    told = cells(packs.closed_report(material))
    assert all(any(cell.startswith(arm) for cell in told) for arm in arms)
    assert "for the board alone" in packs.closed_pack(material).decode()


def test_a_masked_pack_calls_arms_a_and_b_in_an_order_that_the_lock_seeds():
    material = of_twin("ldn-mecfs")
    page = packs.closed_pack(material, masked=True).decode()
    assert "Arm A, n =" in page
    assert "Arm B, n =" in page
    assert "Immediate start" not in page
    assert "Delayed start" not in page
    firsts = set()
    for root in range(12):
        standing = dataclasses.replace(STANDING, root=str(root))
        within = board.groups(dataclasses.replace(material, standing=standing), masked=True)
        firsts.add(min(within["Arm A"]))
    assert len(firsts) == 2


def test_events_of_the_arms_add_up_to_everybodys():
    material = of_twin("ldn-mecfs")
    within = board.groups(material, masked=False)
    everybody = board.Events(material)
    by_arm = [board.Events(material, people) for people in within.values()]
    assert sum(len(each.emergent) for each in by_arm) == len(everybody.emergent)
    assert sum(each.weeks for each in by_arm) == pytest.approx(everybody.weeks, abs=1e-9)
    assert sum(len(each.treated) for each in by_arm) == len(everybody.treated)


def test_data_without_arms_give_no_closed_pack():
    old = of_twin("ldn-mecfs")
    made = Material(old.source, old.tabulations, old.analyses, old.standing)
    made._frames["ADSL"] = old.frame("ADSL").assign(TRT01P="")
    with pytest.raises(ExportRefusedError, match="tells nobody's arm"):
        packs.closed_pack(made)


def test_months_of_enrolment_add_up_to_everybody_who_consented():
    made = board.enrolment(of_twin("ldn-ms"))
    table = next(each for each in made.blocks if isinstance(each, Table))
    assert sum(int(row[1]) for row in table.rows) == int(table.rows[-1][2]) == 6
    months = [row[0] for row in table.rows]
    assert months == sorted(set(months))
