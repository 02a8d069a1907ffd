"""The report as a page: what it says, how it is built, and that nobody's words become part of it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import lxml.html
import numpy as np
import pytest
from report_runs import FIRST, PAYLOADS, SECOND, hostile_run, made_run, many_questions, outcome_for, sample_run

from eval.comparison.comparing import compare_runs
from eval.records import EvalCase, Evidence, Outcome, Run, RunFingerprint
from eval.report import html_report
from eval.report.entries import anchor
from eval.report.figures import make_rows, wilson_interval
from eval.report.html import diagnose_run
from eval.report.plots import confidence_plot, element, funnel_plot, interval_plot, risk_coverage_plot, times_plot
from eval.report.slices import slice_runs
from eval.report.verdicts import comparison_sentence, funnel, result_sentences
from eval.report.wording import clean

VOID = {"meta", "link", "input", "br"}
TAGS = set(
    "html head meta link title style body a header p h1 small b nav ul li main section h2 h3 h4 dl div dt dd span br "
    "details summary table caption thead tbody tr th td code abbr figure figcaption svg desc text rect line circle "
    "polyline form label select option input button output q cite ol sup i s footer script".split()
)
ATTRIBUTES = set(
    "lang charset http-equiv content name rel href class id tabindex role aria-label aria-labelledby aria-hidden title "
    "scope viewbox x y x1 x2 y1 y2 cx cy r width height points text-anchor focusable hidden for value type "
    "autocomplete spellcheck data-s data-w data-c".split()
)


@pytest.fixture(scope="module")
def one():
    return sample_run(endings=FIRST)


@pytest.fixture(scope="module")
def pair(one):
    two = sample_run("without reranker", endings=SECOND)
    return [one, two], compare_runs(one, two)


@pytest.fixture(scope="module")
def page(one):
    return html_report([one])


@pytest.fixture(scope="module")
def both(pair):
    return html_report(*pair)


@pytest.fixture(scope="module")
def hostile():
    runs = [hostile_run(), hostile_run(first=20, name=PAYLOADS[6])]
    comparison = compare_runs(*runs)
    comparison = replace(comparison, notices=PAYLOADS, only_in_a=PAYLOADS, only_in_b=PAYLOADS)
    differences = tuple(replace(found, words=PAYLOADS[33]) for found in comparison.differences)
    return html_report(runs, replace(comparison, differences=differences, name_a=PAYLOADS[7], name_b=PAYLOADS[9]))


def words_of(page):
    """What a page or a part of it says, without its style and script."""
    tree = page if isinstance(page, lxml.html.HtmlElement) else lxml.html.document_fromstring(page.encode())
    found = tree.xpath(".//text()[not(parent::script or parent::style)]")
    return " ".join(" ".join(found).split())


class Balance(HTMLParser):
    """Checks that what is opened is closed in turn; an ``li`` may be closed by what follows."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attributes):
        names = [name for name, _ in attributes]
        assert len(names) == len(set(names)), (tag, names)
        if tag == "li" and self.open[-1] == "li":
            self.open.pop()
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag == "ol" and self.open[-1] == "li":
            self.open.pop()
        assert self.open.pop() == tag, self.getpos()


# What it says


def test_the_result_comes_first_and_in_words(page, one):
    sentence = (
        "Of 39 answerable questions, 32 were answered from the right words; 1 more had them, but not everything they "
        "said is supported. Of 21 unanswerable questions, 3 were answered although the documents do not say. "
        "1 question gave no result and counts as wrong."
    )
    assert " ".join(result_sentences(one, diagnose_run(one))) == sentence
    assert sentence in words_of(page)
    assert page.index("32 were answered") < page.index("All figures</h2>") < page.index('id="h-questions"')


def test_the_result_of_a_flawless_run_and_of_one_that_nobody_can_tell():
    run = sample_run()
    assert result_sentences(run, diagnose_run(run)) == [
        "Of 39 answerable questions, 39 were answered from the right words.",
        "Of 21 unanswerable questions, none was answered.",
    ]
    case = EvalCase("1", "Why?")
    run = made_run("x", [case], [Outcome("1", "Because.")])
    assert result_sentences(run, diagnose_run(run)) == [
        "For 1 question the set does not say enough to tell right from wrong."
    ]


def test_the_funnel_loses_each_question_at_its_stage(one):
    assert funnel(one, diagnose_run(one)) == [39, 37, 35, 33, 32]


def test_main_figures_stand_with_counts_and_intervals(page):
    text = words_of(page)
    assert "Unanswerable, yet answered 14% 3 of 21 95% interval 5% to 35%" in text
    assert "Answerable, yet refused 10% 4 of 39 95% interval 4% to 24%" in text
    assert "Expected words in the answer or what it cites 87% 34 of 39 95% interval 73% to 94%" in text


def test_every_measure_is_there_with_its_definition_and_source(page, one):
    rows = make_rows([one])
    assert len(rows) > 40
    text = words_of(page)
    for row in rows:
        assert row.definition in text
        assert row.reference in text
        assert row.figures[0].value in text


def test_the_interval_of_a_share_is_wilsons():
    """Against the example of Newcombe 1998 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), table I, method 3."""
    assert [round(end, 4) for end in wilson_interval(81, 263)] == [0.2553, 0.3662]
    assert [round(end, 4) for end in wilson_interval(15, 148)] == [0.0624, 0.1605]
    assert [round(end, 4) for end in wilson_interval(0, 20)] == [0.0, 0.1611]
    assert [round(end, 4) for end in wilson_interval(1, 29)] == [0.0061, 0.1718]


def test_every_question_shows_what_was_expected_what_was_given_and_what_went_wrong(page, one):
    tree = lxml.html.document_fromstring(page.encode())
    entries = tree.xpath("//details[@class='q']")
    assert [entry.get("id") for entry in entries] == ["q-" + case.question_id for case in one.cases]
    text = {entry.get("id"): words_of(entry) for entry in entries}
    area = text["q-third-area"]
    assert "Retrieved, not quoted" in area
    assert "The retrieved passages hold the evidence, but no quote does." in area
    assert "Expected Genomics at the forefront of the data and digital revolution" in area
    assert "summary-for-industry.pdf, p. 1" in area
    assert "Passages" in area
    assert "0.9" in area
    assert "words for word" not in area
    loose = text["q-where-to-begin"]
    assert "unsupported The number 17 is not in the cited text." in loose
    assert "3 of 3 quotes word for word" in loose
    assert "838 tokens read, 40 written; confidence 0.959" in loose
    assert "There is no result: The engine stopped: out of memory." in text["q-pen-name"]
    assert "A refusal: the documents do not say." in text["q-budget"]
    assert "“" not in text["q-budget"]  # quotation marks are the style's


def test_footnotes_lead_to_their_words_and_quotes_are_not_shown_twice(page):
    tree = lxml.html.document_fromstring(page.encode())
    entry = tree.get_element_by_id("q-published")
    links = entry.xpath(".//sup/a/@href")
    assert links == ["#n1r0-1", "#n1r0-2", "#n1r0-3"]
    shown = [tree.get_element_by_id(link[1:]).findtext("q") for link in links]
    assert shown[0] == "NHS England published its first Genomics Strategy on 12 October 2022."
    assert [found.text for found in entry.xpath(".//h4[.='Other quotes']/following-sibling::ul[1]/li/q")] == [
        "The executive summary describes what the strategy is for and whom it concerns, in general terms."
    ]


def test_a_quote_that_its_reader_was_warned_of_bears_the_warning():
    run = sample_run()
    first, *rest = run.outcomes
    cited, quoted = first.citations[0], first.quotes[-1]
    warned = replace(
        first, citations=(replace(cited, warning="Beware 1."),), quotes=(replace(quoted, warning="Beware 2."),)
    )
    tree = lxml.html.document_fromstring(html_report([replace(run, outcomes=(warned, *rest))]).encode())
    shown = tree.xpath("//small[@class='warning']")
    assert [(one.getparent().findtext("q"), one.text) for one in shown] == [
        (cited.text, "Beware 1."),
        (quoted.text, "Beware 2."),
    ]


def test_two_runs_stand_side_by_side_and_what_changed_is_marked(both):
    tree = lxml.html.document_fromstring(both.encode())
    changed = tree.xpath("//details[@data-c]/@id")
    assert set(changed) == {"q-" + key for key in set(FIRST) ^ set(SECOND)}
    title = words_of(tree.get_element_by_id("q-title"))
    assert "Changed: was right, now retrieved, not quoted." in title
    assert title.index("with reranker The expected words") < title.index("without reranker The retrieved passages")
    assert "8 questions ended differently: 7 became right, 1 no longer is." in words_of(both)


def test_the_comparison_says_its_verdict_in_words_before_the_table(both, pair):
    sentence = comparison_sentence(pair[1])
    assert sentence.startswith("without reranker against with reranker: better at nothing, worse at nothing, ")
    assert sentence in words_of(both)
    assert both.index("better at nothing") < both.index('class="compare"')
    better = [replace(found, verdict="better") for found in pair[1].differences[:1]]
    worse = [replace(found, verdict="worse") for found in pair[1].differences[1:3]]
    few = replace(pair[1], differences=(*better, *worse))
    assert comparison_sentence(few).endswith(": better at “nDCG@10”, worse at “nDCG@5” and “recall@1”.")
    assert comparison_sentence(replace(few, differences=())).startswith("Nothing could be tested")


def test_what_got_worse_stands_at_the_top_of_the_comparison(pair):
    runs, comparison = pair
    last = comparison.differences[-1]
    told = replace(comparison, differences=(*comparison.differences[:-1], replace(last, verdict="worse")))
    tree = lxml.html.document_fromstring(html_report(runs, told).encode())
    verdicts = tree.xpath("(//table[@class='compare'])[1]/tbody/tr/td[last()]/b/text()")
    assert verdicts[0] == "worse"
    assert "better" not in verdicts


def test_questions_that_only_one_run_was_asked_are_shown_and_named(one):
    shorter = Run("short", one.fingerprint, one.cases[1:], one.outcomes[1:], {k: v[1:] for k, v in one.columns.items()})
    tree = lxml.html.document_fromstring(html_report([one, shorter]).encode())
    first, second = tree.xpath("//details[@class='q']")[:2]
    assert "This run was not asked this question." in first.text_content()
    assert "This run was not asked this question." not in second.text_content()
    assert first.get("data-c") is None


def test_slices_count_each_question_with_its_kind_and_each_of_its_sources(one):
    answerable, kinds, sources = slice_runs([one], [diagnose_run(one)])
    assert [(found.name, found.questions, found.runs[0].right) for found in answerable.slices] == [
        ("answerable", 39, 32),
        ("unanswerable", 21, 18),
    ]
    assert answerable.slices[0].runs[0].means[0] == pytest.approx(34 / 39)
    assert answerable.slices[1].runs[0].means[0] is None
    assert sum(found.questions for found in kinds.slices) == 60
    assert all(found.is_small for found in kinds.slices)
    assert {found.name for found in sources.slices} == {place.source for case in one.cases for place in case.evidence}
    assert sum(found.questions for found in sources.slices) > 39


def test_few_questions_are_marked_and_given_as_counts_only(page):
    tree = lxml.html.document_fromstring(page.encode())
    kinds, sources = tree.xpath("//table[starts-with(@class, 'slices')]")[1:]
    assert kinds.xpath("./thead//th/text()") == ["Slice", "Questions", "Right"]
    rows = {row.find("th").text_content(): row.xpath("./td") for row in sources.xpath("./tbody/tr")}
    small = next(name for name in rows if "few questions" in name)
    large = next(name for name in rows if "few questions" not in name)
    assert "%" not in "".join(cell.text_content() for cell in rows[small])
    assert "%" in rows[large][1].text_content()


def test_a_set_of_one_kind_and_source_has_no_slices_and_many_sources_are_cut():
    cases = [EvalCase(str(n), f"Why {n}?", ("x",), (Evidence(f"s{n % 25}", None, "x"),)) for n in range(60)]
    run = made_run("x", cases, [Outcome(case.question_id, "x") for case in cases])
    (sources,) = slice_runs([run], [diagnose_run(run)])
    assert (len(sources.slices), sources.left_out) == (20, 5)
    assert "5 more slices, none with more questions than these" in words_of(html_report([run]))
    alone = made_run("x", cases[:1], [Outcome("0", "x")])
    assert slice_runs([alone], [diagnose_run(alone)]) == ()


def test_a_run_with_rankings_alone_makes_a_report_without_curves():
    case = EvalCase("1", "Why?", evidence=(Evidence("a"),))
    columns = {"nDCG@10": np.array([0.5])}
    page = html_report([Run("bm25", RunFingerprint(), (case,), (Outcome("1", abstained=True),), columns)])
    assert "nDCG@10" in page
    assert "Risk and coverage" not in page


def test_a_measure_of_an_older_version_is_left_to_its_file():
    case = EvalCase("1", "Why?", ("x",))
    page = html_report([Run("old", RunFingerprint(), (case,), (Outcome("1", "x"),), {"bygone": np.array([0.5])})])
    assert "bygone" not in page


def test_no_run_is_no_report():
    with pytest.raises(ValueError, match="a report needs a run"):
        html_report([])


# How it is built


@pytest.mark.parametrize("name", ["page", "both", "hostile"])
def test_the_page_is_well_formed_and_holds_only_what_the_report_is_made_of(name, request):
    text = request.getfixturevalue(name)
    balance = Balance()
    balance.feed(text)
    balance.close()
    assert balance.open == []
    tree = lxml.html.document_fromstring(text.encode())
    assert {node.tag for node in tree.iter() if isinstance(node.tag, str)} <= TAGS
    assert {key.lower() for node in tree.iter() for key in node.attrib} <= ATTRIBUTES
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert set(tree.xpath("//a/@href")) <= {f"#{key}" for key in ids}
    assert tree.xpath("//link/@href") == ["data:,"]
    assert len(tree.xpath("//script")) == len(tree.xpath("//style")) == 1
    assert tree.get("lang") == "en"
    labelled = set(tree.xpath("//label/@for"))
    assert labelled == set(tree.xpath("//select/@id | //input/@id"))
    assert all(table.find("caption") is not None for table in tree.xpath("//table"))
    assert all(cell.get("scope") in ("row", "col") for cell in tree.xpath("//th"))
    for plot in tree.xpath("//svg[@role='img']"):
        assert plot.findtext("title")
        assert plot.findtext("desc")


@pytest.mark.parametrize("name", ["page", "both", "hostile"])
def test_headings_go_down_one_step_at_a_time(name, request):
    tree = lxml.html.document_fromstring(request.getfixturevalue(name).encode())
    levels = [int(node.tag[1]) for node in tree.xpath("//h1 | //h2 | //h3 | //h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_the_policy_allows_this_style_and_script_and_nothing_else(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["img-src"] == "data:"
    for name in ("style-src", "script-src"):
        assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules[name])
    assert " style=" not in page
    assert not re.search(r"\bon[a-z]+=", page.split("</style>")[1].split("<script>")[0])
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_every_payload_stands_in_the_page_as_words(hostile):
    text = lxml.html.document_fromstring(hostile.encode()).text_content()
    for payload in PAYLOADS:
        assert " ".join(clean(payload).split()) in " ".join(text.split())


def test_what_no_file_can_hold_and_what_turns_the_text_around_is_replaced(hostile):
    assert not set("\ud800\udfff\x00\u202e") & set(hostile)
    assert clean("a\ud800b\u202ec\x00d\x1be\x85\r\nf\rg\th") == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffd\nf\ng\th"


def test_the_same_runs_give_the_same_page(one, page):
    assert html_report([sample_run(endings=FIRST)]) == page


@pytest.mark.parametrize("key", ["plain", "with space", "a/b?c#d", "100%", 'quo"te', "ünï", "\ud800"])
def test_an_anchor_needs_no_escaping_anywhere(key):
    assert re.fullmatch(r"q-[A-Za-z0-9._~%-]+", anchor(key))


def test_the_report_of_a_thousand_questions_is_below_5_megabytes():
    assert len(html_report([many_questions(1000)]).encode()) < 5_000_000


def test_main_colours_have_the_contrast_that_wcag_asks_for():
    """Success criteria 1.4.3 (4.5 to 1 for text) and 1.4.11 (3 to 1 for what is not text), in light and dark."""
    style = Path(html_report.__code__.co_filename).with_name("report.css").read_text("utf-8")
    light, dark = (
        dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", part)) for part in style.split("\n* {")[0].split("@media")[:2]
    )
    assert len(light) == 14
    dark = light | dark
    for colours in (light, dark):
        for paper in ("paper", "sheet"):
            for ink in ("ink", "soft", "accent", "partly", "unsupported", "other"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
            for mark in ("line", "accent", "other"):
                assert contrast(colours[mark], colours[paper]) >= 3, (mark, paper)
        for name in ("accent", "partly", "unsupported"):
            assert contrast(colours[name], colours[f"{name}-wash"]) >= 4.5, name
            assert contrast(colours["ink"], colours[f"{name}-wash"]) >= 4.5, name
        assert contrast(colours["soft"], colours["plain-wash"]) >= 4.5


def contrast(first, second):
    """The contrast ratio of two colours (WCAG 2.2)."""
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_contrast_of_black_on_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


# Drawings


def numbers(drawn, tag, key):
    return [float(found) for found in re.findall(rf'<{tag} [^>]*\b{key}="([^"]*)"', drawn)]


def test_text_and_attributes_of_a_drawing_are_escaped():
    assert element("text", "<b>", class_='"x') == '<text class="&#34;x">&lt;b&gt;</text>'
    drawn = risk_coverage_plot([("</title><script>", [(0.5, 0.5)])])
    assert "<script>" not in drawn
    assert "&lt;/title&gt;&lt;script&gt;" in drawn


def test_bars_of_the_funnel_are_as_long_as_their_numbers():
    drawn = funnel_plot([("asked", [40, 20]), ("retrieved", [30, 20])])
    widths = [round(float(w) / 256, 4) for w in re.findall(r'width="([^"]*)" height="14" class="bar run', drawn)]
    assert widths == [1.0, 0.5, 0.75, 0.5]
    assert re.findall(r'class="loss">(.*?)<', drawn) == ["−10"]
    assert "asked 40 and 20, retrieved 30 and 20" in drawn


def test_the_risk_curve_ends_where_its_points_do():
    points = re.search(r'points="([^"]*)"', risk_coverage_plot([("a", [(0.5, 0.0), (1.0, 0.2)])]))[1].split()
    assert points == ["237.0,210.0", "428.0,22.0"]
    many = [(n / 5000, 0.1) for n in range(1, 5001)]
    thinned = re.search(r'points="([^"]*)"', risk_coverage_plot([("a", many)]))[1].split()
    assert len(thinned) == 300
    assert thinned[-1].startswith("428.0,")


def test_times_lie_on_a_logarithmic_scale():
    drawn = times_plot({"total": [(100.0, 1000.0), None], "rerank": [(10.0, 100.0), (10.0, 10.0)]})
    assert numbers(drawn, "circle", "cx") == [261.0, 104.0, 104.0]
    assert "total 100 ms to 1.0 s" in drawn
    assert times_plot({"total": [(0.0, 0.0)]})


def test_confidences_are_counted_above_and_below_the_line():
    drawn = confidence_plot([0.9, 0.9, 0.2], [0.1])
    heights = numbers(drawn, "rect", "height")
    assert len(heights) == 3
    assert sorted(round(height / min(heights), 1) for height in heights) == [1.0, 1.0, 2.0]
    assert "The median is 0.90 for answerable questions. The median is 0.10 for unanswerable questions." in drawn
    assert confidence_plot([-3.0, 5.0], [])
    assert confidence_plot([2.0], [])


def test_an_interval_lies_on_its_scale_and_stays_inside_the_drawing():
    drawn = interval_plot(0.05, -0.1, 0.9, reach=0.1, effect=0.02)
    assert numbers(drawn, "circle", "cx") == [132.0]
    assert re.findall(r'x1="([^"]*)" x2="([^"]*)"[^>]*class="span', drawn) == [("6", "174")]
    assert 'aria-hidden="true"' in drawn


def test_runs_of_one_name_are_drawn_both_and_each_in_its_own_colour(one):
    silent = replace(one, outcomes=tuple(replace(found, confidence=None) for found in one.outcomes))
    silent = made_run(one.name, silent.cases, silent.outcomes)
    page = html_report([silent, one])
    assert re.findall(r'class="line (run-\d)"', page) == ["run-1"]
    assert (
        re.findall(r'class="bar (run-\d)"', page.split("How sure the system was</h3>")[1].split("</svg>")[0])[0]
        == "run-1"
    )
    assert re.findall(r'class="line (run-\d)"', html_report([one, one])) == ["run-0", "run-1"]


def test_a_question_with_no_confidence_and_no_times_leaves_the_drawings_out():
    case = sample_run().cases[0]
    run = made_run("x", [case], [replace(outcome_for(case, "right"), confidence=None, timings={})])
    page = html_report([run])
    assert "Where questions are lost" in page
    assert "How sure the system was" not in page
    assert "Time by stage" not in page
