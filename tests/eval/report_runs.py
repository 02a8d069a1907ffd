"""Runs for the tests of the report: the sample questions with outcomes made up, and any number of generated ones."""

import random
from dataclasses import replace
from pathlib import Path

from eval.measures import tabulate
from eval.records import EvalCase, Evidence, Outcome, Run, RunFingerprint, Span, Statement
from eval.sets.questions import load_questions

SAMPLES = Path(__file__).resolve().parents[2] / "eval" / "samples" / "questions.yaml"
OTHER = "The executive summary describes what the strategy is for and whom it concerns, in general terms."


def made_run(name, cases, outcomes, **fields):
    """A run with its measures, where a sentence counts as supported if it cites anything."""
    columns = tabulate(cases, outcomes, lambda sentence, cited, question: "supported" if cited else "unsupported")
    return Run(name, RunFingerprint(**fields), tuple(cases), tuple(outcomes), columns, {"seed": 0})


def span(piece, **fields):
    return Span(
        piece.source,
        piece.quote,
        title=piece.source.title(),
        page=piece.page,
        start=10,
        end=10 + len(piece.quote),
        **fields,
    )


def outcome_for(case, ending, number=0):
    """What a system gave that ended in this way; each of the endings of an answerable question is one stage further."""
    gold = tuple(span(piece, score=0.9 - 0.1 * place) for place, piece in enumerate(case.evidence))
    far = Span("default/briefing.md", OTHER, "Briefing", score=0.11, start=400, end=400 + len(OTHER))
    sure = 0.97 - 0.011 * (number % 37)
    timings = {"retrieve_ms": 31.0 + number, "rerank_ms": 420.0 + 9 * number, "quotes_ms": 480.0 + 9 * number}
    timings |= {"first_token_ms": 900.0 + 23 * number, "total_ms": 2600.0 + 71.0 * (number % 29)}
    base = Outcome(case.question_id, timings=timings, tokens_read=800 + number, tokens_written=40, confidence=sure)
    refused = replace(base, answer="The documents do not say.", abstained=True, confidence=0.4 - 0.01 * (number % 29))
    refused = replace(refused, passages=(far,), quotes=(far,), reason="No passage answers the question.")
    text = f"It is {' and '.join(case.answers if case.together else case.answers[:1])}."
    told = Statement(text, tuple(range(1, len(gold) + 1)), "supported", 0.9)
    right = replace(base, answer=text, sentences=(told,), citations=gold, quotes=(*gold, far), passages=(*gold, far))
    right = replace(right, verbatim=(len(gold) + 1, len(gold) + 1))
    wrong = replace(right, answer="It was announced.", sentences=(Statement("It was announced.", (1,), "partly", 0.5),))
    loose = Statement(text, (), "unsupported", 0.1, ("The number 17 is not in the cited text.",))
    endings = {
        "right": right,
        "refused": refused,
        "not retrieved": refused,
        "retrieved": replace(refused, passages=(far, *gold)),
        "quoted": wrong,
        "unsupported": replace(right, sentences=(loose,), citations=()),
        "false answer": replace(
            base,
            answer="It is 17 million pounds.",
            sentences=(Statement("It is 17 million pounds.", (1,), "supported", 0.7),),
            citations=(far,),
            passages=(far,),
            confidence=0.55 - 0.01 * (number % 7),
        ),
        "error": Outcome(case.question_id, error="The engine stopped: out of memory"),
    }
    return endings[ending]


def sample_run(name="with reranker", *, endings=None):
    """The sample questions; ``endings`` says by question what went otherwise than it should."""
    cases = load_questions(SAMPLES)
    given = endings or {}
    outcomes = [
        outcome_for(case, given.get(case.question_id, "refused" if case.unanswerable else "right"), number)
        for number, case in enumerate(cases)
    ]
    run = made_run(name, cases, outcomes, llm="qwen3-4b-instruct-2507-q4", questions="5b1f" * 16, corpus="77aa" * 16)
    about = {"set": "eval/samples/questions.yaml", "started": "2026-11-22T16:24:20+00:00", "machine": "2 cores, 8 GB"}
    return replace(run, about=about | {"seed": 0, "limit": None, "settings": {"top_k": 20, "passages": 6}})


FIRST = {
    "survey-dates": "not retrieved",
    "third-area": "retrieved",
    "vision": "quoted",
    "where-to-begin": "unsupported",
    "budget": "false answer",
    "test-price": "false answer",
    "tests-a-year": "false answer",
    "pen-name": "error",
    "most-important-area": "retrieved",
    "both-chiefs": "quoted",
}
SECOND = {"vision": "quoted", "where-to-begin": "unsupported", "budget": "false answer", "title": "retrieved"}


def many_questions(count, *, seed=0):
    """Generated questions as they come: 8 passages of 900 characters, 5 quotes, an answer of 3 sentences each."""
    rng = random.Random(seed)  # noqa: S311  (made-up words)
    words = [f"{a}{b}" for a in "ba co di fe gu ha li mo".split() for b in "ran tel sim dor nal per".split()]

    def text(length):
        found = " ".join(rng.choices(words, k=length // 5))
        return found[: length - 1].strip().capitalize() + "."

    cases, outcomes = [], []
    for number in range(count):
        passages = tuple(
            Span(
                f"default/folder/document-{rng.randrange(300)}.pdf",
                text(900),
                "A title",
                page=3,
                start=0,
                end=900,
                score=0.5,
            )
            for _ in range(8)
        )
        quotes = tuple(
            Span(one.source, text(200), "A title", page=3, start=100 * place, end=100 * place + 200, score=0.5)
            for place, one in enumerate(passages[:5])
        )
        gold = Evidence(quotes[0].source, 3, quotes[0].text)
        cases.append(EvalCase(f"question-{number}", text(80), (quotes[0].text.split()[1],), (gold,), kind="made"))
        sentences = tuple(Statement(text(140), (place + 1,), "supported", 0.8) for place in range(3))
        answer = " ".join(sentence.text for sentence in sentences)
        timings = {
            "retrieve_ms": 31.0,
            "rerank_ms": 412.0,
            "quotes_ms": 460.0,
            "first_token_ms": 900.0,
            "total_ms": 4100.0,
        }
        outcomes.append(
            Outcome(
                f"question-{number}",
                answer,
                False,
                "",
                sentences,
                quotes[:3],
                quotes,
                passages,
                (),
                0.8,
                timings,
                900,
                80,
                (8, 8),
            )
        )
    return made_run("many", cases, outcomes)


PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src=http://203.0.113.1/pixel.png>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "</svg><img src=x onerror=alert(1)>",
    "</title><script>alert(1)</script>",
    "</desc></title></svg><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "</details></summary><script>alert(1)</script>",
    "<a href=javascript:alert(1)>here</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>here</a>",
    "[here](javascript:alert(1))",
    "![picture](http://203.0.113.1/pixel.png)",
    "<iframe src=javascript:alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<form action=javascript:alert(1)><input type=submit autofocus></form>",
    "<input onfocus=alert(1) autofocus>",
    "<select onfocus=alert(1) autofocus>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<body onload=alert(1)>",
    "<base href=http://203.0.113.1/>",
    "<meta http-equiv=refresh content='0;url=http://203.0.113.1/'>",
    "<link rel=stylesheet href=http://203.0.113.1/style.css>",
    "<style>@import 'http://203.0.113.1/style.css';</style>",
    "<style>body{background:url(http://203.0.113.1/pixel.png)}</style>",
    '" onmouseover="alert(1)',
    '" autofocus onfocus="alert(1)" x="',
    "' onmouseover='alert(1)",
    '"><script>alert(1)</script>',
    "'><img src=x onerror=alert(1)>",
    "`onmouseover=alert(1)",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "{{ cycler.__init__.__globals__ }}",
    "${alert(1)}",
    "<!--",
    "--><script>alert(1)</script>",
    "<![CDATA[",
    "]]><script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\x00<script>alert(1)</script>",
    "<scr\x00ipt>alert(1)</scr\x00ipt>",
    "\ud800<script>alert(1)</script>\udfff",
    "\u202e>tpircs/<)1(trela>tpircs<\u202c",
    "＜script＞alert(1)＜/script＞",
    "<math><mtext></math><img src=x onerror=alert(1)>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "\r\n\r\n<script>alert(1)</script>",
)
"""What a document, a question or a model may say to run a script, load something or break out of its place."""


def hostile_case(words, number):
    """A question all of whose text is hostile."""
    kinds = (
        {"unanswerable": True}
        if number % 5 == 0
        else {"answers": (words,), "evidence": (Evidence(words, 2, words, 1, 9),)}
    )
    return EvalCase(f"{number} {words}", words, kind=words, **kinds)


def hostile_outcome(words, number):
    """What a system gave, all of whose text is hostile."""
    key, spans = (
        f"{number} {words}",
        tuple(Span(words, f"{words} {n}", words, words, 3, n, n + 9, 0.5, True, words) for n in range(2)),
    )
    if number % 7 == 0:
        return Outcome(key, error=words)
    told = (Statement(words, (1, 2, 9), "unsupported", 0.2, (words,)), Statement(words, (), "partly", 0.5, (words,)))
    return Outcome(
        key, words, False, words, told, spans[:1], spans, spans, told, 0.5, {words: 5.0, "total_ms": 9.0}, 1, 2, (1, 3)
    )


def hostile_run(*, first=0, name=PAYLOADS[0]):
    """A run with each payload in every field."""
    turned = (*PAYLOADS[first:], *PAYLOADS[:first])
    cases = [hostile_case(words, number) for number, words in enumerate(PAYLOADS)]
    outcomes = [
        replace(hostile_outcome(words, number), question_id=case.question_id)
        for number, (words, case) in enumerate(zip(turned, cases, strict=True))
    ]
    run = made_run(name, cases, outcomes, llm=PAYLOADS[3], prompt=PAYLOADS[50])
    about = {f"{number} {words}": {words: words} for number, words in enumerate(PAYLOADS)}
    return replace(run, about=about | {"set": PAYLOADS[3], "started": PAYLOADS[5]})
