"""What every test runs under: no network, no hub, settings of its own."""

import os
import sys
from pathlib import Path

GUARD = Path(__file__).parent / "guard"
sys.path.insert(0, str(GUARD))
import sitecustomize  # noqa: E402, F401  (importing it installs the socket guard)

os.environ["PYTHONPATH"] = str(GUARD)
os.environ["HF_HUB_OFFLINE"] = "1"
for _name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
    del os.environ[_name]
