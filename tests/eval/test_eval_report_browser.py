"""The report in a real Chromium, opened from a folder: keyboard, phone, filter, links, and payloads that stay words."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from report_runs import FIRST, PAYLOADS, SECOND, hostile_run, many_questions, sample_run

from eval.comparison.comparing import compare_runs
from eval.report import html_report

sys.path.append(str(Path(__file__).parents[1] / "web"))
from browsing import browsing

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with browsing() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    one, two = sample_run(endings=FIRST), sample_run("without reranker", endings=SECOND)
    bad = [hostile_run(), hostile_run(first=20, name=PAYLOADS[6])]
    found = replace(compare_runs(*bad), notices=PAYLOADS, only_in_a=PAYLOADS, name_a=PAYLOADS[7], name_b=PAYLOADS[9])
    pages = {
        "one": html_report([one]),
        "two": html_report([one, two], compare_runs(one, two)),
        "hostile": html_report(bad, found),
        "many": html_report([many_questions(1000)]),
    }
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, "utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in pages}


@pytest.fixture
def visit(browser, addresses):
    """Opens a report and notes all that a page may do behind one's back."""
    opened = []

    def visit(name, *, hash_="", javascript=True, **options):
        context = browser.new_context(java_script_enabled=javascript, **options)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.on("dialog", lambda dialog: (page.said.append(dialog.message), dialog.dismiss()))
        page.goto(addresses[name] + hash_)
        opened.append((page, context, addresses[name]))
        return page

    yield visit
    for page, context, address in opened:
        assert {url.split("#")[0] for url in page.asked} == {address}
        assert page.said == []
        context.close()


def shown(page):
    return page.eval_on_selector_all("#list > details:not([hidden])", "all => all.map(one => one.id)")


def overflow(page):
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_a_report_opens_from_a_folder_and_asks_for_nothing_else(visit):
    page = visit("two")
    assert page.title() == "Evaluation of with reranker and without reranker"
    assert page.locator("h1").inner_text() == "without reranker against with reranker"
    assert page.locator("#filter").is_visible()
    assert len(page.asked) == 1
    assert page.evaluate("getComputedStyle(document.querySelector('.tiles')).display") == "grid"


def test_payloads_in_every_field_stay_words(visit):
    page = visit("hostile")
    page.click("#f-open")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.fill("#f-text", "{{ cycler.__init__")
    assert len(shown(page)) == 2  # as a question in one run and an answer in the other
    page.fill("#f-text", "")
    assert (
        page.locator("img, iframe, object, embed, video, audio, math, base, textarea, form:not(#filter)").count() == 0
    )
    assert page.locator("script").count() == page.locator("style").count() == 1
    assert (
        page.eval_on_selector_all("a", "all => all.filter((one) => !one.getAttribute('href').startsWith('#')).length")
        == 0
    )
    for target in page.locator(".q > summary").all()[:20]:
        target.hover()
    page.wait_for_timeout(200)
    assert page.evaluate("location.href").startswith("file:")


def test_everything_is_reached_by_keyboard(visit):
    page = visit("one")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "f-stage":
            break
    assert page.evaluate("document.activeElement.id") == "f-stage"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.type("Should")
    assert shown(page) == ["q-budget", "q-test-price", "q-tests-a-year"]
    page.keyboard.press("Tab")
    page.keyboard.type("genomic test cost")
    assert shown(page) == ["q-test-price"]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "f-open"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.parentElement.id") == "q-test-price"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"
    page.keyboard.press("Enter")
    assert page.locator("#q-test-price .body").is_visible()
    assert page.locator("#q-budget").is_hidden()


def test_the_filter_counts_what_it_shows_and_can_be_cleared(visit):
    page = visit("two")
    assert page.inner_text("#f-count") == "60 questions"
    for value in page.eval_on_selector_all("#f-stage option", "all => all.map((one) => one.value)"):
        page.select_option("#f-stage", value)
        count = page.eval_on_selector(
            f"#f-stage option[value='{value}']", "one => one.textContent.match(/\\((\\d+)\\)/)[1]"
        )
        assert len(shown(page)) == int(count), value
    page.select_option("#f-stage", "wrong")
    assert set(shown(page)) == {f"q-{key}" for key in FIRST | SECOND}
    page.check("#f-changed")
    assert set(shown(page)) == {f"q-{key}" for key in set(FIRST) ^ set(SECOND)}
    assert page.inner_text("#f-count") == "8 of 60 questions"
    page.fill("#f-text", "no such words anywhere")
    assert shown(page) == []
    page.click("#f-clear")
    assert page.inner_text("#f-count") == "60 questions"
    assert page.locator("#nothing").is_hidden()
    page.fill("#f-text", "  AMANDA   healthcare ")
    assert "q-next-big-step" in shown(page)
    page.click("#f-open")
    assert page.locator("#list > details[open]").count() == len(shown(page)) < 60


def test_a_link_opens_its_question_and_a_footnote_its_words(visit):
    page = visit("one", hash_="#q-third-area")
    assert page.locator("#q-third-area .body").is_visible()
    assert page.locator("#list > details[open]").count() == 1
    page.select_option("#f-stage", "right")
    page.evaluate("location.hash = '#q-vision'")
    page.wait_for_selector("#q-vision[open]")
    assert page.locator("#q-vision .body").is_visible()
    page.click("#q-vision sup a")
    assert page.evaluate("document.querySelector(':target').textContent").startswith("genomics becomes accessible")


def test_a_link_to_a_question_with_a_hostile_id_opens_it(visit):
    page = visit("hostile")
    for link in page.eval_on_selector_all("#list > details dl a", "all => all.map((one) => one.getAttribute('href'))")[
        :12
    ]:
        page.evaluate("link => { location.hash = link; }", link)
        page.wait_for_function("link => document.getElementById(link.slice(1)).open", arg=link)


@pytest.mark.parametrize("width", [390, 320])
@pytest.mark.parametrize("name", ["one", "two", "hostile"])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(visit, name, width):
    page = visit(name, viewport={"width": width, "height": 844})
    assert overflow(page) <= 0
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert overflow(page) <= 0
    assert page.locator("#filter").is_visible()


def test_without_script_everything_can_be_read(visit):
    page = visit("one", javascript=False)
    assert page.locator("#filter").is_hidden()
    page.locator("#q-third-area > summary").click()
    assert page.get_by_text("The retrieved passages hold the evidence, but no quote does.").first.is_visible()


def test_a_dark_system_gets_a_dark_page_and_paper_a_light_one(visit):
    background = "getComputedStyle(document.body).backgroundColor"
    page = visit("one", color_scheme="dark")
    assert page.evaluate(background) == "rgb(25, 24, 23)"
    page.emulate_media(media="print")
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    assert page.locator("#filter").is_hidden()


def test_a_thousand_questions_are_filtered_as_one_types(visit):
    page = visit("many")
    page.fill("#f-text", "question-77")
    assert page.inner_text("#f-count") == "11 of 1000 questions"
    assert len(shown(page)) == 11
    page.fill("#f-text", "")
    assert len(shown(page)) == 1000
