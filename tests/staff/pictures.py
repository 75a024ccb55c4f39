"""Takes the pictures of the documentation from the demo's study: python tests/staff/pictures.py HOME [FOLDER].

HOME is a home folder that `hometrial demo --set-up-only` filled; the pictures lie in docs/pictures unless told.
"""

import importlib
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from hometrial.db import Database
from hometrial.settings import Settings
from hometrial.staff import create_app

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    "today": ("/", 1200, 820),
    "people": ("/people", 1200, 760),
    "person": ("/people/P-0002", 1200, 900),
    "completeness": ("/completeness", 1200, 820),
    "safety": ("/safety", 1200, 760),
    "system": ("/system", 1200, 820),
}
"""What is shown: address, width and height of the window."""


def main() -> None:
    """Take them all."""
    for folder in ("tests/support", "tests/staff"):
        sys.path.insert(0, str(ROOT / folder))
    shots, signed_in = importlib.import_module("shots"), importlib.import_module("signed_in")
    database = Database(Settings(home=Path(sys.argv[1])))
    out = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "pictures"
    out.mkdir(parents=True, exist_ok=True)
    app = create_app(database)
    with shots.served(app) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=shots.FLAGS)
        for name, (where, width, height) in PICTURES.items():
            context = browser.new_context(
                base_url=address, viewport={"width": width, "height": height}
            )
            context.add_cookies([signed_in.cookie(app, database, address, "carla")])
            page = context.new_page()
            page.goto(where, wait_until="networkidle")
            page.wait_for_function(shots.DRAWN)
            page.screenshot(path=out / f"{name}.png")
            context.close()
        browser.close()
    database.close()


if __name__ == "__main__":
    main()
