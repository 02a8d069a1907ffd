"""Pages that are strict, sandboxed, crowded or hostile: the widget works in them or says in one line why not."""

import hashlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsing import CHROMIUM, FLAGS, still
from fake_service import PUBLISHED, SENTENCES
from widget_pages import ELEMENT, TAG, ask, finished, inline, launcher, opened, words
from widget_server import SCRIPT as FILE
from widget_server import integrity_of

pytestmark = pytest.mark.browser

VIOLATIONS = """
    window.violations = [];
    const note = (event) => violations.push(event.violatedDirective + " " + event.blockedURI);
    document.addEventListener("securitypolicyviolation", note);
"""
SERVED = [sentence.text for sentence in SENTENCES]


def use(page):
    """Ask, read a footnote, close it: what a visitor does."""
    ask(page, "When?")
    finished(page)
    assert words(page, ".exchange:last-child .sentence .words") == SERVED
    page.locator(".exchange:last-child .answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert words(page, ".around mark") == [PUBLISHED]
    page.keyboard.press("Escape")
    assert page.locator(".source").is_hidden()


def strict(site):
    return {
        "content-security-policy": f"default-src 'none'; script-src 'self' {site.server}; connect-src 'self' "
        f"{site.server}; require-trusted-types-for 'script'; trusted-types 'none'; base-uri 'none'; form-action 'none'",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "permissions-policy": "clipboard-write=(), fullscreen=()",
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }


def test_it_works_and_is_dressed_under_a_policy_that_allows_its_script_and_its_server_only(site, open_page):
    site.session = {"colours": {"accent": "#aa0055"}}
    page = opened(open_page(launcher(site, headers=strict(site)), before=VIOLATIONS))
    use(page)
    assert page.locator(".go:visible").evaluate("(node) => getComputedStyle(node).backgroundColor") == "rgb(170, 0, 85)"
    assert page.locator("dialog.panel").evaluate("(node) => getComputedStyle(node).position") == "fixed"
    assert page.evaluate("() => violations") == []


def test_it_works_inline_under_the_same_policy(site, open_page):
    page = open_page(inline(site, headers=strict(site)), before=VIOLATIONS)
    use(page)
    assert page.evaluate("() => violations") == []


@pytest.mark.parametrize("blocked", [True, False])
def test_it_works_with_and_without_third_party_cookies(site, browser, tmp_path, blocked):
    preferences = tmp_path / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    modes = {"cookie_controls_mode": int(blocked), "block_third_party_cookies": blocked}
    preferences.write_text(json.dumps({"profile": modes}))
    path = CHROMIUM if Path(CHROMIUM).exists() else None
    context = browser.browser_type.launch_persistent_context(tmp_path, executable_path=path, args=list(FLAGS))
    try:
        page = context.new_page()
        page.goto(launcher(site))
        cookie = f"fetch('{site.server}/cookie', {{mode: 'no-cors', credentials: 'include'}})"
        page.evaluate(f"{cookie}.then(() => {cookie})")
        seen = [headers.get("cookie") for _, path, headers in site.requests if path == "/cookie"]
        assert seen == [None, None if blocked else "third=1"]  # the browser does what this test is about
        opened(page)
        use(page)
        assert page.evaluate("document.cookie") == "signed-in=ada"
        ours = [headers for _, path, headers in site.requests if path.startswith("/api/")]
        assert all("cookie" not in headers for headers in ours)
    finally:
        context.close()


BREAK = """() => setTimeout(() => {
  const broken = () => { throw new Error("broken by the page"); };
  for (const name of ["map", "filter", "forEach", "push", "join", "slice", "concat", "indexOf", "splice", "includes"])
    Array.prototype[name] = broken;
  Array.prototype.toJSON = Object.prototype.toJSON = String.prototype.toJSON = () => "broken";
  for (const name of ["slice", "indexOf", "split", "trim", "replace", "codePointAt", "toUpperCase", Symbol.iterator])
    String.prototype[name] = broken;
  for (const name of ["getReader", "pipeThrough"]) ReadableStream.prototype[name] = broken;
  ReadableStreamDefaultReader.prototype.read = broken;
  for (const name of ["json", "text"]) Response.prototype[name] = broken;
  for (const name of ["createElement", "createTextNode", "createElementNS"]) Document.prototype[name] = broken;
  for (const name of ["appendChild", "replaceChild", "insertBefore"]) Node.prototype[name] = broken;
  for (const name of ["append", "replaceChildren", "setAttribute", "getAttribute", "remove"])
    Element.prototype[name] = broken;
  EventTarget.prototype.addEventListener = HTMLElement.prototype.focus = Headers.prototype.get = broken;
  Function.prototype.call = Function.prototype.apply = Function.prototype.bind = broken;
  Promise.prototype.then = Promise.prototype.catch = broken;
  Object.keys = Object.assign = Reflect.apply = JSON.parse = JSON.stringify = Math.min = Math.max = Date.now = broken;
  for (const name of ["fetch", "TextDecoder", "AbortController", "URL", "JSON", "Promise", "Intl",
                      "encodeURIComponent", "setTimeout", "matchMedia", "CSSStyleSheet", "customElements"]) {
    Object.defineProperty(window, name, {value: broken, configurable: true, writable: true});
  }
  Object.prototype.mode = "no-cors"; Object.prototype.method = "DELETE"; Object.prototype.stream = false;
  Array.prototype[Symbol.iterator] = broken; // last, since this page iterates as well
  document.documentElement.className = "broken";
})"""


def test_a_page_that_replaces_what_the_browser_offers_does_not_break_it(site, open_page):
    page = opened(open_page(launcher(site)))
    page.locator(".greeting").wait_for()
    page.evaluate(BREAK)
    page.locator("html.broken").wait_for()
    ask(page, "held, when?")
    page.locator(".sentence").first.wait_for()
    page.locator(".composer .stop").click()
    finished(page)
    ask(page, "When?")
    finished(page)
    sentences = page.locator(".exchange:last-child .sentence .words")
    assert [sentences.nth(place).text_content() for place in range(3)] == SERVED
    page.locator(".exchange:last-child .answer .mark").first.click()
    page.locator(".around mark").wait_for()
    assert page.locator(".around mark").text_content() == PUBLISHED
    page.locator(".source .top button").click()
    page.locator(".exchange:last-child .rating .down").click()
    page.locator(".exchange:last-child .wrong button").first.click()
    page.locator(".exchange:last-child .wrong button", has_text="Send").click()
    page.locator(".exchange:last-child .rating", has_text="Recorded.").wait_for()
    assert site.feedback_bodies[0]["wrong_citations"] == [1]
    assert site.asked[1]["question"] == "When?"


def test_a_page_that_replaced_them_before_still_gets_its_widget(site, open_page):
    """As old libraries do: more methods on arrays that for-in sees, and toJSON on everything."""
    before = """
        Array.prototype.toJSON = Object.prototype.toJSON = String.prototype.toJSON = function () { return "broken"; };
        Array.prototype.first = function () { return this[0]; };
        Object.prototype.extend = function () {};
    """
    page = open_page(launcher(site), before=before)
    sent = []
    page.on("request", lambda request: sent.append((urlsplit(request.url).path, request.post_data)))
    opened(page)
    use(page)
    assert ("/footnote-token", '{"embed":"hr"}') in sent
    assert ("/api/v1/ask", '{"question":"When?","history":[]}') in sent


HOSTILE_CSS = """
<style>
body * { display: none !important; visibility: hidden !important; opacity: 0 !important; color: red !important;
  font: 40px/3 fantasy !important; letter-spacing: 9px !important; text-transform: uppercase !important; }
.root, .panel, .launcher, .card, mark, button, dialog { display: none !important; background-color: red !important; }
html { font-size: 5px !important; }
body { visibility: hidden; cursor: none; text-align: end; white-space: pre; word-break: break-all; }
:root { --accent: red; --ground: red; --ink: red; --soft: red; }
</style>"""


def look(page, selector):
    """What a visitor sees of the first element, as far as styles go."""
    return page.locator(selector).first.evaluate("""(node) => {
        const style = getComputedStyle(node);
        const names = ["color", "backgroundColor", "fontFamily", "fontSize", "lineHeight", "letterSpacing", "opacity",
                       "textTransform", "visibility", "display", "cursor", "textAlign", "whiteSpace", "wordBreak"];
        return names.map((name) => style[name]).join(" | ");
    }""")


LOOKED_AT = ".launcher", ".panel", ".words", ".card", ".answer .mark", ".go", "h2", "textarea"


def test_styles_of_the_page_do_not_reach_in(site, open_page):
    looks = []
    for css in ("", HOSTILE_CSS):
        page = opened(open_page(launcher(site, head=css)))
        ask(page, "When?")
        finished(page)
        still(page)  # the panel is opaque when it has risen
        assert page.locator(".launcher").is_visible()
        looks.append([look(page, one) for one in LOOKED_AT])
    assert looks[0] == looks[1]


def test_styles_of_the_widget_do_not_reach_out_and_it_leaves_no_names_behind(site, open_page):
    bare = (
        '<p id=prose class="card">Words.</p><button class="launcher mark">B</button><div class="panel root">D</div>'
        "<mark>m</mark>"
    )
    page = open_page(site.add("/bare", bare))
    before = [look(page, one) for one in ("#prose", "button", "div", "mark")]
    names = page.evaluate("Object.getOwnPropertyNames(window).sort()")
    page.goto(launcher(site, body=bare))
    opened(page)
    use(page)
    assert [look(page, one) for one in ("#prose", "body > button", "body > div", "body > mark")] == before
    assert page.evaluate("Object.getOwnPropertyNames(window).sort()") == names
    assert page.evaluate("document.adoptedStyleSheets.length + document.styleSheets.length") == 0
    assert page.evaluate("[...document.body.children].map((one) => one.localName)") == [
        "p", "button", "div", "mark", "footnote-widget"
    ]  # fmt: skip


def test_a_page_can_colour_it(site, open_page):
    site.session = {"colours": {"accent": "#0000ff", "background": "#ffffee"}}
    css = "<style>:root { --footnote-accent: rgb(1, 2, 3); --footnote-radius: 3px; --footnote-font: monospace }</style>"
    page = open_page(inline(site, head=css))
    use(page)
    assert page.locator(".go:visible").evaluate("(node) => getComputedStyle(node).backgroundColor") == "rgb(1, 2, 3)"
    assert page.locator(".panel").evaluate("(node) => getComputedStyle(node).backgroundColor") == "rgb(255, 255, 238)"
    assert page.locator(".panel").evaluate("(node) => getComputedStyle(node).borderTopLeftRadius") == "3px"
    assert page.locator(".words").first.evaluate("(node) => getComputedStyle(node).fontFamily") == "monospace"


def test_two_widgets_on_a_page_keep_their_own_conversations_and_tokens(site, open_page):
    body = (
        '<main><footnote-widget id="one" embed="hr" token-url="/footnote-token" mode="inline"></footnote-widget>'
        '<footnote-widget id="two" embed="it" token-url="/footnote-token" mode="inline"></footnote-widget></main>'
    )
    page = open_page(inline(site, body=body))
    for name, question in (("one", "First?"), ("two", "Second?")):
        box = page.locator(f"#{name} .composer textarea")
        box.fill(question)
        box.press("Enter")
    for name, question in (("one", "First?"), ("two", "Second?")):
        page.locator(f'#{name} .exchange[aria-busy="false"]').wait_for()
        assert words(page, f"#{name} .question") == [question]
        assert words(page, f"#{name} .sentence .words") == SERVED
    page.locator("#one .answer .mark").first.click()
    page.locator("#one .around mark").wait_for()
    assert page.locator("#two .source").is_hidden()
    asks = [headers for _, path, headers in site.requests if path == "/api/v1/ask" and "authorization" in headers]
    assert len({headers["authorization"] for headers in asks}) == 2


def test_the_script_twice_makes_one_launcher_and_another_embed_makes_another(site, open_page):
    tag = TAG.format(server=site.server)
    page = open_page(launcher(site, head=tag + tag.replace("widget.js", "widget.js?again")))
    page.locator(".launcher").wait_for()
    assert page.locator("footnote-widget").count() == 1
    other = tag.replace('"hr"', '"it" data-corner="start"')
    page.goto(launcher(site, head=tag + other))
    page.locator(".launcher").nth(1).wait_for()
    assert page.locator("footnote-widget").count() == 2
    left, right = (page.locator(f'[embed="{name}"] .launcher').bounding_box()["x"] for name in ("it", "hr"))
    assert left < 100
    assert right > 700


def test_a_script_tag_in_the_head_without_defer_waits_for_the_page(site, open_page):
    page = open_page(site.add("/early", "<p>Words.</p>", head=TAG.format(server=site.server).replace(" defer", "")))
    opened(page)
    use(page)


def pinned(site, digest):
    version = hashlib.sha256(FILE.read_bytes()).hexdigest()[:12]
    return (
        f'<script src="{site.server}/widget.{version}.js" integrity="{digest}" crossorigin="anonymous" '
        'data-embed="hr" data-token-url="/footnote-token" defer></script>'
    )


def test_a_script_pinned_by_its_hash_runs(site, open_page):
    page = open_page(site.add("/pinned", "<p>Words.</p>", head=pinned(site, integrity_of(FILE.read_bytes()))))
    opened(page)
    use(page)


def test_a_script_that_is_not_what_was_pinned_does_not_run_and_the_page_is_as_before(site, open_page):
    lines = []
    address = site.add("/mismatch", "<p>Words.</p>", head=pinned(site, integrity_of(FILE.read_bytes() + b" ")))
    page = open_page("about:blank", expected=("integrity",))
    page.on("console", lambda line: lines.append(line.text))
    page.goto(address, wait_until="load")
    assert page.locator("footnote-widget").count() == 0
    assert page.evaluate("customElements.get('footnote-widget') === undefined")
    assert len(lines) == 1


def framed(site, sandbox):
    inner = launcher(site, path="/inner")
    return site.add(
        "/outer", f'<iframe title="Inner" src="{inner}" sandbox="{sandbox}" width="600" height="700"></iframe>'
    )


def test_in_a_sandboxed_frame_of_its_own_origin_it_works(site, open_page):
    page = open_page(framed(site, "allow-scripts allow-same-origin"))
    frame = page.frame_locator("iframe")
    frame.locator(".launcher").click()
    frame.locator(".composer textarea").fill("When?")
    frame.locator(".composer textarea").press("Enter")
    frame.locator('.exchange[aria-busy="false"]').wait_for()
    assert frame.locator(".sentence .words").all_text_contents() == SERVED


def test_in_a_sandboxed_frame_without_an_origin_it_says_why_not_in_one_line(site, open_page):
    lines = []
    page = open_page("about:blank", expected=("Footnote: ",))
    page.on("console", lambda line: lines.append(line.text))
    page.goto(framed(site, "allow-scripts"))
    frame = page.frame_locator("iframe")
    frame.locator(".launcher").click()
    frame.locator(".opening .failed", has_text="This assistant is not set up yet.").wait_for()
    [line] = lines
    assert line.startswith("Footnote: this page has no origin of its own (a sandboxed frame without allow-same-origin")
    assert site.paths() == []


def test_it_listens_to_no_messages_and_sends_none(site, open_page):
    before = """
        window.types = [];
        const add = EventTarget.prototype.addEventListener;
        EventTarget.prototype.addEventListener = function (type, ...rest) {
            if (new Error().stack.includes("/widget.js")) types.push(type); // not what the test's own tools do
            return add.call(this, type, ...rest);
        };
        window.postMessage = () => types.push("postMessage");
    """
    page = opened(open_page(launcher(site), before=before))
    use(page)
    types = set(page.evaluate("types"))
    assert "keydown" in types  # it was watched
    assert types <= {"click", "keydown", "keypress", "keyup", "cancel", "close", "DOMContentLoaded"}
    page.evaluate("""() => {
        const data = {type: "ask", question: "Sent?"};
        for (let n = 0; n < 1000; n += 1) dispatchEvent(new MessageEvent("message", {data, origin}));
    }""")
    assert page.locator(".exchange").count() == 1
    assert page.evaluate("window.onmessage") is None


def test_keys_typed_into_it_are_no_shortcuts_of_the_page(site, open_page):
    before = "window.keys = []; addEventListener('keydown', (event) => keys.push(event.key))"
    page = opened(open_page(launcher(site), before=before))
    page.locator(".composer textarea").press_sequentially("a/?")
    page.keyboard.press("Escape")
    assert page.locator(".panel").is_hidden()
    assert page.evaluate("keys") == []
    page.keyboard.press("k")  # on the launcher
    assert page.evaluate("keys") == ["k"]


def test_a_widget_that_is_moved_keeps_its_conversation_and_one_that_is_removed_stops(site, open_page):
    page = open_page(inline(site, element=f'{ELEMENT}<div id="there"></div>'))
    use(page)
    page.evaluate("document.getElementById('there').append(document.querySelector('footnote-widget'))")
    assert words(page, "#there .question") == ["When?"]
    ask(page, "held, when?")
    page.locator(".exchange:last-child .sentence").first.wait_for()
    page.evaluate("document.querySelector('footnote-widget').remove()")
    assert site.service.stops[-1].wait(60)


def test_a_page_may_open_close_and_hide_it(site, open_page):
    page = open_page(launcher(site))
    page.locator(".launcher").wait_for()
    page.evaluate("document.querySelector('footnote-widget').open()")
    assert page.locator(".composer").is_visible()
    page.evaluate("document.querySelector('footnote-widget').close()")
    assert page.locator(".composer").is_hidden()
    page.evaluate("document.querySelector('footnote-widget').hidden = true")
    assert page.locator(".launcher").is_hidden()


def test_a_server_under_a_path_is_asked_under_that_path(site, open_page):
    script = f'<script src="{site.server}/tools/footnote/widget.js?v=1/2" defer></script>'
    page = open_page("about:blank", expected=("Footnote: ", "Failed to load", "CORS"))
    page.route(
        "**/widget.js**",
        lambda route: route.fulfill(body=FILE.read_text(), content_type="text/javascript"),
    )
    page.goto(site.add("/under", f"<main>{ELEMENT}</main>", head=script))
    page.locator(".opening .failed").wait_for()
    assert site.paths("/tools/") == ["/tools/footnote/api/v1/embed/session"]


def test_another_origin_is_not_served(site, open_page):
    page = open_page("about:blank", expected=("CORS", "Failed to load", "Footnote: "))
    page.goto(launcher(site).replace("localhost", "127.0.0.1"))
    opened(page)
    page.locator(".opening .failed", has_text="The assistant does not answer.").wait_for()
