"""Who says it: reported statements keep their speaker, and what a document says itself has none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.sources.attribution import LONGEST, loses_speaker, names_speaker, speaker_of, with_speaker


@pytest.mark.parametrize(
    ("sentence", "speaker"),
    [
        ("The ABPI said that testing matters.", "the ABPI"),
        ("According to NHS England, the plan covers five years.", "NHS England"),
        ("Tests work, according to a 2019 study by Oxford.", "a 2019 study by Oxford"),
        ('"We need more tests," said Dr Jane Lee.', "Dr Jane Lee"),
        ("“It is late,” says Richard Torbett, chief executive of the ABPI.", "Richard Torbett"),
        ("The Committee recommends a new register.", "the Committee"),
        ("The committee recommends a new register.", "the committee"),
        ("Amanda Pritchard, the NHS Chief Executive, called it the next big step.", "Amanda Pritchard"),
        ("Amanda Pritchard (NHS) described the strategy as a step.", "Amanda Pritchard"),
        ("The ABPI has announced a full report.", "the ABPI"),
        ("In 2021, the ABPI argued that this was wrong.", "the ABPI"),
        ("In Procureur du Roi v Dassonville the Court of Justice held that it was void.", "the Court of Justice"),
        ("Critics argue that it is short.", "Critics"),
        ("The plan was welcomed by the ABPI.", "the ABPI"),
        ("The strategy, said Dr Lee, is a start.", "Dr Lee"),
        ("The plan is too slow, the union said on Monday.", "the union"),
        ("The position of the ABPI is that testing comes first.", "the ABPI"),
        ("Researchers found that mice sleep.", "Researchers"),
        ("Smith told Parliament that taxes would rise.", "Smith"),
        ("As reported by the BBC, the plan failed.", "the BBC"),
        ("In the words of Churchill, it was the end of the beginning.", "Churchill"),
        ("Mao Zedong once argued that it had changed.", "Mao Zedong"),
        ("The ABPI\n  said that testing\nmatters.", "the ABPI"),
    ],
)
def test_a_reported_statement_has_its_speaker(sentence, speaker):
    assert speaker_of(sentence) == speaker


@pytest.mark.parametrize(
    "sentence",
    [
        "The strategy was published on 12 October 2022.",
        "We think that the order matters.",
        "Our view is that testing comes first.",
        "This report recommends more tests.",
        "The committee held a meeting in May.",
        "Researchers found a mouse.",
        "Braddock called for a retreat.",
        "The University of Chicago also maintains facilities apart from its main campus.",
        "Evidence suggests that tests help.",
        "Pay according to need.",
        "Fees are set according to the rules.",
        'The document is called "Accelerating genomic medicine in the NHS".',
        "Insurance claims must be made within 28 days.",
        "It is said that the king fled.",
        "NHS England was told that it must act.",
        "The minister who said this resigned.",
        "Download and fill in the relevant complaint form.",
        "Huguenot numbers peaked near an estimated two million by 1562.",
        "Antenatal care includes classes if they have been recommended by a doctor or midwife.",
        "Darwin wrote On the Origin of Species.",
        "Life expectancy in Sweden was longer.",
        "He added that it was late.",
        "",
    ],
)
def test_what_the_document_says_itself_has_none(sentence):
    assert speaker_of(sentence) == ""


@pytest.mark.parametrize(
    ("before", "sentence", "speaker"),
    [
        (["The ABPI said that it was late."], "It added that more was needed.", "the ABPI"),
        (["Richard Torbett is its Chief Executive."], "He said that it was late.", "Richard Torbett"),
        (["Dr Lee said so.", "She argued for tests."], "She added that they were cheap.", "Dr Lee"),
        (["“This is a start,” said Dr Lee."], "“We need more.”", "Dr Lee"),
        (["Dr Lee said: “This is a start."], "It goes on from here.", "Dr Lee"),
        (["The tests are cheap."], "It added that more was needed.", ""),
        (["In London All was well."], "She said that it was.", ""),
        (["“This is a start,” said Dr Lee."], "The plan runs for five years.", ""),
        (["The ABPI said no."] + ["Nothing came of it."] * 3, "They said that it was late.", ""),
    ],
)
def test_a_pronoun_and_a_quotation_that_goes_on_lead_back_to_the_speaker(before, sentence, speaker):
    assert speaker_of(sentence, before) == speaker


QUOTE = "The ABPI said that the third area matters most to patients."


@pytest.mark.parametrize(
    ("answer", "quote", "speaker", "lost"),
    [
        ("The third area matters most to patients.", QUOTE, "", "the ABPI"),
        ("The ABPI thinks that the third area matters most.", QUOTE, "", ""),
        ("According to the ABPI, the third area matters most.", QUOTE, "", ""),
        ("Critics say that the third area matters most.", QUOTE, "", ""),
        ("The third area matters most to patients.", QUOTE.replace("The ABPI said that the", "The"), "", ""),
        ("It matters most.", "He added that the third area matters most.", "Dr Lee", "Dr Lee"),
        ("It matters most.", "He added that the third area matters most.", "", ""),
        ("Lee finds it best.", "He added that it is the best.", "Dr Lee", ""),
        ("The offices stand in London.", QUOTE, "", ""),
    ],
)
def test_an_opinion_told_as_a_fact_has_lost_its_speaker(answer, quote, speaker, lost):
    assert loses_speaker(answer, quote, speaker=speaker) == lost


def test_a_name_is_known_by_one_of_its_words_but_not_by_its_article():
    assert names_speaker("Pritchard calls it a step.", "Amanda Pritchard")
    assert names_speaker("The Committee agrees.", "the committee")
    assert not names_speaker("The court agrees.", "the committee")


@pytest.mark.parametrize(
    ("sentence", "quote", "expected"),
    [
        ("The third area is on data.", "", "According to the ABPI, the third area is on data."),
        ("Testing is the heart.", "It said that testing is the heart.", "According to the ABPI, testing is the heart."),
        ("London is late.", "It said that London is late.", "According to the ABPI, London is late."),
        ("NHS trusts are late.", "", "According to the ABPI, NHS trusts are late."),
        ("4 hubs are planned.", "", "According to the ABPI, 4 hubs are planned."),
        ("Testing is the heart.", "", "Testing is the heart."),
        ("However, it is late.", "", "However, it is late."),
        ("We are late.", "", "We are late."),
        ("Is it late?", "", "Is it late?"),
        ("12 October 2022.", "", "12 October 2022."),
        ("The four priority areas.", "", "The four priority areas."),
        ("The plan is", "", "The plan is"),
    ],
)
def test_the_speaker_is_added_where_that_is_english(sentence, quote, expected):
    assert with_speaker(sentence, "the ABPI", quote=quote) == expected


def test_without_a_speaker_a_sentence_stays():
    assert with_speaker("The plan is late.", "") == "The plan is late."


def test_a_sentence_with_its_speaker_has_not_lost_it():
    mended = with_speaker("The third area matters most and is cheap.", loses_speaker("The third area matters.", QUOTE))
    assert mended.startswith("According to the ABPI, the third")
    assert loses_speaker(mended, QUOTE) == ""


@given(st.text(max_size=200), st.lists(st.text(max_size=60), max_size=4))
def test_any_text_has_a_speaker_or_none(sentence, before):
    speaker = speaker_of(sentence, before)
    everything = " ".join(" ".join([*before, sentence]).split()).lower()
    assert speaker.lower() in everything


@pytest.mark.parametrize("piece", ["a", "a ", "ly ", "Dr Lee, ", "according to A ", '" said A', "said ", "called "])
def test_of_a_text_without_end_only_the_beginning_is_read(piece):
    text = piece * 40_000
    assert speaker_of(text, [text] * 3) == speaker_of(text[:LONGEST], [text[:LONGEST]] * 3)
