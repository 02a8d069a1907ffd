"""What somebody typed to narrow a search: it means something in the index, or the message says what is near."""

import pytest

from indexer.filter_checks import checked_filter, described
from schema import Filter, FootnoteError

COLLECTIONS = ["default", "law"]
HELD = sorted(
    "default/a.md default/guides/old/b.md default/guides/start.md default/guides0 default/law/n.md law/a.md "
    "law/acts/1871.pdf law/acts/1902.pdf law/guides/start.md law/guides/tax.md".split()
)


def checked(*sources, collections=(), **fields):
    return checked_filter(Filter(collections, sources, **fields), COLLECTIONS, HELD)


def refusal(*sources, collections=(), **fields):
    with pytest.raises(FootnoteError) as error:
        checked(*sources, collections=collections, **fields)
    return str(error.value)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("default/a.md", "default/a.md"),
        ("law/a.md", "law/a.md"),
        ("law/", "law/"),  # the collection as a folder, although another has a folder of that name
        ("default/guides/", "default/guides/"),
        ("default/guides/old/", "default/guides/old/"),
        ("guides/old/", "default/guides/old/"),
        ("guides0", "default/guides0"),
        ("acts/", "law/acts/"),
        ("acts/1871.pdf", "law/acts/1871.pdf"),
        ("guides/tax.md", "law/guides/tax.md"),
    ],
)
def test_documents_and_folders_are_named_whole_or_by_their_path_alone(typed, meant):
    assert checked(typed).sources == (meant,)


def test_what_is_named_twice_is_kept_once_and_the_rest_as_it_is():
    within = checked("acts/", "a.md", "law/acts/", collections=("law",), since="1871", metadata=(("team", "red"),))
    assert within == Filter(("law",), ("law/acts/", "law/a.md"), "1871", None, (("team", "red"),))
    assert checked() == Filter()


@pytest.mark.parametrize(
    ("typed", "kind", "nearest"),
    [
        ("default/a.mf", "document", "default/a.md"),
        ("acts/1872.pdf", "document", "law/acts/1871.pdf"),
        ("law/actts/", "folder", "law/acts/"),
        ("defualt/", "folder", "default/"),
        ("guide/", "folder", "law/guides/"),
        ("guides0/", "folder", "law/guides/"),
    ],
)
def test_the_nearest_name_is_offered_for_one_that_there_is_not(typed, kind, nearest):
    expected = f"There is no {kind} {typed!r} among the documents that are searched. The nearest is {nearest!r}."
    assert refusal(typed) == expected


@pytest.mark.parametrize("typed", ["zzz", "", "/", "//", "zzz/"])
def test_where_nothing_is_near_the_command_that_lists_them_is_named(typed):
    assert refusal(typed).endswith("among the documents that are searched. List them with: footnote sources")


def test_a_folder_without_its_stroke_is_told_to_be_one():
    assert refusal("law/acts") == "'law/acts' is a folder: write 'law/acts/' to search all documents in it."


def test_a_path_of_two_collections_has_to_be_named_whole():
    assert refusal("a.md") == "'a.md' names more than one document. Say which: default/a.md, law/a.md"
    assert refusal("guides/") == "'guides/' names more than one folder. Say which: default/guides/, law/guides/"
    assert checked("a.md", "guides/", collections=("law",)).sources == ("law/a.md", "law/guides/")


def test_a_document_outside_the_collection_is_not_there():
    assert refusal("default/guides0", collections=("law",)).startswith("There is no document 'default/guides0'")


def test_an_unknown_collection_is_named_with_those_that_there_are():
    assert refusal(collections=("law", "lore")) == "There is no collection 'lore'. There are: default, law."
    with pytest.raises(FootnoteError, match=r"^There is no collection 'law'\. There are: none yet\.$"):
        checked_filter(Filter(("law",)), [], [])


def test_dates_are_checked_here_too():
    assert refusal(since="21").startswith("'21' is not a date.")
    assert refusal(since="2022", until="2021").startswith("No day is both since 2022 and until 2021.")
    assert checked(since="2021-06", until="2021").since == "2021-06"


def test_half_a_character_in_a_field_is_no_reason_to_fail():
    assert checked(metadata=(("te\ud800am", "r\udce9d"),)).metadata == (("te?am", "r?d"),)
    assert refusal("\udce9").startswith(r"There is no document '\udce9'")


def test_an_empty_index_holds_nothing():
    with pytest.raises(FootnoteError, match=r"There is no document 'a\.md'"):
        checked_filter(Filter(sources=("a.md",)), [], [])


def test_a_filter_is_described_by_its_parts():
    assert described(Filter(("law",), (), "1871", "1902", (("a", "b"), ("c", "")))) == (
        "in law; since 1871; until 1902; a=b; c="
    )
    assert described(Filter(("law",), ("law/a.md", "law/acts/"))) == "in law/a.md or law/acts/"
