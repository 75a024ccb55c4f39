"""What tests of the participants' pages in a real browser share: the browser, and the tools that take pictures."""

import importlib.util
import shutil
from pathlib import Path

import pytest

_SHOTS = Path(__file__).resolve().parents[1] / "participant" / "shots.py"


def _loaded(path: Path):
    spec = importlib.util.spec_from_file_location("participant_shots", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


shots = _loaded(_SHOTS)
CHROMIUM = shutil.which("chromium")
# Without a browser on the machine there is nothing here to run.
with_chromium = pytest.mark.parametrize("chromium", [CHROMIUM] if CHROMIUM else [])
