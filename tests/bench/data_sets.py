"""Data sets of many people: the daily tables in three formats, a whole folder step by step, source tables out of a database.

python tests/bench/data_sets.py                      # daily tables of 75 people x 300 days, folders of 6 and 75 people
python tests/bench/data_sets.py --people 6,75,750    # and of ten times as many; memory and minutes
python tests/bench/data_sets.py --home FOLDER        # and the source tables out of a demo's home

Each figure is of a process of its own, in seconds of its processor; seconds of the clock are told beside. Ends with 1 if
the daily tables take more than five seconds of the processor.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from measuring import table

LIMIT = 5  # s
_SUBJECT = Path(__file__).with_name("data_sets_subject.py")


def main() -> int:
    """Measure and print; return 1 if a target is missed."""
    parser = argparse.ArgumentParser(description="Data sets, as Markdown.")
    parser.add_argument("--people", default="6,75", help="people of whose twin a folder is made")
    parser.add_argument("--daily", default="75,300", help="people and days of the daily tables")
    parser.add_argument("--home", type=Path, help="a demo's home: its source tables are taken")
    asked = parser.parse_args()
    _say(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} when it began\n")
    people, days = map(int, asked.daily.split(","))
    told = _told({"what": "daily", "people": people, "days": days})
    daily = sum(told["steps"].values())
    _say(f"daily tables of {people} people x {days} days as SDTM XPT, CSV and Parquet\n")
    _say(_steps([told]))
    folders = []
    for each in asked.people.split(","):
        folders.append(_told({"what": "folder", "people": int(each)}))
        _say(f"\na folder of {each} people is made")
    _say("\nwhole folders of a twin in every format\n")
    _say(_steps(folders))
    if asked.home:
        _say("\nsource tables out of a database: ms of CPU and queries of those above 100 ms\n")
        _say(_captured(_told({"what": "captured", "home": str(asked.home)})))
    _say(f"\nload {os.getloadavg()[0]:.1f} when it ended")
    return int(daily > LIMIT)


def _told(order: dict[str, object]) -> dict:
    command = [sys.executable, str(_SUBJECT), json.dumps(order)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def _steps(found: list[dict]) -> str:
    """Return a table of steps, one column for each number of people."""
    rows = [
        [step, *(f"{each['steps'].get(step, 0):.1f}" for each in found)]
        for step in found[-1]["steps"]
    ]
    rows += [
        ["all, s of CPU", *(f"{sum(each['steps'].values()):.1f}" for each in found)],
        ["s of the clock", *(f"{each['seconds']:.1f}" for each in found)],
        ["participant-days", *(f"{each['days']:,}" for each in found)],
        ["rows", *(f"{each['rows']:,}" for each in found)],
        ["ms of CPU a participant-day", *(f"{1000 * sum(each['steps'].values()) / each['days']:.2f}" for each in found)],
        ["MB at most", *(f"{each['peak']:.0f}" for each in found)],
    ]  # fmt: skip
    return table(["step, s of CPU", *(f"{each['people']} people" for each in found)], rows)


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
