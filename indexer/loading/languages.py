"""The language of a text, for documents that don't state theirs: by its script, then by its commonest words.

A light guess for a certificate and a filter: one language for a whole document, and none when in doubt. It is not meant
for single sentences. Codes are those of ISO 639-1.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from schema import Extraction

_SAMPLE = 6_000  # characters at each of three places
_FEWEST_LETTERS = 20
_FEWEST_WORDS = 10
_LEAST_SHARE = 0.12  # of the words of prose, the commonest thirty are a third or more; of a table, far fewer
_LEAD = 1.2  # over the second language
_SCRIPTS = {  # by the first letters that only this script has, in the order in which a mixture is decided
    "ja": "\u3040-\u30ff",
    "ko": "\uac00-\ud7af\u1100-\u11ff",
    "zh": "\u4e00-\u9fff\u3400-\u4dbf",
    "el": "\u0370-\u03ff\u1f00-\u1fff",
    "he": "\u0590-\u05ff",
    "ar": "\u0600-\u06ff\u0750-\u077f",
    "hi": "\u0900-\u097f",
    "bn": "\u0980-\u09ff",
    "ta": "\u0b80-\u0bff",
    "th": "\u0e00-\u0e7f",
    "ka": "\u10a0-\u10ff",
    "hy": "\u0530-\u058f",
    "cyrillic": "\u0400-\u052f",
    "latin": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
}
_IN_SCRIPT = {name: re.compile(f"[{letters}]") for name, letters in _SCRIPTS.items()}
_KANA_SHARE = 0.1  # Japanese is written with more Chinese characters than kana
_FARSI = re.compile("[پچژگ]")
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = {
    "en": "the of and to in is that for it was as with be on by this are from at or an which not have has were a i you "
    "we they he will can do so if but what there would your more all some",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es werden aus wird",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne ce aux avec sont cette",
    "es": "de la que el en y a los del se las por un para con no una su al lo como más o pero sus es son este",
    "it": "di e il la che in per un è del a della con non si da le una dei sono al gli nel alla delle anche più",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das à foi são",
    "nl": "de van het een en in is dat op te zijn met voor niet die aan er om ook als bij of uit naar wordt door",
    "sv": "och i att det som en på är av för med till den har de inte om ett han men var sig från eller kan",
    "da": "og i at det som en på er af for med til den har de ikke om et han men var sig fra eller kan blev efter",
    "no": "og i at det som en på er av for med til den har de ikke om et han men var seg fra eller kan ble etter",
    "fi": "ja on ei että se hän oli mutta ovat joka kun myös niin tai kuin sen sekä voi mukaan jos olla ole",
    "pl": "w i na z się do nie że to jest o jak po co przez od za dla są ale oraz który która tym być było",
    "cs": "a se v na je že o s z do i to k ve pro by ale si za jsou jako po od které který být bylo nebo také",
    "hu": "a az és hogy nem is egy ez meg volt de csak már mint ha vagy az ki el még azt lehet szerint között",
    "ro": "de și în a la cu pe o că un din pentru nu este care mai se prin sau fi au fost al ale sunt ce după",
    "tr": "ve bir bu da de için ile olarak çok daha en gibi olan kadar sonra ise veya ne var göre tarafından",
    "ru": "и в не на что с по как он а из за к от это для его но при их так же были было или также",
    "uk": "і в не на що з та до як за від це для його але при їх так бути або також у про яка який було",
    "bg": "и на в се за да от с са е по не че като до при който към след или има може този",
}
_LANGUAGES_OF = {"cyrillic": ("ru", "uk", "bg")}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def with_language(extraction: Extraction) -> Extraction:
    """The extraction with the language of its text, unless it states one or none can be told."""
    stated = extraction.metadata.get("language", "")
    language = normalised(stated) if stated else find_language(extraction.text)
    if not language or language == stated:
        return extraction
    return replace(extraction, metadata={**extraction.metadata, "language": language})


def normalised(stated: str) -> str:
    """A stated language without its country, so that one filter finds them all.

    >>> [normalised(stated) for stated in ("en-GB", "DE_at", "English")]
    ['en', 'de', 'English']
    """
    code = re.fullmatch(r"([A-Za-z]{2,3})(?:[-_].{0,30})?", stated.strip())
    return code[1].lower() if code else stated.strip()


def find_language(text: str) -> str:
    """The code of the language that most of a text is in; empty when it can't be told.

    >>> find_language("The minister said that the report is to be published in the spring, and that it was on time.")
    'en'
    """
    sample = _sample(text)
    letters = {name: len(found.findall(sample)) for name, found in _IN_SCRIPT.items()}
    if sum(letters.values()) < _FEWEST_LETTERS:
        return ""
    if letters["ja"] > _KANA_SHARE * (letters["zh"] + letters["ja"]):
        letters["ja"] += letters.pop("zh")
    script = max(letters, key=lambda name: letters[name])
    if script == "ar":
        return "fa" if len(_FARSI.findall(sample)) > letters["ar"] / 100 else "ar"
    if script not in ("latin", "cyrillic"):
        return script
    cyrillic = _LANGUAGES_OF["cyrillic"]
    return _by_words(
        sample, cyrillic if script == "cyrillic" else tuple(name for name in _WORDS if name not in cyrillic)
    )


def _sample(text: str) -> str:
    """The beginning, the middle and the end of a text."""
    if len(text) <= 3 * _SAMPLE:
        return text
    middle = (len(text) - _SAMPLE) // 2
    return "\n".join((text[:_SAMPLE], text[middle : middle + _SAMPLE], text[-_SAMPLE:]))


def _by_words(sample: str, languages: tuple[str, ...]) -> str:
    """The language whose commonest words make up most of the text, when the lead is clear."""
    words = Counter(word.lower() for word in _WORD.findall(sample))
    if words.total() < _FEWEST_WORDS:
        return ""
    shares = {language: sum(words[word] for word in _WORDS[language]) / words.total() for language in languages}
    first, second = sorted(shares, key=lambda language: shares[language], reverse=True)[:2]
    clear = shares[first] >= _LEAST_SHARE and shares[first] >= _LEAD * shares[second]
    near = {first, second} == {"da", "no"} and shares[first] > shares[second]  # two ways to write nearly the same
    return first if shares[first] >= _LEAST_SHARE and (clear or near) else ""
