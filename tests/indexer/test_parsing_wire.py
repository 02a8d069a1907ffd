"""What a worker sends: documents come back as they were, and nothing else comes back as a document."""

import base64
import copy
import json
import string
import zlib
from contextlib import suppress
from dataclasses import fields, replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.loading.builder import TextBuilder
from indexer.loading.members import Member
from indexer.parsing.framing import LENGTH, MalformedError, frame, parse_message
from indexer.parsing.limits import without_long
from indexer.parsing.wire import members_from_json, members_to_json
from schema import BlockKind, Extraction, FootnoteError, Page, PageStatus

MANY = 10_000
short = st.text(max_size=20)
lengths = st.floats(0, 1e9, allow_nan=False)


@st.composite
def extractions(draw):
    """As a builder makes them, with everything that a loader may add."""
    builder = TextBuilder()
    for _ in range(draw(st.integers(0, 4))):
        for _ in range(draw(st.integers(0, 4))):
            kind, level = draw(st.sampled_from(get_args(BlockKind))), draw(st.integers(1, 6))
            builder.add(kind, draw(st.text(max_size=30)), level=level, verbatim=draw(st.booleans()))
        if draw(st.booleans()):
            builder.end_page()
    made = builder.build(title=draw(short), date=draw(st.sampled_from([None, "2021", "2021-02", "2021-02-28"])))
    pages = tuple(
        replace(
            page,
            label=draw(short),
            status=draw(st.sampled_from(get_args(PageStatus))),
            problem=draw(short),
            width=draw(lengths),
            height=draw(lengths),
        )
        for page in made.pages
    )
    boxes = tuple(
        zlib.compress(draw(st.binary(min_size=n, max_size=n))) for n in (8 * (p.end - p.start) for p in pages)
    )
    return replace(
        made,
        pages=pages,
        warnings=tuple(draw(st.lists(short, max_size=3))),
        metadata=draw(st.dictionaries(short, short, max_size=3)),
        hidden=draw(st.integers(0, 2**53)),
        boxes=draw(st.sampled_from([(), boxes])),
    )


@st.composite
def files(draw):
    names = draw(st.lists(short, min_size=1, max_size=3, unique=True))
    problems = st.builds(lambda problem: (None, problem), st.text(min_size=1, max_size=20))
    texts = st.builds(lambda extraction: (extraction, ""), extractions())
    return tuple(Member(name, *draw(st.one_of(problems, texts))) for name in names)


def sent(members):
    """A message that has been on its way."""
    return parse_message(frame({"members": members_to_json(members)})[LENGTH.size :])["members"]


@given(files())
def test_documents_come_back_as_they_were(members):
    assert members_from_json(sent(members), MANY) == members


def test_every_field_of_a_document_travels():
    """A field that is added to these must be added to the wire, or it is lost on the way."""
    named = "text blocks pages title date warnings metadata hidden boxes".split()
    assert [one.name for one in fields(Extraction)] == named
    assert [one.name for one in fields(Page)] == "number start end label status problem width height".split()
    assert [one.name for one in fields(Member)] == ["name", "extraction", "problem"]


def document():
    builder = TextBuilder()
    builder.add("heading", "Über", level=2)
    builder.add("paragraph", "Two words.")
    builder.end_page()
    made = builder.build(title="T", date="2020", warnings=("w",))
    boxes = (zlib.compress(b"12345678" * len(made.text)),)
    return replace(made, metadata={"author": "A"}, boxes=boxes)


def sent_document():
    return copy.deepcopy(sent((Member("", document()),)))


def test_halves_of_characters_are_replaced_one_for_one():
    made = replace(document(), text="\ud800" + document().text[1:], title="\udfff")
    (member,) = members_from_json(sent((Member("", made),)), MANY)
    assert member.extraction == replace(document(), text="?" + document().text[1:], title="?")


def test_what_is_meant_to_be_short_is_cut_before_it_travels():
    made = replace(document(), title="t" * 20_000, warnings=("w",) * 2000, metadata={"n" * 20_000: "v" * 20_000})
    (member,) = members_from_json(sent((Member("", made),)), MANY)
    assert member.extraction.title == "t" * 10_000
    assert member.extraction.warnings == ("w",) * 1000
    assert member.extraction.metadata == {"n" * 10_000: "v" * 10_000}


def packed(data):
    return base64.b64encode(data).decode()


def offsets(*numbers):
    return packed(b"".join(number.to_bytes(4, "little") for number in numbers))


FORGED = {
    "no list": lambda one: "members",
    "no members": lambda one: [],
    "no member": lambda one: ["member"],
    "two of one name": lambda one: [one, one],
    "a member with a field more": lambda one: [one | {"more": 1}],
    "neither document nor problem": lambda one: [one | {"extraction": None}],
    "document and problem": lambda one: [one | {"problem": "p"}],
    "a name that is no text": lambda one: [one | {"name": 1}],
    "a name with half a character": lambda one: [one | {"name": "\ud800"}],
    "a problem without end": lambda one: [one | {"extraction": None, "problem": "p" * 10_001}],
}
FORGED_FIELDS = {
    "text": [1, None, "not base64", "Zg==Zg==", packed(b"\xff"), packed(b"x" * (MANY + 1)), packed(b"other text")],
    "kinds": ["0", "09", "0 ", "\u0660\u0660", ["0", "1"], "01" * 1000, "11"],
    "levels": ["2", "0", "70", "x0", 20, "21", "00"],
    "offsets": [
        offsets(0, 4, 6, 17),
        offsets(0, 4, 3, 16),
        offsets(0, 4, 7, 16),
        offsets(0, 4, 6, 15),
        offsets(0, 0, 6, 16),
        offsets(4, 0, 6, 16),
        offsets(0, 4),
        offsets(0, 4, 6, 2**32 - 1),
        packed(b"123"),
    ],
    "pages": [
        None,
        [1],
        [[0, 16, "", 0, "", 1.0]],
        [[1, 17, "", 0, "", 1.0, 1.0]],
        [[-1, 16, "", 0, "", 1.0, 1.0]],
        [[8, 4, "", 0, "", 1.0, 1.0]],
        [[0, 16, "", 5, "", 1.0, 1.0]],
        [[0, 16, "", True, "", 1.0, 1.0]],
        [[0, 16, "", -1, "", 1.0, 1.0]],
        [[0, 16, 1, 0, "", 1.0, 1.0]],
        [[0, 16.0, "", 0, "", 1.0, 1.0]],
        [[0, 16, "", 0, "", -1.0, 1.0]],
        [[0, 16, "", 0, "", 1e10, 1.0]],
        [[0, 16, "", 0, "", 10**400, 1.0]],
        [[0, 16, "", 0, "", "1", 1.0]],
        [[0, 16, "", 0, "", True, 1.0]],
        [[0, 16, "", 0, "", 1.0, 1.0], [8, 16, "", 0, "", 1.0, 1.0]],
    ],
    "title": [1, ["t"], "t" * 10_001, "\udc00"],
    "date": [2020, "", "20", "2020-1", "x2020", "2020-01-01-01", "２０２０"],
    "warnings": ["w", [1], ["w"] * 1001, {"w": "w"}],
    "metadata": [[], {"a": 1}, {"a": None}, {str(number): "" for number in range(1001)}],
    "hidden": [-1, 1.0, "1", True, 2**53 + 1],
    "boxes": [
        [packed(zlib.compress(b"1" * 127))],
        [packed(zlib.compress(b"1" * 136))],
        [packed(zlib.compress(b"0" * 10_000_000))],
        [packed(zlib.compress(b"1" * 128)[:-1])],
        [packed(zlib.compress(b"1" * 128) + b"1")],
        [packed(b"no zlib")],
        ["no base64"],
        ["", ""],
        "boxes",
    ],
}


def test_the_document_that_is_forged_is_itself_a_good_one():
    assert members_from_json(sent_document(), MANY) == (Member("", document()),)


@pytest.mark.parametrize("what", FORGED)
def test_what_is_no_list_of_members_is_refused(what):
    with pytest.raises(MalformedError):
        members_from_json(FORGED[what](*sent_document()), MANY)


@pytest.mark.parametrize(
    ("field", "place"), [(field, place) for field, values in FORGED_FIELDS.items() for place in range(len(values))]
)
def test_a_forged_field_is_refused(field, place):
    members = sent_document()
    assert field in members[0]["extraction"]
    members[0]["extraction"][field] = FORGED_FIELDS[field][place]
    with pytest.raises(MalformedError):
        members_from_json(members, MANY)


@pytest.mark.parametrize("field", FORGED_FIELDS)
def test_a_field_that_is_missing_is_refused(field):
    members = sent_document()
    del members[0]["extraction"][field]
    with pytest.raises(MalformedError):
        members_from_json(members, MANY)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(FORGED_FIELDS)), values)
def test_whatever_stands_in_a_field_is_a_document_or_refused(field, value):
    members = sent_document()
    members[0]["extraction"][field] = value
    try:
        (member,) = members_from_json(members, MANY)
    except MalformedError:
        return
    assert members_from_json(sent((member,)), MANY) == (member,)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(payload):
    with suppress(MalformedError):
        assert isinstance(parse_message(payload), dict)


@pytest.mark.parametrize(
    "payload",
    ["", "[]", "1", "null", "{", '{"a":NaN}', '{"a":-Infinity}', "[" * 100_000, '{"a":' + "9" * 5000 + "}", "\ud800"],
)
def test_what_is_no_object_of_json_is_malformed(payload):
    with pytest.raises(MalformedError):
        parse_message(payload.encode("utf-8", "surrogatepass"))


def test_a_message_of_very_many_pieces_is_not_parsed():
    for piece in ("[],", "{},", "1,"):
        with pytest.raises(MalformedError, match="too many pieces"):
            parse_message(('{"a":[' + piece * 4_000_001 + "1]}").encode("ascii"))


def test_a_long_document_is_few_pieces():
    builder = TextBuilder()
    for _ in range(2000):
        builder.add("paragraph", "[,{" * 3)
    payload = json.dumps(members_to_json((Member("", builder.build()),)))
    assert sum(payload.count(mark) for mark in string.punctuation if mark in "[{,") < 30


def test_a_long_document_is_refused_and_a_long_member_only_itself():
    one, other = document(), replace(document(), text="x" * 20)
    members = (Member("a", one), Member("b", other), Member("c", None, "It is broken."))
    assert without_long(members, 20) == members
    kept = without_long(members, 19)
    assert kept[::2] == members[::2]
    assert kept[1].extraction is None
    assert kept[1].problem.startswith("It has 20 characters; the limit is 19 (setting max_characters)")
    with pytest.raises(FootnoteError, match="It has 20 characters"):
        without_long(members[1:2], 19)
    assert without_long(members[2:], 1) == members[2:]
