"""Data sets of many people: the daily tables in three formats, a whole folder step by step, source tables out of a database.

python tests/bench/data_sets.py                      # daily tables of 75 people x 300 days, folders of 6 and 75 people
python tests/bench/data_sets.py --people 75,750      # and of ten times as many: a quarter of an hour of the processor or more
python tests/bench/data_sets.py --people 75,750 --formats parquet,csv
python tests/bench/data_sets.py --home FOLDER        # and the source tables out of a demo's home

Each figure is of a process of its own, in seconds of its processor and the most memory of each step; seconds of the clock
are told beside. Ends with 1 if
the daily tables take more than five seconds of the processor.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import table

from hometrial.exports.formats.writing import FORMATS

LIMIT = 5  # s
_SUBJECT = Path(__file__).with_name("data_sets_subject.py")


def main() -> int:
    """Measure and print; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description="Data sets, as Markdown.")
    parser.add_argument("--people", default="6,75", help="people of whose twin a folder is made")
    parser.add_argument("--formats", default=",".join(FORMATS), help="of the folders")
    parser.add_argument("--daily", default="75,300", help="people and days of the daily tables")
    parser.add_argument("--home", type=Path, help="a demo's home: its source tables are taken")
    asked = parser.parse_args()
    _say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began\n")
    people, days = map(int, asked.daily.split(","))
    told = _told({"what": "daily", "people": people, "days": days})
    daily = sum(told["steps"].values())
    _say(f"daily tables of {people} people x {days} days as SDTM XPT, CSV and Parquet\n")
    _say(_steps([told]))
    folders, formats = [], asked.formats.split(",")
    for each in asked.people.split(","):
        folders.append(_folder(int(each), formats))
        _say(f"\na folder of {each} people is made")
    _say(
        f"\nwhole folders of a twin as {', '.join(formats)}, each file read back, without samples\n"
    )
    _say(_steps(folders))
    if asked.home:
        _say("\nsource tables out of a database: ms of CPU and queries of those above 100 ms\n")
        _say(_captured(_told({"what": "captured", "home": str(asked.home)})))
    _say(f"\nload {os.getloadavg()[0]:.1f} when it ended")
    return int(daily > LIMIT)


def _told(order: dict[str, object]) -> dict:
    command = [sys.executable, str(_SUBJECT), json.dumps(order)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def _folder(people: int, formats: list[str]) -> dict:
    with tempfile.TemporaryDirectory(prefix="bench") as of:
        _told({"what": "twin", "people": people, "into": of})
        return _told({"what": "folder", "people": people, "formats": formats, "of": of})


def _steps(found: list[dict]) -> str:
    """Return a table of steps, one column for each number of people: seconds and the most memory in the step."""
    rows = [[step, *(_step(each, step) for each in found)] for step in found[-1]["steps"]]
    spent = [sum(each["steps"].values()) for each in found]
    rows += [
        ["all, s of CPU", *(f"{each:.1f}" for each in spent)],
        ["s of the clock", *(f"{each['seconds']:.1f}" for each in found)],
        ["participant-days", *(f"{each['days']:,}" for each in found)],
        ["rows", *(f"{each['rows']:,}" for each in found)],
        ["ms of CPU a participant-day", *(f"{1000 * one / each['days']:.2f}" for one, each in zip(spent, found, strict=True))],
        ["ratio to the first", *(f"{one / each['days'] * found[0]['days'] / spent[0]:.2f}" for one, each in zip(spent, found, strict=True))],
        ["MB at most", *(f"{each['peak']:.0f}" for each in found)],
        ["MB a further person", *(_further(found[0], each) for each in found)],
    ]  # fmt: skip
    if "size" in found[0]:
        rows.append(["MB of files", *(f"{each['size']:,.0f}" for each in found)])
    return table(["s of CPU; MB", *(f"{each['people']} people" for each in found)], rows)


def _step(told: dict, step: str) -> str:
    return f"{told['steps'].get(step, 0):.1f}; {told['memory'].get(step, 0):.0f}"


def _further(first: dict, told: dict) -> str:
    """Return by how much the most memory grew for each person more."""
    more = told["people"] - first["people"]
    return f"{(told['peak'] - first['peak']) / more:.1f}" if more else ""


def _captured(told: dict) -> str:
    rows = [
        [name, f"{count:,}", f"{queries:,}", f"{ms:.0f}"]
        for name, (count, queries, ms) in told["tables"].items()
        if ms > 100
    ]
    every = told["tables"].values()
    total = sum(ms for *_, ms in every)
    rows += [
        ["all", f"{sum(each[0] for each in every):,}", f"{sum(each[1] for each in every):,}", f"{total:.0f}"],
        [f"each of {told['people']} people", "", "", f"{total / told['people']:.1f}"],
    ]  # fmt: skip
    return table(["table", "rows", "queries", "ms of CPU"], rows)


def _say(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
