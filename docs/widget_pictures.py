"""Take the pictures of the widget: the demo pages over the samples, with the default models, in Chromium.

make pictures, or python docs/widget_pictures.py [--index FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURES = Path(__file__).resolve().parent / "pictures"
QUESTION = "When was the strategy published?"
EXAMPLES = [QUESTION, "How many genomes are to be sequenced?", "What is the budget of the strategy?"]
DESKTOP, PHONE = {"width": 1180, "height": 800}, {"width": 390, "height": 780}


def main() -> None:
    """Index the samples, serve them beside the demo pages, and photograph those."""
    from browsing import browsing  # noqa: PLC0415  (the folders are put on the path below)
    from widget_server import sites  # noqa: PLC0415

    from pipeline import Footnote  # noqa: PLC0415
    from settings import load_settings  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=ROOT / "footnote-index", help="folder of the samples' index")
    settings, _ = load_settings({"index": parser.parse_args().index})
    footnote = Footnote(settings, create=True)
    footnote.index([ROOT / "samples"])
    footnote.warm_up()
    with sites(footnote) as site, browsing() as browser:
        site.session = {"questions": EXAMPLES, "texts": {"title": "Ask about genomics"}}
        for name, asks, opens, settings_of in (
            ("widget-open", False, False, {"viewport": DESKTOP}),
            ("widget", True, False, {"viewport": DESKTOP}),
            ("widget-footnote", True, True, {"viewport": DESKTOP}),
            ("widget-dark", True, False, {"viewport": DESKTOP, "color_scheme": "dark"}),
            ("widget-phone", True, False, {"viewport": PHONE, "device_scale_factor": 2}),
        ):
            page = browser.new_page(**settings_of)
            page.goto(f"{site.host}/demo/index.html")
            page.locator(".launcher").click()
            _photograph(page, PICTURES / f"{name}.png", asks=asks, opens=opens)
        page = browser.new_page(viewport=DESKTOP)
        page.goto(f"{site.host}/demo/inline.html")
        _photograph(page, PICTURES / "widget-inline.png", asks=True, opens=True)
    footnote.close()


def _photograph(page: Any, target: Path, *, asks: bool, opens: bool) -> None:
    """A PNG of the page, once asked, perhaps with the first footnote open."""
    page.locator(".suggested button").first.wait_for()
    if asks:
        page.locator(".composer textarea").fill(QUESTION)
        page.locator(".composer textarea").press("Enter")
        page.locator('.exchange[aria-busy="false"]').wait_for(timeout=180_000)
    if opens:
        page.locator(".answer .mark, .card .show").first.click()
        page.locator(".around mark").wait_for()
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    page.screenshot(path=target)
    page.close()


if __name__ == "__main__":
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "web"), str(ROOT / "tests" / "widget")]
    main()
