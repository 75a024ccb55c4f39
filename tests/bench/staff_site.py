"""The staff site in a process of its own that says with each answer how many queries it took: `staff_site.py PORT`."""

import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

import waitress
from sqlalchemy import event

from hometrial import settings, staff
from hometrial.db import Database

THREADS = 4


class Counting:
    """The site, with a header that counts its queries."""

    def __init__(self, site: Any, database: Database) -> None:
        self.site, self.here = site, threading.local()
        event.listen(database.engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.here.count = getattr(self.here, "count", 0) + 1

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        self.here.count = 0

        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            return start(status, [*headers, ("X-Queries", str(self.here.count))], *more)

        return self.site(environ, begin)


def main() -> None:
    """Serve until killed."""
    database = Database(settings.load())
    app = staff.create_app(database)
    counting = Counting(app.wsgi_app, database)
    app.wsgi_app = counting
    waitress.serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=THREADS, _quiet=True)


if __name__ == "__main__":
    main()
