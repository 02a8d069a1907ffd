"""Prompt files: what they declare is what they use, and what is inserted is never read as a template."""

import hashlib
from dataclasses import replace

import pytest

from prompts import load_prompt, read_prompt
from schema import FootnoteError

FILE = """---
variables: evidence, question
refusal: NO
---
# system
Be brief.

# user
{{ evidence }}
Question: {{ question }}
"""


@pytest.fixture
def write(tmp_path):
    def write(text):
        (tmp_path / "answer.md").write_text(text, "utf-8")
        return tmp_path

    return write


def test_a_prompt_is_a_system_part_and_a_user_part_with_variables(write):
    prompt = load_prompt("answer", write(FILE))
    assert (prompt.name, prompt.system, prompt.refusal) == ("answer", "Be brief.", "NO")
    assert prompt.variables == {"evidence", "question"}
    assert prompt.render_user(evidence="It rained.", question="Did it?") == "It rained.\nQuestion: Did it?"


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        (FILE.replace("{{ question }}", ""), 2, "It declares 'question' but never uses it."),
        (FILE.replace("\nQuestion", "\nBe {{ tone }}.\nQuestion"), 10, "It uses 'tone', which the variables in line 2"),
        (FILE.replace("question\nrefusal", "question, tone\nrefusal"), 2, "There is no variable 'tone'; there are"),
        (FILE.replace("evidence, ", "").replace("{{ evidence }}", ""), 2, "The variable 'evidence' has to be declared"),
        (FILE.replace("refusal: NO\n", ""), 3, "The field refusal is missing above this line."),
        (
            FILE.replace("refusal: NO", "refusal:"),
            3,
            "'refusal:' is none of the fields variables, refusal with a value",
        ),
        (FILE.replace("variables: ", "values: "), 2, "'values: evidence, question' is none of the fields"),
        (FILE.replace("# system\n", ""), 10, "The line '# system' is missing before the end."),
        (FILE.replace("# user\n", ""), 10, "The line '# user' is missing before the end."),
        (FILE.replace("---\n# system", "# system"), 10, "The line '---' is missing before the end."),
        ("Be brief.", 1, "It has to begin with a line of three dashes, then variables and refusal"),
        ("", 1, "It has to begin with a line of three dashes"),
        (FILE.replace("{{ question }}", "{{ question"), 10, "The user part is no template"),
        (FILE.replace("{{ evidence }}", "{% if question %}"), 10, "The user part is no template"),
    ],
)
def test_a_faulty_prompt_is_refused_by_file_and_line(write, text, line, fault):
    folder = write(text)
    with pytest.raises(FootnoteError) as error:
        load_prompt("answer", folder)
    assert str(error.value).startswith(f"The prompt {folder / 'answer.md'}, line {line}: {fault}")


def test_a_prompt_of_ones_own_is_read_from_any_file(write, tmp_path):
    write(FILE)
    own = (tmp_path / "answer.md").rename(tmp_path / "mine.txt")
    assert read_prompt(own) == replace(load_prompt("answer", write(FILE)), name="mine")


def test_a_missing_prompt_is_named(tmp_path):
    with pytest.raises(FootnoteError, match=r"answer\.md can't be read: No such file or directory$"):
        load_prompt("answer", tmp_path)


def test_a_prompt_that_is_not_text_is_named(tmp_path):
    (tmp_path / "answer.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FootnoteError, match=r"answer\.md can't be read"):
        load_prompt("answer", tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 7*7 }}",
        "{% raw %}{{ question }}",
        "{# gone? #}",
        "{{ ''.__class__.__mro__ }}",
        "%} }}",
        "<b>&amp;",
        "\\n $x",
    ],
)
def test_what_looks_like_a_template_is_inserted_as_it_is(text):
    prompt = load_prompt("answer")
    rendered = prompt.render_user(evidence=text, question=text, earlier_question=text, earlier_answer=text)
    assert rendered == (
        f"Excerpts:\n\n{text}\n\nThe reader asked before: {text}\nYou answered: {text}\n\nQuestion: {text}"
    )


def test_the_hash_changes_with_the_file(write):
    first = load_prompt("answer", write(FILE)).sha256
    assert first == hashlib.sha256(FILE.encode()).hexdigest()
    assert load_prompt("answer", write(FILE + "\n")).sha256 != first
    assert load_prompt("answer", write(FILE)).sha256 == first


def test_the_refusal_that_the_system_part_asks_for_is_the_one_that_is_recognised():
    prompt = load_prompt("answer")
    assert prompt.system.endswith(f"reply only: {prompt.refusal}")


def test_a_value_that_was_forgotten_is_an_error():
    with pytest.raises(Exception, match="'question' is undefined"):
        load_prompt("answer").render_user(evidence="", earlier_question="", earlier_answer="")
