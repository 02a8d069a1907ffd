"""Take the screenshots of the documentation: the real page over the samples, with the default models, in Chromium.

python docs/screenshots.py [--index FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = Path(__file__).resolve().parent / "pictures"
QUESTION = "When was the strategy published?"
REFUSED = "What is the budget of the Genomics Strategy?"


def main() -> None:
    """Index the samples, serve them, and photograph the page."""
    from cli import EXAMPLES  # noqa: PLC0415  (the root is put on the path below)
    from pipeline import Footnote  # noqa: PLC0415
    from settings import load_settings  # noqa: PLC0415
    from tests.web.browsing import photograph, serving  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=ROOT / "footnote-index", help="folder of the samples' index")
    settings, _ = load_settings({"index": parser.parse_args().index})
    footnote = Footnote(settings, create=True)
    footnote.index([ROOT / "samples"])
    footnote.warm_up()
    PICTURES.mkdir(exist_ok=True)
    with serving(footnote, examples=EXAMPLES) as address:
        photograph(address, PICTURES / "page.png", question=QUESTION, footnote=1)
        photograph(address, PICTURES / "page-dark.png", question=QUESTION, footnote=1, dark=True)
        photograph(address, PICTURES / "page-phone.png", question=QUESTION, phone=True)
        photograph(address, PICTURES / "page-empty.png")
        photograph(address, PICTURES / "page-refusal.png", question=REFUSED)
    footnote.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
