from dataclasses import replace

from fake_service import PASSAGES, QUOTES, SENTENCES, FakeService

from schema import Answered, QuotesFound, SentenceChecked, Token, Waiting
from web.exchange import Exchange, advance, merge, unchecked


def test_quotes_start_the_writing():
    exchange = advance(Exchange(1, "When?"), QuotesFound(QUOTES, PASSAGES))
    assert (exchange.phase, exchange.quotes, exchange.passages) == ("writing", QUOTES, PASSAGES)
    assert exchange.running


def test_a_checked_sentence_leaves_the_rest_of_the_draft():
    exchange = replace(Exchange(1, "When?"), draft="The strategy was published on 12 October 2022. It ru")
    exchange = advance(exchange, SentenceChecked(SENTENCES[0], QUOTES[:1]))
    assert exchange.draft == " It ru"
    assert exchange.sentences == SENTENCES[:1]
    assert exchange.citations == QUOTES[:1]


def test_a_sentence_that_the_check_reworded_takes_the_whole_draft_with_it():
    assert unchecked("It rained [1]. It sno", "It rained.") == ""


def test_tokens_are_appended_as_they_are():
    exchange = advance(advance(Exchange(1, "When?"), Token("a ")), Token(" b"))
    assert exchange.draft == "a  b"


def test_citations_stay_in_the_order_of_their_numbers_and_once_each():
    assert merge((QUOTES[2], QUOTES[0]), (QUOTES[0], QUOTES[1])) == QUOTES


def test_the_finished_answer_replaces_everything():
    exchange = Exchange(1, "When?")
    for event in FakeService(pause_s=0).ask("When?"):
        exchange = advance(exchange, event)
    assert exchange.phase == "done"
    assert (exchange.draft, exchange.sentences, exchange.citations) == ("", SENTENCES, QUOTES[:2])
    assert not exchange.running


def test_the_place_in_the_line_is_the_newest_until_the_model_writes():
    waiting = advance(advance(Exchange(1, "x", "writing"), Waiting(3, 5)), Waiting(2, 5))
    assert waiting.before == 2
    sentence = SentenceChecked(SENTENCES[0], ())
    (answered,) = [event for event in FakeService(pause_s=0).ask("When?") if isinstance(event, Answered)]
    assert [advance(waiting, event).before for event in (Token("It"), sentence, answered)] == [0, 0, 0]
