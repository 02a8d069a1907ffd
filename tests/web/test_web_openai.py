"""The OpenAI-compatible endpoint with the clients that people use: OpenAI's own and LangChain's, over a socket."""

import json
import threading
import time
from dataclasses import replace

import httpx
import openai
import pytest
from browsing import serving
from fake_service import EXAMPLES, HOSTILE_TITLE, FakeService
from fastapi.testclient import TestClient
from langchain_openai import ChatOpenAI
from small_app import small_app

import schema
from access.refusals import Busy
from web.openai_request import ChatRequest

TEXT = "The strategy was published on 12 October 2022. [1] It runs for five years. [1][2] It was popular."
FOOTNOTES = (
    "[1] Genomics briefing, page 2: “The strategy was published on 12 October 2022.”\n"
    "[2] Genomics briefing, page 2: “It covers the next five years.”"
)
PATH = "/v1/chat/completions"
WHEN = [{"role": "user", "content": "When?"}]


class Assistant(FakeService):
    """Counts tokens, has a second collection, and is busy when it is asked to be."""

    refusals = 0

    def ask(self, question, *, collection=None, **options):
        if "busy" in question and Assistant.refusals > 0:
            Assistant.refusals -= 1
            raise Busy("The line is full. Ask again in a second.", retry_after=0.2, is_own="yours" in question)
        for event in super().ask(question, collection=collection, **options):
            is_last = isinstance(event, schema.Answered)
            yield schema.Answered(replace(event.answer, tokens_read=120, tokens_written=17)) if is_last else event

    def sources(self):
        first, *rest = super().sources()
        return [first, *rest, replace(first, source=replace(first.source, collection="laws"))]

    def view(self, collections):
        assert collections == frozenset({"laws"})
        return self


@pytest.fixture(scope="module")
def assistant():
    return Assistant()


@pytest.fixture(scope="module")
def address(assistant):
    with serving(assistant, examples=EXAMPLES) as address:
        yield address + "v1"


@pytest.fixture(scope="module")
def client(address):
    with openai.OpenAI(base_url=address, api_key="unused", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def post(assistant):
    """For what no real client sends: a request straight to the routes."""
    client = TestClient(small_app(assistant), base_url="http://127.0.0.1")
    return lambda **changes: client.post(PATH, json={"model": "footnote", "messages": WHEN} | changes)


# OpenAI's client


def test_an_answer_has_its_footnotes_in_the_text_and_as_values(client):
    completion = client.chat.completions.create(model="footnote", messages=WHEN)
    (choice,) = completion.choices
    assert choice.message.content == f"{TEXT}\n\n{FOOTNOTES}"
    assert (choice.finish_reason, choice.message.role, completion.object) == ("stop", "assistant", "chat.completion")
    usage = completion.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (120, 17, 137)
    extras = choice.message.model_extra["footnote"]
    assert [one["quote"] for one in extras["citations"]] == [
        "The strategy was published on 12 October 2022.",
        "It covers the next five years.",
    ]
    assert [one["support"] for one in extras["sentences"]] == ["supported", "partly", "unsupported"]
    assert (len(extras["quotes"]), extras["abstained"]) == (3, False)


def test_a_stream_says_the_same_as_the_whole_answer_and_ends_with_it(client):
    whole = client.chat.completions.create(model="footnote", messages=WHEN).choices[0].message
    chunks = list(client.chat.completions.create(model="footnote", messages=WHEN, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.content
    assert [chunk.choices[0].finish_reason for chunk in chunks] == [*[None] * (len(chunks) - 1), "stop"]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-1].choices[0].delta.model_extra["footnote"] == whole.model_extra["footnote"]
    assert all(chunk.usage is None for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.choices[0].delta.content for chunk in chunks[1:4]] == [
        "The strategy was published on 12 October 2022. [1]",
        " It runs for five years. [1][2]",
        " It was popular.",
    ]


def test_a_stream_counts_tokens_when_it_is_asked_to(client):
    *chunks, last = client.chat.completions.create(
        model="footnote", messages=WHEN, stream=True, stream_options={"include_usage": True}
    )
    assert (last.choices, last.usage.total_tokens) == ([], 137)
    assert all(chunk.usage is None for chunk in chunks)


async def test_the_asynchronous_client_gets_the_same(address):
    async with openai.AsyncOpenAI(base_url=address, api_key="unused") as client:
        stream = await client.chat.completions.create(model="footnote/laws", messages=WHEN, stream=True)
        pieces = [chunk.choices[0].delta.content or "" async for chunk in stream]
        whole = await client.chat.completions.create(model="footnote/laws", messages=WHEN)
    assert "".join(pieces) == whole.choices[0].message.content == f"{TEXT}\n\n{FOOTNOTES}"
    assert whole.model == "footnote/laws"


def test_footnotes_under_the_text_can_be_switched_off(client):
    body = {"footnote": {"footnotes": False}}
    whole = client.chat.completions.create(model="footnote", messages=WHEN, extra_body=body)
    chunks = client.chat.completions.create(model="footnote", messages=WHEN, stream=True, extra_body=body)
    assert whole.choices[0].message.content == TEXT
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == TEXT


def test_a_refusal_is_a_sentence_with_its_reason(client):
    message = client.chat.completions.create(model="footnote", messages=[{"role": "user", "content": "The cost?"}])
    (choice,) = message.choices
    assert choice.message.content == "No passage of the 2 that were found mentions a cost."
    assert choice.message.model_extra["footnote"]["abstained"] is True


def test_a_conversation_is_asked_with_its_earlier_pairs(client, assistant):
    first = client.chat.completions.create(model="footnote", messages=WHEN).choices[0].message
    client.chat.completions.create(
        model="footnote/laws",
        messages=[
            {"role": "system", "content": "Answer as a pirate."},
            {"role": "user", "content": "Never answered"},
            {"role": "user", "content": " "},
            *WHEN,
            first,
            {"role": "user", "content": [{"type": "text", "text": "And"}, {"type": "text", "text": "then?"}]},
        ],
    )
    answer = "The strategy was published on 12 October 2022. It runs for five years. It was popular."
    assert assistant.asked[-1] == ("And\nthen?", (schema.Turn("When?", answer),))
    assert assistant.narrowed[-1][0] == "laws"


def test_models_are_all_documents_and_each_collection(client):
    assert [model.id for model in client.models.list()] == ["footnote", "footnote/default", "footnote/laws"]
    assert client.models.retrieve("footnote/laws").id == "footnote/laws"
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt-4o'"):
        client.models.retrieve("gpt-4o")


@pytest.mark.parametrize("model", ["gpt-4o", "footnote/secret", "footnote/", "footnote/../x", "Footnote", ""])
@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_is_not_there_is_not_found_in_the_same_words(client, assistant, model, stream):
    count = len(assistant.asked)
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model=model, messages=WHEN, stream=stream)
    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"
    words = f"There is no model {model!r}. GET /v1/models lists 'footnote' and one for each collection."
    assert caught.value.body["message"] == words
    assert len(assistant.asked) == count


@pytest.mark.parametrize(
    ("question", "error", "words"),
    [
        ("broken", openai.InternalServerError, "The index is being rebuilt. Ask again in a minute."),
        (" ", openai.BadRequestError, "No message of the role user holds words"),
        ("x" * 4001, openai.BadRequestError, "The question has 4,001 characters"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_fails_before_the_stream_is_a_status(client, question, error, words, stream):
    with pytest.raises(error, match=words) as caught:
        client.chat.completions.create(
            model="footnote", messages=[{"role": "user", "content": question}], stream=stream
        )
    assert caught.value.request_id == caught.value.response.headers["x-request-id"]
    assert caught.value.type == ("server_error" if question == "broken" else "invalid_request_error")


def test_what_fails_within_the_stream_is_raised_by_the_client(client):
    stream = client.chat.completions.create(
        model="footnote", messages=[{"role": "user", "content": "crash"}], stream=True
    )
    with pytest.raises(openai.APIError, match="Something went wrong inside Footnote") as caught:
        list(stream)
    assert caught.value.body["type"] == "server_error"
    assert "secret" not in str(caught.value.body)


@pytest.mark.parametrize(
    ("question", "error"), [("busy", openai.InternalServerError), ("yours, busy", openai.RateLimitError)]
)
@pytest.mark.parametrize("stream", [False, True])
def test_who_has_to_wait_is_told_for_how_long(client, question, error, stream):
    Assistant.refusals = 1
    with pytest.raises(error) as caught:
        client.chat.completions.create(
            model="footnote", messages=[{"role": "user", "content": question}], stream=stream
        )
    assert caught.value.response.headers["retry-after"] == "1"
    assert caught.value.status_code == (429 if "yours" in question else 503)


def test_a_client_that_leaves_stops_the_answer(client, assistant):
    stream = client.chat.completions.create(
        model="footnote", messages=[{"role": "user", "content": "slow"}], stream=True
    )
    next(stream)
    stop = assistant.stops[-1]
    assert not stop.is_set()
    stream.close()
    assert stop.wait(60)


# LangChain


def chat(address, **options):
    return ChatOpenAI(base_url=address, api_key="unused", model="footnote", **options)


def test_langchain_invokes_and_streams(address):
    model = chat(address, temperature=0.3, max_tokens=200, stop=["x"], seed=7, max_retries=0, stream_usage=True)
    whole = model.invoke([("system", "Be brief."), ("human", "When?")])
    assert whole.content == f"{TEXT}\n\n{FOOTNOTES}"
    assert whole.usage_metadata["total_tokens"] == 137
    chunks = list(model.stream("When?"))
    assert "".join(chunk.content for chunk in chunks) == whole.content
    assert sum(chunk.usage_metadata["total_tokens"] for chunk in chunks if chunk.usage_metadata) == 137


async def test_langchain_streams_asynchronously(address):
    pieces = [chunk.content async for chunk in chat(address).astream("When?")]
    assert "".join(pieces) == f"{TEXT}\n\n{FOOTNOTES}"


def test_langchain_tries_again_after_the_time_it_is_told(address):
    Assistant.refusals = 2
    model = chat(address, max_retries=0).with_retry(stop_after_attempt=3, wait_exponential_jitter=False)
    assert model.invoke("busy, when?").content.startswith("The strategy")
    assert Assistant.refusals == 0


# What can and can't be asked for


@pytest.mark.parametrize(
    "refused",
    [
        {"tools": [{"type": "function", "function": {"name": "x"}}]},
        {"tool_choice": "required"},
        {"functions": [{"name": "x"}]},
        {"function_call": {"name": "x"}},
        {"n": 2},
        {"n": 10**30},
        {"n": "1"},
        {"n": True},
        {"logprobs": True},
        {"top_logprobs": 5},
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}},
        {"modalities": ["text", "audio"]},
        {"audio": {"voice": "alloy", "format": "mp3"}},
        {"web_search_options": {}},
    ],
)
def test_what_cannot_be_done_is_refused_by_its_name(post, assistant, refused):
    count = len(assistant.asked)
    response = post(**refused)
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["param"]) == (400, "not_supported", *refused)
    assert error["message"].startswith("Footnote ")
    assert len(assistant.asked) == count


@pytest.mark.parametrize(
    "ignored",
    [
        {"temperature": 0},
        {"temperature": 1.5, "top_p": 0.5, "presence_penalty": -2, "frequency_penalty": 2.0},
        {"max_tokens": 1, "max_completion_tokens": 10},
        {"stop": "\n", "seed": -3, "user": "someone"},
        {"stop": ["a", "b"], "logit_bias": {"50256": -100}, "metadata": {"a": "b"}, "store": True},
        {"n": 1, "logprobs": False, "tools": [], "tool_choice": "none", "parallel_tool_calls": False},
        {"response_format": {"type": "text"}, "modalities": ["text"], "service_tier": "auto"},
        {"reasoning_effort": "low", "verbosity": "low", "prompt_cache_key": "x", "prediction": {"type": "content"}},
        {name: None for name in ChatRequest.model_fields if name not in ("model", "messages", "footnote")},
    ],
)
def test_what_makes_no_difference_is_accepted(post, ignored):
    response = post(**ignored)
    assert response.status_code == 200, response.text
    assert response.json()["choices"][0]["message"]["content"].startswith(TEXT)


@pytest.mark.parametrize(
    ("wrong", "param"),
    [
        ({"temperature": 3}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 10**30}, "max_tokens"),
        ({"seed": 2**53 + 1}, "seed"),
        ({"stream": "yes"}, "stream"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages.0.role"),
        ({"messages": WHEN * 2001}, "messages"),
        ({"model": 7}, "model"),
        ({"top_k": 7}, "top_k"),
        ({"user": "x" * 1001}, "user"),
        ({"footnote": {"footnotes": "no"}}, "footnote.footnotes"),
        ({"footnote": {"collection": "x"}}, "footnote.collection"),
    ],
)
def test_what_is_not_as_described_is_refused_in_openai_form(post, wrong, param):
    response = post(**wrong)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["param"]) == (400, "invalid_request_error", param)
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([{"role": "system", "content": "x"}], "question_refused"),
        ([{"role": "user", "content": None}], "question_refused"),
        ([*WHEN, {"role": "assistant", "content": "a"}, {"role": "tool", "content": "b"}, *WHEN], "not_supported"),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}]}],
            "not_supported",
        ),
    ],
)
def test_messages_without_a_question_or_of_other_kinds_are_refused(post, messages, code):
    response = post(messages=messages)
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


def test_the_last_question_is_asked_even_when_its_answer_is_begun(post, assistant):
    post(messages=[*WHEN, {"role": "assistant", "content": "The strategy"}])
    assert assistant.asked[-1] == ("When?", ())


def test_only_the_newest_turns_of_a_long_conversation_are_taken(post, assistant):
    turns = [
        one for n in range(80) for one in ({"role": "user", "content": f"q{n}"}, {"role": "assistant", "content": "a"})
    ]
    assert post(messages=[*turns, *WHEN]).status_code == 200
    history = assistant.asked[-1][1]
    assert (len(history), history[0].question, history[-1].question) == (50, "q30", "q79")


def test_nothing_of_a_document_is_live_in_what_a_client_shows(client):
    content = client.chat.completions.create(model="footnote", messages=[{"role": "user", "content": "hostile"}])
    text = content.choices[0].message.content
    assert "<img" not in text
    assert "<script" not in text
    assert "](" not in text
    assert "![" not in text
    assert text.count("\n") == 2  # between the answer and its one footnote
    quote = content.choices[0].message.model_extra["footnote"]["citations"][0]
    assert quote["title"] == HOSTILE_TITLE  # as values, the words are the document's own


def test_a_place_in_the_line_is_a_comment_that_clients_pass_over():
    go_on = threading.Event()

    class Lined(FakeService):
        def ask(self, question, **options):
            yield schema.Waiting(2, 3)
            go_on.wait(60)
            yield from super().ask(question, **options)

    with serving(Lined(), examples=EXAMPLES) as address, httpx.Client(base_url=address, timeout=60) as client:
        body = {"model": "footnote", "messages": WHEN, "stream": True}
        with client.stream("POST", PATH, json=body) as response:
            lines = response.iter_lines()
            assert next(lines) == ": 2 before this one, 3 wait"
            go_on.set()
            data = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    assert json.loads(data[0])["choices"][0]["delta"]["role"] == "assistant"


def test_the_created_time_is_now(client):
    before = int(time.time())
    completion = client.chat.completions.create(model="footnote", messages=WHEN)
    assert before <= completion.created <= time.time()
