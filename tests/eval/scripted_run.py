"""A run of scripted answers, for tests that stop or kill it: ``python scripted_run.py FOLDER LOG``.

Answers depend on the question alone. Each question that is asked is a line of LOG, written before it is answered.
"""

import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from eval.measures import tabulate
from eval.records import EvalCase, Evidence, Outcome, Run, RunFingerprint, Span, Statement
from eval.runs.journal import Journal, JournalHead
from eval.runs.results import save_run
from eval.runs.running import ask_all
from schema import FootnoteError

QUESTIONS = 300
SECONDS_EACH = 0.004
FINGERPRINT = RunFingerprint("q" * 16, "corpus", "index", "embedder", "reranker", "llm", "prompt", "settings", "1")
HEAD = JournalHead("scripted", FINGERPRINT, QUESTIONS, "ids", None, None, "2026-01-01T00:00:00+00:00")


def cases(count=QUESTIONS):
    """Questions of which every third has no answer."""
    return tuple(
        EvalCase(f"q{number}", f"What is {number}?", unanswerable=True)
        if number % 3 == 0
        else EvalCase(f"q{number}", f"What is {number}?", (f"It is {number}.",), (Evidence(f"default/{number}.md"),))
        for number in range(count)
    )


def scripted(case):
    """The answer to a question; one in fifty fails."""
    number = int(case.question_id[1:])
    if number % 50 == 7:
        raise FootnoteError(f"There is no {number}.")
    if number % 4 == 0:
        return Outcome(case.question_id, "The documents do not say.", abstained=True, confidence=-1.0)
    words = f"It is {number}. " + "Long text, so that a line is torn now and then. " * (number % 40)
    spans = tuple(Span(f"default/{number + near}.md", words, "é", score=1 / (3 + near)) for near in range(4))
    sentences = (Statement(f"It is {number}.", (1,), "supported", 0.5),)
    return Outcome(case.question_id, f"It is {number}.", False, "", sentences, spans[:1], spans[:2], spans)


def main(folder, log):
    """Go on with the run in a folder until it is complete."""
    result, journal = folder / "run.json", folder / "run.journal.jsonl"
    asked = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def answer(case, stop):
        os.write(asked, f"{case.question_id}\n".encode())
        time.sleep(SECONDS_EACH)
        return scripted(case)

    with Journal(journal, HEAD) as opened:
        outcomes = ask_all(cases(), answer, journal=opened)
        columns = tabulate(cases(), outcomes, lambda sentence, texts, question: "supported")
        save_run(Run("run", FINGERPRINT, cases(), outcomes, columns, {"started": opened.head.started}), result)
        opened.remove()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
