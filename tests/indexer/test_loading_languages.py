"""The language of a text, as the certificate states it."""

import pytest
from loading_reading import read

from indexer.loading.languages import find_language, normalised

ARTICLE = {  # Article 1 and 2 of the Universal Declaration of Human Rights
    "en": "All human beings are born free and equal in dignity and rights. They are endowed with reason and conscience "
    "and should act towards one another in a spirit of brotherhood. Everyone is entitled to all the rights and "
    "freedoms set forth in this Declaration, without distinction of any kind.",
    "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren. Sie sind mit Vernunft und Gewissen begabt "
    "und sollen einander im Geist der Brüderlichkeit begegnen. Jeder hat Anspruch auf die in dieser Erklärung "
    "verkündeten Rechte und Freiheiten ohne irgendeinen Unterschied.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits. Ils sont doués de raison et de "
    "conscience et doivent agir les uns envers les autres dans un esprit de fraternité. Chacun peut se prévaloir de "
    "tous les droits et de toutes les libertés proclamés dans la présente Déclaration.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos y, dotados como están de razón y "
    "conciencia, deben comportarse fraternalmente los unos con los otros. Toda persona tiene los derechos y "
    "libertades proclamados en esta Declaración, sin distinción alguna.",
    "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti. Essi sono dotati di ragione e di "
    "coscienza e devono agire gli uni verso gli altri in spirito di fratellanza. Ad ogni individuo spettano tutti i "
    "diritti e tutte le libertà enunciate nella presente Dichiarazione, senza distinzione alcuna.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos. Dotados de razão e de "
    "consciência, devem agir uns para com os outros em espírito de fraternidade. Todos os seres humanos podem "
    "invocar os direitos e as liberdades proclamados na presente Declaração, sem distinção alguma.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren. Zij zijn begiftigd met verstand en "
    "geweten, en behoren zich jegens elkander in een geest van broederschap te gedragen. Een ieder heeft aanspraak op "
    "alle rechten en vrijheden, in deze Verklaring opgesomd, zonder enig onderscheid van welke aard ook.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter. De är utrustade med förnuft och samvete och "
    "bör handla gentemot varandra i en anda av broderskap. Var och en är berättigad till alla de rättigheter och "
    "friheter som uttalas i denna förklaring utan åtskillnad av något slag.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina arvoltaan ja oikeuksiltaan. Heille on annettu järki ja "
    "omatunto, ja heidän on toimittava toisiaan kohtaan veljeyden hengessä. Jokainen on oikeutettu kaikkiin tässä "
    "julistuksessa esitettyihin oikeuksiin ja vapauksiin, ja se on voimassa myös kun joku ei ole siitä samaa mieltä.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw. Są oni obdarzeni rozumem i "
    "sumieniem i powinni postępować wobec innych w duchu braterstwa. Każdy człowiek posiada wszystkie prawa i "
    "wolności zawarte w niniejszej Deklaracji bez względu na to, jak i gdzie się urodził.",
    "ru": "Все люди рождаются свободными и равными в своем достоинстве и правах. Они наделены разумом и совестью и "
    "должны поступать в отношении друг друга в духе братства. Каждый человек должен обладать всеми правами и всеми "
    "свободами, как это сказано в настоящей Декларации.",
    "uk": "Всі люди народжуються вільними і рівними у своїй гідності та правах. Вони наділені розумом і совістю і "
    "повинні діяти у відношенні один до одного в дусі братерства. Кожна людина повинна мати всі права і всі свободи, "
    "проголошені цією Декларацією.",
    "el": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα.",
    "ja": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。人間は、理性と良心とを"
    "授けられており、互いに同胞の精神をもって行動しなければならない。",
    "zh": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心，并应以兄弟关系的精神相对待。人人有资格享有本宣言所"
    "载的一切权利和自由，不分种族、肤色、性别、语言、宗教、政治或其他见解、国籍或社会出身、财产、出生或其他身分等任何区别。",
    "ar": "يولد جميع الناس أحراراً متساوين في الكرامة والحقوق. وقد وهبوا عقلاً وضميراً.",
    "fa": "تمام افراد بشر آزاد به دنیا می‌آیند و از لحاظ حیثیت و حقوق با هم برابرند. گفتگو و چاپ پژوهش",
    "ko": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
}


@pytest.mark.parametrize("language", ARTICLE)
def test_the_language_of_a_paragraph_is_told(language):
    assert find_language(ARTICLE[language]) == language


@pytest.mark.parametrize(
    "text",
    ["", "Budget 2021", "0.4 | 0.7 | 12.5\n" * 50, "Kowalski Meyer Dupont Rossi Silva Jansen Larsson Novak " * 5],
    ids=["nothing", "two words", "numbers", "names"],
)
def test_what_cannot_be_told_has_none(text):
    assert find_language(text) == ""


def test_a_quotation_in_another_language_does_not_decide():
    assert find_language(f"{ARTICLE['en'] * 3} {ARTICLE['ru']}") == "en"


def test_only_three_places_of_a_long_text_are_looked_at():
    assert find_language(ARTICLE["de"] * 200 + ARTICLE["en"]) == "de"


def test_every_format_has_its_language_and_a_stated_one_counts():
    assert read("a.txt", ARTICLE["de"]).metadata == {"language": "de"}
    assert read("a.html", f"<html lang=fr-CA><p>{ARTICLE['en']}").metadata["language"] == "fr"


@pytest.mark.parametrize(
    ("stated", "shown"), [("en-GB", "en"), ("pt_BR", "pt"), (" EN ", "en"), ("Deutsch", "Deutsch")]
)
def test_a_stated_language_loses_its_country(stated, shown):
    assert normalised(stated) == shown
