"""The naive recipe: what its prompt holds, what counts as a citation or a refusal, and that its passages are ours."""

import threading

import pytest

from benchmarks.naive import (
    OPENING,
    REFUSAL,
    SYSTEM,
    NaiveRecipe,
    build_messages,
    is_refusal,
    naive_recipe,
    read_answer,
)
from eval.measures import tabulate
from eval.records import EvalCase, Evidence
from schema import Chunk, FootnoteError, Passage, Source


def passage(number, text, heading=""):
    source = Source("default", f"{number}.md", f"Title {number}", "2020-01-01", "")
    chunk = Chunk(source.source_id, 10 * number, 10 * number + len(text), text, number, heading)
    return Passage(chunk, source, 1.0 / number, number, "fused")


PASSAGES = [
    passage(1, "Mines closed in 1990."),
    passage(2, "Gold was found in 1848."),
    passage(3, "Ore is dug.", "Part > Ore"),
    passage(4, "Never read."),
]


@pytest.mark.parametrize(
    ("draft", "text", "sentences", "sources"),
    [
        ("In 1848 [2].", "In 1848.", [("In 1848.", (1,))], [2]),
        ("[2] In 1848.", "In 1848.", [("In 1848.", (1,))], [2]),
        (
            "In 1848 [2]. It closed. Mines did [1, 2].",
            "In 1848. It closed. Mines did.",
            [("In 1848.", (1,)), ("It closed.", ()), ("Mines did.", (2, 1))],
            [2, 1],
        ),
        ("In 1848.", "In 1848.", [("In 1848.", ())], []),
        ("In 1848 [0].", "In 1848.", [("In 1848.", ())], []),
        ("In 1848 [4][3].", "In 1848.", [("In 1848.", (1,))], [3]),
        ("[3][1]", "[3][1]", [("[3][1]", (1, 2))], [3, 1]),
        ("In [1848].", "In [1848].", [("In [1848].", ())], []),
    ],
)
def test_markers_become_citations_of_whole_passages(draft, text, sentences, sources):
    outcome = read_answer("q", draft, PASSAGES[:3])
    assert outcome.answer == text
    assert [(one.text, one.citations) for one in outcome.sentences] == sentences
    assert [span.text for span in outcome.citations] == [PASSAGES[number - 1].chunk.text for number in sources]
    assert [span.source for span in outcome.citations] == [f"default/{number}.md" for number in sources]
    assert (outcome.abstained, outcome.confidence, outcome.error) == (False, 1.0, "")
    assert outcome.verbatim == (len(sources), len(sources))


def test_a_number_without_a_passage_is_told():
    (sentence,) = read_answer("q", "In 1848 [7].", PASSAGES[:3]).sentences
    assert sentence.problems == ("It cites [7]; there are 3 passages to cite.",)
    assert sentence.support is None  # the recipe checks nothing


@pytest.mark.parametrize(
    ("draft", "refused"),
    [
        ("NOT FOUND", True),
        ("Not found.", True),
        ('"NOT FOUND"', True),
        ("**NOT FOUND** [1]", True),
        ("[3] NOT FOUND", True),
        ("Answer: not found", True),
        ("The answer is NOT FOUND in the passages.", True),
        ("NOT FOUND. But gold was found in 1848 [2].", True),
        ("", True),
        ("[9]", True),
        ("[2]", False),
        ("Gold was found in 1848 [2]. The mine is NOT FOUND.", False),
        ("It was not found until 1848 [2].", False),
        ("Nothing.", False),
    ],
)
def test_a_refusal_stands_in_the_first_sentence(draft, refused):
    outcome = read_answer("q", draft, PASSAGES[:3])
    assert outcome.abstained is refused
    assert outcome.confidence == float(not refused)
    if refused:
        assert (outcome.sentences, outcome.citations, outcome.verbatim) == ((), (), (0, 0))


def test_capitals_alone_make_a_refusal_inside_a_sentence():
    assert is_refusal("It is NOT FOUND.")
    assert not is_refusal("It is not found.")


def test_the_prompt_holds_each_passage_whole_under_its_number_and_title():
    system, user = build_messages("When was gold found?", PASSAGES[:3])
    assert system.content == SYSTEM
    assert REFUSAL in SYSTEM
    assert user.content == (
        "Passages:\n\n[1] Title 1\nMines closed in 1990.\n\n[2] Title 2\nGold was found in 1848.\n\n"
        "[3] Title 3 > Part > Ore\nOre is dug.\n\nQuestion: When was gold found?"
    )


class Model:
    """Writes pieces that were given and remembers what it was asked."""

    def __init__(self, *pieces):
        self.pieces, self.calls = pieces, []

    def __call__(self, messages, stop, most):
        self.calls.append((messages, stop, most))
        yield from self.pieces


def recipe_of(model):
    return NaiveRecipe(lambda _: PASSAGES, model, lambda text: len(text.split()), 120)


def test_the_first_three_passages_are_read_and_everything_is_on_record():
    model, stop = Model("In ", "1848 ", "[2]."), threading.Event()
    case = EvalCase("gold", "When was gold found?")
    outcome = recipe_of(model).ask(case, stop)
    ((messages, asked_stop, most),) = model.calls
    assert messages == build_messages(case.question, PASSAGES[:3])
    assert (asked_stop, most) == (stop, 120)
    assert outcome.question_id == "gold"
    assert outcome.answer == "In 1848."
    assert [span.text for span in outcome.passages] == [one.chunk.text for one in PASSAGES[:3]]
    assert outcome.tokens_read == sum(len(message.content.split()) for message in messages)
    assert outcome.tokens_written == 3
    times = [outcome.timings[f"{stage}_ms"] for stage in ("retrieve", "first_token", "total")]
    assert times == sorted(times)


def test_a_model_that_writes_nothing_has_no_first_token_and_is_a_refusal():
    outcome = recipe_of(Model()).ask(EvalCase("gold", "When?"), threading.Event())
    assert outcome.abstained
    assert set(outcome.timings) == {"retrieve_ms", "total_ms"}


def test_warming_up_reads_what_every_prompt_begins_with():
    model = Model("x")
    recipe_of(model).warm_up()
    ((messages, stop, most),) = model.calls
    system, user = build_messages("When?", PASSAGES[:3])
    assert messages[0] == system
    assert user.content.startswith(messages[1].content)
    assert messages[1].content == OPENING
    assert most == 1
    assert not stop.is_set()


def test_the_measures_of_footnote_judge_it():
    evidence = (Evidence("default/2.md", quote="1848"),)
    cases = [EvalCase(name, "When was gold found?", ("1848",), evidence) for name in ("right", "wrong place", "bare")]
    drafts = ("In 1848 [2].", "In 1848 [1].", "In 1848.")
    outcomes = [read_answer(case.question_id, draft, PASSAGES[:3]) for case, draft in zip(cases, drafts, strict=True)]
    columns = tabulate(cases, outcomes, lambda *_: "supported")
    assert columns["citation_holds_gold"].tolist() == [1, 0, 0]
    assert columns["cited"].tolist() == [1, 1, 0]
    assert columns["gold_contained"].tolist() == [1, 1, 1]
    assert columns["answer_f1"].tolist() == pytest.approx([2 / 3] * 3)  # without the marker's number as a word


@pytest.mark.models
def test_its_passages_are_those_that_footnote_answers_from(footnote):
    question = "Who wrote the briefing?"
    ours = footnote.answer(question, quotes_only=True).passages[:3]
    naive = naive_recipe(footnote).find(question)[:3]
    assert [one.chunk.chunk_id for one in naive] == [one.chunk.chunk_id for one in ours]
    assert len(naive) == 3


@pytest.mark.models
def test_without_a_language_model_there_is_no_recipe(samples_index, weights):
    from pipeline import Footnote  # noqa: PLC0415
    from settings import Settings  # noqa: PLC0415

    opened = Footnote(Settings(index=samples_index, cache=weights, llm="none"))
    with pytest.raises(FootnoteError, match="needs a language model"):
        naive_recipe(opened)
    opened.close()
