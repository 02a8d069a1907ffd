"""For everybody: the keyboard alone, screen readers (axe-core), phones, dark rooms, right to left, less motion."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import still
from fake_service import COVERS, SENTENCES
from widget_pages import ELEMENT, ask, finished, inline, launcher, opened, words

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
BODY = "<main><h1>A page</h1><p>Words of the host.</p></main>"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page):
    """What axe-core finds, each with the place."""
    still(page)  # colours are measured when nothing moves
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


MODES = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": PHONE},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
    "rtl": {"rtl": True},
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("form", ["launcher", "inline"])
def test_axe_finds_nothing_in_any_state(site, open_page, mode, form):
    settings = dict(MODES[mode])
    rtl = settings.pop("rtl", False)
    site.session = {"questions": ["When was it published?"]}
    address = launcher(site, body=BODY) if form == "launcher" else inline(site)
    if rtl:
        html, headers = site.pages[f"/{form}"]
        site.pages[f"/{form}"] = (html.replace('<html lang="en">', '<html lang="ar" dir="rtl">'), headers)
    page = open_page(address, **settings)
    if form == "launcher":
        page.locator(".launcher").wait_for()
        assert violations(page) == []
        opened(page)
    page.locator(".suggested button").wait_for()
    assert violations(page) == []
    ask(page, "And in Wales?")  # everything that may stand beside a quote
    finished(page)
    page.locator("summary").first.click()
    ask(page, "held, when?")
    page.locator(".exchange:last-child .sentence").first.wait_for()
    assert violations(page) == []
    page.get_by_role("button", name="Stop").click()
    ask(page, "What did it cost?")
    finished(page)
    ask(page, "When?")
    finished(page)
    page.locator(".exchange:last-child .rating .down").click()
    assert violations(page) == []
    page.locator(".exchange:last-child .answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert violations(page) == []


def focused(page):
    """The accessible name, or else the text, of what has the focus inside the widget."""
    return page.evaluate("""() => {
        const node = document.querySelector("footnote-widget").shadowRoot.activeElement;
        return node && (node.getAttribute("aria-label") || node.textContent);
    }""")


def test_everything_is_reached_and_left_with_the_keyboard_alone(site, open_page):
    page = open_page(launcher(site, body='<a href="#x">Link</a>'))
    page.locator(".launcher").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert focused(page) == "Ask the documents"
    page.keyboard.press("Enter")
    assert focused(page) == "Ask a question"
    page.keyboard.type("When")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("was it?")
    assert page.locator(".composer textarea").input_value() == "When\nwas it?"
    page.keyboard.press("Enter")
    finished(page)
    assert focused(page) == "Ask a question"
    for _ in range(40):
        page.keyboard.press("Shift+Tab")
        if (focused(page) or "").startswith("Footnote 2: Genomics"):
            break
    assert focused(page) == "Footnote 2: Genomics briefing · 14 October 2022 · page 2"
    page.keyboard.press("Enter")
    page.locator(".around mark").wait_for()
    assert words(page, ".around mark") == [COVERS]
    assert focused(page) == "Genomics briefing"
    seen = []
    for key in ["Tab"] * 3 + ["Shift+Tab"] * 5:
        page.keyboard.press(key)
        seen.append(focused(page))
    inside = ["Quote", "In the document"]  # what is covered can't be reached, either way
    before = ["Back to the conversation", "Close", "New conversation"]
    assert seen == [*inside, "Ask the documents", *reversed(inside), *before]
    page.keyboard.press("Escape")
    assert page.locator(".source").is_hidden()
    assert page.locator(".panel").is_visible()
    assert focused(page).startswith("Footnote 2: Genomics")
    page.keyboard.press("Escape")
    assert page.locator(".panel").is_hidden()
    assert focused(page) == "Ask the documents"


def test_stop_is_reached_with_the_keyboard_and_the_focus_comes_back(site, open_page):
    page = opened(open_page(launcher(site)))
    ask(page, "held, when?")
    page.locator(".sentence").first.wait_for()
    page.keyboard.press("Tab")
    assert focused(page) == "Stop"
    page.keyboard.press("Enter")
    finished(page)
    assert focused(page) == "Ask a question"


def test_escape_in_the_middle_of_composing_a_character_closes_nothing(site, open_page):
    page = opened(open_page(launcher(site)))
    page.locator(".composer textarea").evaluate("""(node) => {
        for (const key of ["Escape", "Enter"])
            node.dispatchEvent(new KeyboardEvent("keydown", {key, isComposing: true, bubbles: true, composed: true}));
    }""")
    assert page.locator(".panel").is_visible()
    assert page.locator(".exchange").count() == 0


def test_the_status_speaks_in_sentences_and_not_with_every_token(site, open_page):
    page = opened(open_page(launcher(site)))
    page.locator('.panel > [role="status"]').evaluate("""(node) => {
        window.spoken = [];
        const watch = new MutationObserver(() => spoken.push(node.textContent));
        watch.observe(node, {childList: true, characterData: true, subtree: true});
    }""")
    ask(page, "held, when?")
    page.locator(".sentence").first.wait_for()  # or all that is said could come, and be said, at once
    site.service.go_on.set()
    finished(page)
    site.service.go_on.clear()
    spoken = [line for line in page.evaluate("spoken") if line]
    assert spoken == [
        "Searching the documents …",
        "Quotes found: 3. Writing the answer.",
        "Answer ready. Sentences: 3. Footnotes: 2.",
    ]
    live = page.locator("[aria-live]:not([aria-live=off]), [role=status], [role=alert]")
    assert set(live.evaluate_all("(nodes) => nodes.map((node) => node.getAttribute('role'))")) == {"status"}
    assert page.locator("[role=log]").get_attribute("aria-live") == "off"


def test_on_a_phone_it_is_a_sheet_over_everything_and_keeps_the_focus(site, open_page):
    page = opened(open_page(launcher(site, body='<a href="#x">Link</a>'), viewport=PHONE, reduced_motion="reduce"))
    assert page.locator(".panel").bounding_box() == {"x": 0, "y": 0, **PHONE}
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.localName") != "a"
    ask(page, "When?")
    finished(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    assert page.locator(".log").evaluate("(node) => node.scrollWidth <= node.clientWidth")
    page.locator(".answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert page.locator(".source").bounding_box()["width"] == PHONE["width"]
    page.keyboard.press("Escape")
    assert page.locator(".panel").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".panel").is_hidden()


def test_from_right_to_left_everything_changes_sides(site, open_page):
    address = launcher(site, body='<div dir="rtl"></div>')
    page = open_page(address)
    left_to_right = page.locator(".launcher").bounding_box()["x"]
    page.evaluate("document.documentElement.dir = 'rtl'")
    right_to_left = page.locator(".launcher").bounding_box()["x"]
    assert right_to_left == pytest.approx(20, abs=1)
    assert left_to_right > 900
    opened(page)
    assert page.locator(".panel").bounding_box()["x"] == pytest.approx(20, abs=1)
    places = ".head h2", ".head .icon:visible", ".composer textarea", ".go:visible"
    boxes = [page.locator(one).bounding_box()["x"] for one in places]
    assert boxes[0] > boxes[1]
    assert boxes[2] > boxes[3]
    ask(page, "When?")
    finished(page)
    assert page.locator(".answer").evaluate("(node) => getComputedStyle(node).direction") == "ltr"
    page.locator(".answer .mark").first.click()
    arrow = page.locator(".source .icon svg")
    assert arrow.evaluate("(node) => getComputedStyle(node).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    page.evaluate("document.documentElement.dir = 'ltr'")
    assert arrow.evaluate("(node) => getComputedStyle(node).transform") == "none"


def test_the_attribute_dir_turns_one_widget(site, open_page):
    tag = 'data-dir="rtl" data-theme="dark" data-token-url'
    page = open_page(
        site.add(
            "/one",
            "<p>Words.</p>",
            head=(f'<script src="{site.server}/widget.js" data-embed="hr" {tag}="/footnote-token" defer></script>'),
        )
    )
    assert page.locator(".launcher").bounding_box()["x"] == pytest.approx(20, abs=1)
    opened(page)
    assert page.locator(".panel").evaluate("(node) => getComputedStyle(node).backgroundColor") == "rgb(29, 28, 27)"
    assert page.evaluate("getComputedStyle(document.body).direction") == "ltr"


def test_colours_follow_the_visitors_scheme_unless_the_page_says_which(site, open_page):
    grounds = []
    for scheme, theme in (("light", ""), ("dark", ""), ("dark", "light"), ("light", "dark")):
        element = ELEMENT.replace("<footnote-widget", f'<footnote-widget theme="{theme}"')
        page = open_page(inline(site, element=element), color_scheme=scheme)
        grounds.append(page.locator(".panel").evaluate("(node) => getComputedStyle(node).backgroundColor"))
    light, dark = "rgb(255, 255, 255)", "rgb(29, 28, 27)"
    assert grounds == [light, dark, light, dark]


def test_nothing_moves_for_those_who_asked_for_less_motion(site, open_page):
    names = []
    for motion in ("no-preference", "reduce"):
        page = opened(open_page(launcher(site), reduced_motion=motion))
        names.append(page.locator(".panel").evaluate("(node) => getComputedStyle(node).animationName"))
    assert names == ["rise", "none"]


def test_every_control_is_large_enough_to_hit(site, open_page):
    page = opened(open_page(launcher(site)))
    ask(page, "When?")
    finished(page)
    page.locator("summary").first.click()
    page.locator(".rating .down").click()
    sizes = page.locator("footnote-widget").locator("button:visible, textarea:visible, summary:visible")
    boxes = sizes.evaluate_all("(nodes) => nodes.map((node) => [node.className, node.offsetWidth, node.offsetHeight])")
    assert len(boxes) > 12
    assert [box for box in boxes if min(box[1:]) < 24] == []


def test_words_of_documents_say_nothing_of_their_language_and_ours_do(site, open_page):
    page = opened(open_page(launcher(site)))
    ask(page, "When?")
    finished(page)
    assert page.locator(".root").get_attribute("lang") == "en-GB"
    assert {
        page.locator(one).first.get_attribute("lang") for one in (".question", ".answer", "blockquote", "cite")
    } == {""}
    assert words(page, ".sentence .words") == [sentence.text for sentence in SENTENCES]


def test_dates_are_written_in_the_language_of_the_texts(site, open_page):
    site.session = {"texts": {"lang": "de", "page": "Seite {number}", "footnote": "Fußnote {number}"}}
    page = opened(open_page(launcher(site)))
    page.locator('.root[lang="de"]').wait_for(state="attached")
    ask(page, "When?")
    finished(page)
    assert page.locator(".card .where").first.text_content() == "Genomics briefing · 14. Oktober 2022 · Seite 2"
    assert page.locator(".answer .mark").first.get_attribute("aria-label").startswith("Fußnote 1: Genomics briefing")
