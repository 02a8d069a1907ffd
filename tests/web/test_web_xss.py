"""Three hundred payloads in all that people, documents and models can say, in a real browser: none runs or fetches.

On the chat page (questions, quotes with their titles, names, headings and warnings, answers, drafts, refusals, errors,
the list of documents, the source panel, who is signed in), on the tab of evaluation, and in a report. A page that
writes the same text out as it is shows that the payloads do run.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote as encoded
from urllib.parse import urlsplit

import pytest
from browsing import ask, finished, serving
from entrances import entrance_in, through_proxy
from fake_evaluations import FakeEvaluations, FakeRun
from fake_service import FakeService
from fake_service import _answer as answer_of
from xss_payloads import MANY

import schema
from access.visitor import Visitor
from web.identity import Guest
from web.masthead import account

sys.path.append(str(Path(__file__).parents[1] / "eval"))  # the runs of the report's own tests
from report_runs import hostile_case, hostile_outcome, made_run

from eval.comparison.comparing import compare_runs
from eval.report import html_report

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore:.*no_silent_downcasting"),
    pytest.mark.filterwarnings("ignore:The copy keyword is deprecated"),
]
BATCH = 60
BATCHES = [MANY[start : start + BATCH] for start in range(0, len(MANY), BATCH)]
TITLES = 8
"""Documents that the opening names."""
WATCH = """
    window.said = [];
    document.addEventListener("securitypolicyviolation", (event) => said.push(event.violatedDirective));
    for (const name of ["alert", "confirm", "prompt", "open", "print"]) window[name] = () => said.push(name);
"""


class Hostile(FakeService):
    """Says what it is told to, in every field."""

    def __init__(self) -> None:
        super().__init__(pause_s=0)
        self.payloads: list[str] = []
        self.error: Exception | None = None

    def sources(self) -> list[schema.SourceInfo]:
        return [
            replace(super(Hostile, self).sources()[0], source=schema.Source("default", text, text, text, "ab" * 32))
            for text in self.payloads[:TITLES]
        ]

    def status(self) -> str:
        return (self.payloads or ["A script."])[0]

    def page_of(self, source_id: str, start: int) -> int:
        return 1

    def page(self, source_id: str, number: int) -> schema.PageView:
        text = "\n".join(self.payloads)
        path = source_id.removeprefix("default/")
        source = schema.Source("default", path, path, self.payloads[0], "ab" * 32)
        return schema.PageView(source, number, 3, True, 0, text, text, problem=text)

    def ask(self, question: str, **options: object) -> Iterator[schema.Event]:
        if self.error is not None:
            raise self.error
        quotes = tuple(quote_of(number, text) for number, text in enumerate(self.payloads, start=1))
        passages = tuple(passage_of(one) for one in quotes)
        first = self.payloads[0]
        yield schema.QuotesFound(quotes, passages, first)
        if "refuse" in question:
            yield schema.Answered(answer_of(question, "", (), (), quotes, abstained=True, reason=first))
            return
        sentences = tuple(
            schema.Sentence(text, (number,), "partly", 0.5, (text,))
            for number, text in enumerate(self.payloads, start=1)
        )
        for text in self.payloads:
            for start in range(0, len(text), 9):
                yield schema.Token(text[start : start + 9])
            yield schema.Token(" ")
        for sentence, cited in zip(sentences, quotes, strict=True):
            yield schema.SentenceChecked(sentence, (cited,))
        whole = answer_of(question, " ".join(self.payloads), sentences, quotes, quotes, passages=passages, reason=first)
        conflicts = tuple(
            schema.Conflict(text, (schema.Statement(1, text), schema.Statement(2, text))) for text in self.payloads
        )
        yield schema.Answered(replace(whole, conflicts=conflicts, dropped=sentences, searched_for=first))


def quote_of(number: int, text: str) -> schema.Quote:
    """A quote of which every part is hostile."""
    found = schema.Quote(number, f"default/{text}", text, text, 1, 0, len(text), text, 0.5, text, text, text, text)
    return replace(found, answer_start=1, answer_end=len(text) - 1)


def passage_of(found: schema.Quote) -> schema.Passage:
    """The passage that a quote is from."""
    source = schema.Source("default", found.title, found.title, found.date, "ab" * 32)
    chunk = schema.Chunk(found.source, 0, found.end, found.quote, 1, found.heading)
    passage = schema.Passage(chunk, source, 0.5, found.number, "fused", True, warning=found.warning)
    return replace(passage, also=(replace(passage, rank=99),))


@pytest.fixture(scope="module")
def service():
    return Hostile()


@pytest.fixture(scope="module")
def url(service, tmp_path_factory):
    entrance = entrance_in(tmp_path_factory.mktemp("xss"), identity="proxy", proxy_addresses=("127.0.0.1",))
    with serving(service, examples=["When?"], entrance=entrance, evaluations=hostile_evaluations()) as address:
        yield address
    entrance.close()


@pytest.fixture
def watched(browser, url):
    """Opens a page as a person of this name; at its end nothing has run, been fetched or left the page."""
    opened, strange = [], []

    def opening(address="", *, user="ada", ready=".opening"):
        context = browser.new_context(extra_http_headers=through_proxy(user))
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.add_init_script(WATCH)
        page.on("dialog", lambda dialog: (strange.append(dialog.message), dialog.dismiss()))
        page.on("popup", lambda popup: strange.append("popup"))
        page.on("pageerror", lambda error: strange.append(str(error)))
        page.on("request", lambda request: is_strange(request.url, url) and strange.append(request.url))
        page.goto(url + address)
        page.wait_for_selector(ready)
        opened.append((page, page.url))
        return page

    yield opening
    for page, address in opened:
        assert page.evaluate("[window.__x, ...(window.said || [])]") == [None]
        assert page.url == address
        page.context.close()
    assert strange == []


def is_strange(address: str, url: str) -> bool:
    """Whether an address is none that the page asks for by itself; payloads ask for ``x``, beside the page."""
    return not address.startswith((url, "data:")) or urlsplit(address).path.rsplit("/", 1)[-1] == "x"


def foreign_elements(page, inside: str) -> int:
    """Elements that no part of the page is made of."""
    found = "img, picture, a, script, iframe, svg, math, link, style, object, video, audio, marquee, base, form, input"
    return page.locator(inside).locator(found).count()


def test_there_are_three_hundred_and_each_is_another():
    assert len(MANY) == len(set(MANY)) == 300
    assert sum(map(len, BATCHES)) == 300


def test_they_run_where_a_page_writes_them_out(browser):
    """Most of all that is said below: a payload that does nothing anywhere would show nothing there."""
    page = browser.new_page()
    page.goto("about:blank")
    page.evaluate(
        """(texts) => { for (const text of texts) {
            const frame = document.createElement("iframe");
            frame.srcdoc = "<!doctype html><body>" + text;
            document.body.append(frame);
        } }""",
        MANY,
    )
    ran = "[...document.querySelectorAll('iframe')].filter((one) => one.contentWindow.__x === 1).length"
    page.wait_for_function(f"{ran} > 250", timeout=180_000)
    page.close()


@pytest.mark.parametrize("payloads", BATCHES)
def test_in_questions_quotes_answers_and_drafts(watched, service, payloads):
    service.payloads, service.error = payloads, None
    page = watched()
    ask(page, payloads[1] + payloads[2])
    finished(page)
    shown = page.locator("#current").text_content()
    assert [text for text in payloads if shown.count(text) < 9] == []  # each in nine places at least
    assert page.locator("#current .card blockquote").all_text_contents() == payloads
    assert page.locator("#current .sentence .words").all_text_contents() == payloads
    ask(page, f"refuse {payloads[3]}")
    page.wait_for_selector(".refusal")
    finished(page)
    assert page.locator("#earlier .question").text_content() == payloads[1] + payloads[2]
    assert foreign_elements(page, "#documents, #earlier, #current, #live, #notice") == 0
    page.wait_for_timeout(200)  # what was to be fetched would be asked for by now


@pytest.mark.parametrize("payloads", BATCHES)
def test_in_what_people_ask(watched, service, payloads):
    """Each as a question of its own in one conversation, and as the answer that fails for it."""
    service.payloads = payloads[:1]
    page = watched()
    for start in range(0, len(payloads), 6):
        service.error = schema.FootnoteError("\n".join(payloads[start : start + 6]))
        ask(page, " ".join(payloads[start : start + 6]))
        page.wait_for_function(
            "(words) => document.querySelector('#current .question')?.textContent === words",
            arg=" ".join(payloads[start : start + 6]),
        )
        finished(page)
        shown = page.locator("#current .notice.failed").inner_text()
        assert [text for text in payloads[start : start + 6] if text not in shown] == []
    service.error = None
    assert foreign_elements(page, "#earlier, #current, #live, #notice") == 0


def test_in_the_list_of_documents(watched, service):
    service.error = None
    fives = [" ".join(MANY[start : start + 5]) for start in range(0, len(MANY), 5)]
    for start in range(0, len(fives), TITLES):
        service.payloads = fives[start : start + TITLES]
        page = watched(user=MANY[start])
        titles = " ".join(page.locator(".titles li").all_text_contents())
        assert [text for text in service.payloads if text not in titles] == []
        assert page.locator(".account .who").text_content() == MANY[start]
        assert page.locator(".models").text_content() == service.payloads[0]
        assert foreign_elements(page, "#documents, .account") == 0
        page.wait_for_timeout(50)


def test_in_the_name_of_the_person(watched, service):
    service.payloads, service.error = MANY[:1], None
    page = watched()
    heads = "".join(account(Guest(Visitor(user="x"), name=text, can_sign_out=True)) for text in MANY)
    page.evaluate("(heads) => { document.querySelector('#documents').innerHTML = heads; }", heads)
    assert page.locator("#documents .who").all_text_contents() == MANY
    page.wait_for_timeout(300)


@pytest.mark.parametrize("payloads", BATCHES)
def test_in_the_page_that_a_footnote_opens(watched, service, payloads):
    service.payloads, service.error = payloads, None
    page = watched()
    ask(page, "When?")
    finished(page)
    marks = page.locator("#current .mark")
    for number in range(0, len(payloads), 3):
        marks.nth(number).click()
        page.wait_for_function(
            "(words) => document.querySelector('#source-title').textContent === words", arg=payloads[number]
        )
        assert page.locator(".source-path").text_content() == f"default/{payloads[number]}"
        page.keyboard.press("Escape")
    marks.first.click()
    page.wait_for_selector(".source-text mark")
    assert page.locator(".source-text").text_content() == "\n".join(payloads)
    assert foreign_elements(page, "#source-panel") == 0


def test_an_address_of_a_documents_page_is_no_page_of_the_browser(watched, service):
    """Opened by itself, what a document says is JSON."""
    service.payloads, service.error = MANY, None
    for text in MANY[::15]:
        page = watched(f"api/v1/sources/{encoded(f'default/{text}')}/pages/1", ready="pre")
        assert page.evaluate("document.contentType") == "application/json"


# Evaluation


def hostile_evaluations():
    """Runs whose names of question sets, figures and messages are hostile, each another, and the reports on them."""
    states = ("finished", "unfinished", "broken")
    rows = [
        FakeRun(f"run-{number}", text, 1, 2, text, states[number % 3], {text: text} if number < 30 else {}, None, text)
        for number, text in enumerate(MANY)
    ]
    evaluations = FakeEvaluations(*rows, sets=MANY)
    cases = [hostile_case(text, number) for number, text in enumerate(MANY)]
    runs = [
        made_run(
            MANY[first],
            cases,
            [
                replace(hostile_outcome(MANY[(number + first) % len(MANY)], number), question_id=case.question_id)
                for number, case in enumerate(cases)
            ],
            llm=MANY[3],
            prompt=MANY[4],
        )
        for first in (0, 20)
    ]
    found = replace(compare_runs(*runs), notices=MANY, only_in_a=MANY, name_a=MANY[7], name_b=MANY[9])
    evaluations.report = lambda name: html_report(runs[:1])
    evaluations.comparison = lambda a, b, shared=False: html_report(runs, found)
    return evaluations


def test_in_the_list_of_runs(browser, tmp_path, watched):
    page = watched("runs", user="ada", ready="table")
    shown = page.locator("main").text_content()
    assert [text for text in MANY if text not in shown] == []
    assert page.locator("option").all_text_contents() == MANY
    assert (
        page.locator("main").locator("img, picture, script, iframe, svg, math, link, style, object, video").count() == 0
    )


@pytest.mark.parametrize("address", ["runs/run-0", "runs/run-0/against/run-3"])
def test_in_a_report(watched, address):
    page = watched(address, ready="#list")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    shown = page.locator("body").text_content()
    assert [text for text in MANY if shown.count(text) < 3] == []
    assert page.locator("img, picture, iframe, math, object, video, audio, marquee, base").count() == 0
    assert page.locator("script").count() == 1
