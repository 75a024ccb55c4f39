"""Every page of the staff site under load: 500 people of 300 days, as each role, by several browsers at once.

python tests/bench/staff_load.py            # the demo, then 500 people; a quarter of an hour
python tests/bench/staff_load.py --quick    # the coordinator alone, once round

Prints p50, p95 and the greatest time of each page with its queries; ends with 1 if a p95 is above 300 ms, or if a page
takes more queries with more people.
"""

import argparse
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import staff_addresses
import staff_fill
from measuring import table
from staff_addresses import Address

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
import signed_in

from hometrial import staff
from hometrial.cli import staging
from hometrial.db import Database
from hometrial.services import migrating
from hometrial.settings import Settings

LIMIT = 300  # ms
_ROLES = {
    "coordinator": ("S-01",), "data_manager": ("S-01", "S-02"), "investigator": ("S-01",), "statistician": ("S-01", "S-02"),
    "monitor": ("S-01", "S-02"), "dsmb": None, "admin": None,
}  # fmt: skip
_OK, _PATIENCE = 200, 120  # the answer that counts; seconds


@dataclass(frozen=True)
class Seen:
    """One answer: its status, how long it took (ms), how many queries, how many bytes."""

    status: int
    ms: float
    queries: int
    size: int


def main() -> None:
    """Measure, print, and say by the exit code whether it is good."""
    parser = argparse.ArgumentParser(description="Load of the staff site, as Markdown.")
    parser.add_argument("--quick", action="store_true", help="the coordinator alone, one round")
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--people", type=int, default=500)
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument(
        "--home", type=Path, help="a demo's home folder to begin with; it is changed"
    )
    parser.add_argument(
        "--filled", action="store_true", help="that home is filled by an earlier run"
    )
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="staff_load") as folder:
        home = told.home or Path(folder)
        database = Database(Settings(home=home, actor="bench"))
        migrating.require_newest(database)
        staging.set_up(database)
        sys.exit(_measured(database, told))


def _measured(database: Database, told: argparse.Namespace) -> int:
    app = staff.create_app(database)
    addresses, empty = staff_addresses.filled(app, database)
    few: dict[str, list[Seen]] = {}
    if not told.filled:
        few = _round(database, app, addresses, ["monitor", "coordinator"], 1, 1)
        began = time.monotonic()
        staff_fill.multiply(database, told.people)
        staff_fill.prolong(database, told.days)
        _say(f"filled in {time.monotonic() - began:.0f} s: {staff_fill.rows(database)}\n")
    roles = ["coordinator"] if told.quick else list(_ROLES)
    addresses, _ = staff_addresses.filled(app, database)
    many = _round(database, app, addresses, roles, 1 if told.quick else told.rounds, told.clients)
    _say(
        f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {told.clients} clients at once\n"
    )
    _say(_told(many, few))
    if empty:
        _say(f"\nnot asked, nothing fills them: {', '.join(empty)}")
    slow = [rule for rule, seen in _good(many).items() if _quantile(seen, 0.95) > LIMIT]
    grown = [rule for rule in _good(many) if _grew(rule, few, many)]
    compared = ", ".join(grown) or "none" if few else "not compared, the study was filled before"
    _say(f"\nabove {LIMIT} ms: {', '.join(slow) or 'none'}")
    _say(f"\nmore queries with more people: {compared}")
    return 1 if slow or grown else 0


def _round(
    database: Database,
    app,
    addresses: Sequence[Address],
    roles: Sequence[str],
    rounds: int,
    clients: int,
) -> dict[str, list[Seen]]:
    """Ask for every page as each role, so many times, by so many clients at once."""
    port = _free_port()
    environment = os.environ | {
        "HOMETRIAL_HOME": str(database.settings.home),
        "HOMETRIAL_ACTOR": "bench",
    }
    program = [sys.executable, str(Path(__file__).with_name("staff_site.py")), str(port)]
    found: dict[str, list[Seen]] = defaultdict(list)
    with subprocess.Popen(program, env=environment) as server:
        try:
            _wait(port, server)
            for role in roles:
                cookie = signed_in.cookie(
                    app,
                    database,
                    f"http://127.0.0.1:{port}",
                    f"bench-{role}".replace("_", "-"),
                    (role,),
                    _ROLES[role],
                )
                _as_role(
                    port, f"{cookie['name']}={cookie['value']}", addresses, rounds, clients, found
                )
        finally:
            server.terminate()
    return found


def _as_role(port, cookie, addresses, rounds, clients, found) -> None:
    for address in addresses:  # the first one warms up, and is not counted
        _ask(port, cookie, address.path)
    asked = [address for _ in range(rounds) for address in addresses]
    with ThreadPoolExecutor(clients) as pool:
        for address, seen in zip(
            asked, pool.map(lambda each: _ask(port, cookie, each.path), asked), strict=True
        ):
            found[address.rule].append(seen)


def _ask(port: int, cookie: str, path: str) -> Seen:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    body = answer.read()
    took = 1000 * (time.perf_counter() - began)
    connection.close()
    return Seen(answer.status, took, int(answer.headers.get("X-Queries", 0)), len(body))


def _good(found: dict[str, list[Seen]]) -> dict[str, list[Seen]]:
    kept = {rule: [each for each in seen if each.status == _OK] for rule, seen in found.items()}
    return {rule: seen for rule, seen in kept.items() if seen}


def _grew(rule: str, few: dict[str, list[Seen]], many: dict[str, list[Seen]]) -> bool:
    before = [each.queries for each in _good(few).get(rule, [])]
    return bool(before) and max(each.queries for each in _good(many)[rule]) > max(before)


def _told(many: dict[str, list[Seen]], few: dict[str, list[Seen]]) -> str:
    good = _good(many)
    rows = [
        [
            rule,
            f"{_quantile(seen, 0.5):.0f}",
            f"{_quantile(seen, 0.95):.0f}",
            f"{max(each.ms for each in seen):.0f}",
            str(max(each.queries for each in seen)),
            str(max((each.queries for each in _good(few).get(rule, [])), default="")),
            f"{max(each.size for each in seen) / 1000:.0f}",
        ]
        for rule, seen in sorted(good.items(), key=lambda each: -_quantile(each[1], 0.95))
    ]
    failed = sorted(
        {
            f"{rule} {each.status}"
            for rule, seen in many.items()
            for each in seen
            if each.status >= 500
        }
    )
    never = sorted(rule for rule in many if rule not in good)
    notes = [f"\nbroken: {', '.join(failed)}"] if failed else []
    notes += [f"\nnever shown to anybody: {', '.join(never)}"] if never else []
    heads = ["page", "p50 ms", "p95 ms", "greatest", "queries", "with 75 people", "kB"]
    return table(heads, rows) + "\n".join(notes)


def _say(told: str) -> None:
    sys.stdout.write(f"{told}\n")
    sys.stdout.flush()


def _quantile(seen: Sequence[Seen], share: float) -> float:
    times = sorted(each.ms for each in seen)
    return times[min(len(times) - 1, int(share * len(times)))]


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and server.poll() is None:
        with socket.socket() as found:
            if found.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    sys.exit("the staff site did not start")


if __name__ == "__main__":
    main()
