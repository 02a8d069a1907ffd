"""Take the screenshots of the documentation: the real page over the samples, with the default models, in Chromium.

The runs of the second tab are asked first, unless they are there: about five minutes.

python docs/screenshots.py [--index FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
PICTURES = Path(__file__).resolve().parent / "pictures"
QUESTIONS = ROOT / "eval" / "samples" / "questions.yaml"
QUESTION = "When was the strategy published?"
REFUSED = "What is the budget of the Genomics Strategy?"


def main() -> None:
    """Index the samples, ask the sample questions, serve both, and photograph the pages."""
    from cli import EXAMPLES  # noqa: PLC0415  (the root is put on the path below)
    from eval.report import write_report  # noqa: PLC0415
    from eval.runs.evaluations import Evaluations  # noqa: PLC0415
    from eval.runs.experiments import evaluate  # noqa: PLC0415
    from pipeline import Footnote  # noqa: PLC0415
    from settings import load_settings  # noqa: PLC0415
    from tests.web.browsing import photograph, photograph_document, serving  # noqa: PLC0415

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--index", type=Path, default=ROOT / "footnote-index", help="folder of the samples' index")
    index = parser.parse_args().index
    settings, _ = load_settings({"index": index, "runs": index / "runs-of-the-pictures"})
    footnote = Footnote(settings, create=True)
    footnote.index([ROOT / "samples"])
    footnote.warm_up()
    PICTURES.mkdir(exist_ok=True)
    run = partial(evaluate, settings=settings, lender=footnote)
    with_model, _ = run(QUESTIONS, out=settings.runs / "samples.json")
    run(QUESTIONS, out=settings.runs / "samples-quotes-only.json", quotes_only=True)
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.html"
        write_report([with_model], report)
        photograph_document(report.as_uri(), PICTURES / "report.png")
    with serving(footnote, examples=EXAMPLES, evaluations=Evaluations(settings.runs, run)) as address:
        photograph_document(f"{address}runs", PICTURES / "runs.png")
        photograph(address, PICTURES / "page.png", question=QUESTION, footnote=1)
        photograph(address, PICTURES / "page-dark.png", question=QUESTION, footnote=1, dark=True)
        photograph(address, PICTURES / "page-phone.png", question=QUESTION, phone=True)
        photograph(address, PICTURES / "page-empty.png")
        photograph(address, PICTURES / "page-refusal.png", question=REFUSED)
    footnote.close()


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
