"""Which evidence a sentence is cited to, on cases small enough to work out by hand."""

import pytest
from evidence_building import evidence

from generator.citing import MOST_CITATIONS, cite, clean_draft, coverage


@pytest.mark.parametrize(
    ("draft", "cleaned"),
    [
        ("It was wet [1].", "It was wet."),
        ("It was wet[1][2], and cold [3, 4].", "It was wet, and cold."),
        ("It was wet [^2].", "It was wet."),
        ("It was wet [1–3].", "It was wet."),
        ("It was wet【3】.", "It was wet."),
        ("It was wet【3†source】.", "It was wet."),
        ("It was wet (Source: Weather, p. 3).", "It was wet."),
        ("It was wet (excerpt 2).", "It was wet."),
        ("**It** was `wet`.", "It was wet."),
        ("## It was wet.", "It was wet."),
        ("- It was wet.", "It was wet."),
        ("• It was wet.", "It was wet."),
        ("2. It was wet.", "It was wet."),
        ("3) It was wet.", "It was wet."),
        ("[1]", ""),
        (" [1] ", ""),
        ("It was wet [Source 2].", "It was wet."),
        ("It was wet (Source 2).", "It was wet."),
        ("It was wet.^1", "It was wet."),
        ("It was wet^12 and cold.", "It was wet and cold."),
        ("It was wet.¹²", "It was wet."),
        ("It was wet.<sup>1</sup>", "It was wet."),
        ("It was wet.\nSources: [1] Weather, p. 3", "It was wet."),
        ("**Sources:** Weather", ""),
        ("## References", ""),
        ("[1]: https://example.org", ""),
        ("[^1]: Weather report", ""),
        # What only looks like a marker stays
        ("Sources say that it was wet.", "Sources say that it was wet."),
        ("It has 10^6 m² of roof.", "It has 10^6 m² of roof."),
        ("It was wet [sic].", "It was wet [sic]."),
        ("The resource (see below) is new.", "The resource (see below) is new."),
        ("It was 2.5 degrees.", "It was 2.5 degrees."),
        ("2.5 degrees were measured.", "2.5 degrees were measured."),
        ("2022. That was the year.", "2022. That was the year."),
        ("A well-known fact - or not.", "A well-known fact - or not."),
    ],
)
def test_markers_and_markdown_that_the_model_made_up_are_removed(draft, cleaned):
    assert clean_draft(draft) == cleaned


@pytest.mark.parametrize(
    ("sentence", "texts", "share"),
    [
        ("The strategy was published.", ["They published a strategy."], 1.0),
        ("The strategy was published.", ["A strategy."], 1 / 2),
        ("The strategy was published.", ["A strategy.", "It was published."], 1.0),
        ("The strategy was published in 2022.", ["A strategy."], 1 / 4),  # strategy, publish, and 2022 twice
        ("The strategy was published in 2022.", ["It was 2022."], 2 / 4),
        ("It was what it was.", ["It was what it was."], 0.0),  # there is nothing to cover
        ("The strategy.", [], 0.0),
        ("Five phases.", ["5 phases"], 1.0),
    ],
)
def test_coverage_is_the_share_of_content_with_numbers_counted_twice(sentence, texts, share):
    assert coverage(sentence, texts) == pytest.approx(share)


def paths(cited):
    return [one.passage.source.path for one in cited]


def test_one_place_that_holds_all_is_cited_alone():
    found = evidence("Rain fell in May.", "Rain fell in May and June.", "Snow fell in June.", title="")
    assert paths(cite("Rain fell in May and June.", found)) == ["b.md"]


def test_two_places_are_cited_when_each_adds_something():
    found = evidence("Heavy rain fell in London.", "Deep snow covered Wales.", "Somebody slept well.", title="")
    assert paths(cite("Heavy rain fell in London, deep snow covered Wales.", found)) == ["a.md", "b.md"]


def test_the_place_that_covers_more_comes_first():
    found = evidence("Deep snow covered Wales.", "Heavy rain and hail fell in May.", title="")
    assert paths(cite("Heavy rain and hail fell in May, snow covered Wales.", found)) == ["b.md", "a.md"]


def test_a_place_that_adds_too_little_is_not_cited():
    """Ten words of content; the second place adds one of them, a tenth, which is under LEAST_GAIN."""
    found = evidence("Alpha bravo charlie delta echo foxtrot golf hotel india.", "There juliet sang alone.", title="")
    assert paths(cite("Alpha bravo charlie delta echo foxtrot golf hotel india juliet.", found)) == ["a.md"]


def test_ties_go_to_the_better_evidence():
    found = evidence("Rain fell in May.", "In May, rain fell.", title="")
    assert paths(cite("It was May when rain fell.", found)) == ["a.md"]
    assert paths(cite("It was May when rain fell.", found[::-1])) == ["b.md"]


def test_the_place_that_says_it_word_for_word_is_cited_alone():
    found = evidence("In May, rain fell.", "Rain fell in May.", title="")
    assert paths(cite("Rain fell in May.", found)) == ["b.md"]
    turned = evidence("It is not so that Rain fell in May.", "In May, rain fell.", title="")
    assert paths(cite("Rain fell in May.", turned[::-1])) == ["b.md"]


def test_a_model_chooses_between_places_that_cover_as_much_and_ends_the_search():
    found = evidence("Heavy rain fell in London.", "In London fell heavy rain.", "Deep snow covered Wales.", title="")
    sentence = "Heavy rain fell in London, deep snow covered Wales."

    def entail(pairs):
        return [3.0 if text.startswith("In London") else -1.0 for _, text in pairs]

    assert paths(cite(sentence, found)) == ["a.md", "c.md"]
    assert paths(cite(sentence, found, entail=entail)) == ["b.md"]
    assert paths(cite(sentence, found, entail=lambda pairs: [-1.0] * len(pairs))) == ["a.md", "c.md"]


def test_what_later_places_cover_is_left_out_again():
    """The first place covers most, and the two others everything that it covers."""
    texts = ["Alpha bravo charlie delta walked.", "Alpha bravo echo foxtrot sang.", "Charlie delta golf hotel sang."]
    sentence = "Alpha bravo charlie delta echo foxtrot golf hotel."
    assert paths(cite(sentence, evidence(*texts, title=""))) == ["b.md", "c.md"]


def test_a_sentence_that_nothing_covers_is_not_cited():
    found = evidence("Rain fell in May.", title="")
    assert cite("Volcanoes erupt near Naples every century.", found) == []
    assert cite("Rain near Naples erupts every century.", found) == []  # one word of five
    assert cite("Rain fell.", []) == []
    assert cite("It was what it was.", found) == []


def test_there_are_never_more_citations_than_a_reader_would_check():
    """Eleven words of content: five in the first place, two (over LEAST_GAIN) in each of three more."""
    texts = ["Alpha bravo charlie delta echo.", "Golf hotel walked.", "India juliet walked.", "Kilo lima walked."]
    sentence = "Alpha bravo charlie delta echo golf hotel india juliet kilo lima."
    assert paths(cite(sentence, evidence(*texts, title=""))) == ["a.md", "b.md", "c.md"]
    assert MOST_CITATIONS == 3


def test_the_title_and_date_of_a_document_vouch_too():
    found = evidence(
        "It was published in spring.", "It was withdrawn in spring.", title="Genomics Strategy", date="2022"
    )
    assert paths(cite("The Genomics Strategy was published in 2022.", found)) == ["a.md"]


def test_a_further_place_adds_words_of_its_own_and_not_of_its_title():
    """ "Alpine" is in the second document's title alone, and "sang" of its text adds a tenth, under LEAST_GAIN."""
    first = evidence("Alpha bravo charlie delta echo foxtrot golf hotel.", title="")
    second = evidence("Somebody else sang in spring.", title="Alpine India")
    sentence = "Alpha bravo charlie delta echo foxtrot golf hotel sang alpine india."
    assert cite(sentence, [*first, *second]) == first
    richer = evidence("Somebody sang of alpine India.", title="")
    assert cite(sentence, [*first, *richer]) == [*first, *richer]


def test_a_place_that_shares_its_title_alone_is_not_cited():
    found = evidence("Somebody slept very well.", title="Genomics Strategy")
    assert cite("The Genomics Strategy.", found) == []
