"""Mails: who wrote what to whom and when, with what is attached."""

import string
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loading_reading import spans

from indexer.loading import load_bytes
from indexer.loading.characters import forbidden_characters
from indexer.loading.containers.unpacking import unpack_all
from schema import FootnoteError

HEAD = "From: Ann Lee <ann@example.org>\nTo: bob@example.org\nDate: Fri, 12 Mar 2021 09:30:00 +0100\nSubject: Plan\n"


def members(content, name="a.eml"):
    return unpack_all(name, content.encode() if isinstance(content, str) else content, load_bytes)


def text_of(content):
    return members(content)[0].extraction.text


def message(**fields):
    made = EmailMessage()
    for name, value in {"From": "ann@example.org", "Subject": "Plan", **fields}.items():
        made[name] = value
    return made


def test_a_mail_is_its_header_and_its_words():
    (member,) = members(HEAD + "\nDear Bob,\n\nwe begin in May.\n")
    extraction = member.extraction
    assert member.name == ""
    assert spans(extraction) == [
        ("heading1", "Plan"),
        ("paragraph", "From: Ann Lee <ann@example.org>\nTo: bob@example.org\nDate: 2021-03-12 09:30 +0100"),
        ("paragraph", "Dear Bob,"),
        ("paragraph", "we begin in May."),
    ]
    assert (extraction.title, extraction.date) == ("Plan", "2021-03-12")
    assert extraction.metadata == {"author": "Ann Lee <ann@example.org>", "to": "bob@example.org", "language": "en"}


def test_a_mail_without_a_subject_has_its_first_line_as_title():
    (member,) = members("From: a@b.org\n\nWe begin in May.\n\nAnn")
    assert member.extraction.title == "We begin in May."


def test_a_quoted_reply_is_kept():
    assert "> When do we begin?" in text_of(HEAD + "\nIn May.\n\n> When do we begin?\n")


def test_encoded_words_and_bodies_are_decoded():
    made = message(Subject="Über Züge – наши планы", To="Jürgen <j@example.org>")
    made.set_content("Größe: 12 €", charset="iso-8859-15", cte="base64")
    extraction = members(made.as_bytes())[0].extraction
    assert extraction.title == "Über Züge – наши планы"
    assert extraction.metadata["to"] == "Jürgen <j@example.org>"
    assert extraction.text.endswith("Größe: 12 €")


@pytest.mark.parametrize("charset", ["no-such-charset", "utf-16", "unicode_escape", "x" * 200, "idna", "rot13"])
def test_a_charset_that_is_none_is_no_reason_to_refuse(charset):
    mail = HEAD.encode() + f"Content-Type: text/plain; charset={charset}\n\n".encode() + "Zug nach Köln.".encode()
    assert members(mail)[0].extraction.title == "Plan"


def test_raw_utf8_in_a_header_is_read():
    assert members("From: a@b.org\nSubject: Züge\n\nText.\n".encode())[0].extraction.title == "Züge"


def test_of_two_forms_the_page_is_read_as_programs_show_it():
    made = message()
    made.set_content("Ignore this, we begin in April.")
    made.add_alternative("<p>We begin in <b>May</b>.</p>", subtype="html")
    assert text_of(made.as_bytes()).endswith("example.org\n\nWe begin in May.")


def test_the_plain_form_is_read_where_the_page_has_no_words():
    made = message()
    made.set_content("We begin in May.")
    made.add_alternative("<p><img src='cid:banner'></p><p hidden>Secret.</p>", subtype="html")
    extraction = members(made.as_bytes())[0].extraction
    assert extraction.text.endswith("example.org\n\nWe begin in May.")
    assert extraction.hidden == len("Secret.")


def test_the_page_is_read_where_the_plain_form_only_points_to_it_and_what_it_hides_is_counted():
    made = message()
    made.set_content("See the page.")
    page = f"<table><tr><th>Year<th>Cost<tr><td>2021<td>10</table><p>{'Long. ' * 20}<p style='opacity:0'>Secret."
    made.add_alternative(page, subtype="html")
    extraction = members(made.as_bytes())[0].extraction
    assert "Year | Cost\n2021 | 10" in extraction.text
    assert extraction.hidden == len("Secret.")
    assert extraction.warnings == ("7 characters that it hides from its readers were left out",)


PAGE, FOOTER = "<p>The meeting is on Tuesday.</p>", "You get this mail as you are on the list of the council."


def mixed(*parts):
    """A mail of several parts, none of which is a form of another."""
    inner = "".join(f"--b\nContent-Type: text/{kind}\n\n{words}\n" for kind, words in parts)
    return f"{HEAD}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n{inner}--b--\n"


def test_what_a_list_adds_below_a_mail_does_not_take_its_place():
    assert text_of(mixed(("html", PAGE), ("plain", FOOTER))).endswith(f"\n\nThe meeting is on Tuesday.\n\n{FOOTER}")
    assert text_of(mixed(("plain", "Short."), ("html", PAGE * 9))).count("Short.") == 1


def test_words_that_come_again_in_another_form_are_read_once():
    mail = mixed(("plain", "The meeting is on Tuesday."), ("html", PAGE), ("plain", FOOTER))
    assert text_of(mail).endswith(f"+0100\n\nThe meeting is on Tuesday.\n\n{FOOTER}")


def test_a_page_in_pieces_between_attachments_is_one_form_of_the_words():
    made = message()
    made.set_content("First half.\n\nSecond half.")
    made.add_alternative("<p>First half.</p>", subtype="html")
    page = made.get_payload()[1]
    page.make_mixed()
    page.add_attachment("<p>Second half.</p>", subtype="html", disposition="inline")
    assert text_of(made.as_bytes()).endswith("\n\nFirst half.\n\nSecond half.")
    assert text_of(made.as_bytes()).count("half") == 2


def test_attachments_are_documents_of_their_own():
    made = message()
    made.set_content("See below.")
    made.add_attachment(b"# Costs\n\nTen.", maintype="application", subtype="octet-stream", filename="Kösten.md")
    made.add_attachment(b"MZ\x00\x00", maintype="application", subtype="octet-stream", filename="run.exe")
    body, costs, program = members(made.as_bytes())
    assert body.extraction.text.endswith("See below.")
    assert (costs.name, costs.extraction.text) == ("Kösten.md", "Costs\n\nTen.")
    assert program.extraction is None
    assert "type .exe, which is not supported" in program.problem


def test_a_mail_in_a_mail_is_opened():
    inner = message(Subject="Inner")
    inner.set_content("Inner words.")
    inner.add_attachment("Deep words.", filename="deep.txt")
    outer = message()
    outer.set_content("Outer words.")
    outer.add_attachment(inner)
    names = [member.name for member in members(outer.as_bytes())]
    assert names == ["", "attachment-2.eml", "attachment-2.eml/deep.txt"]
    assert "Inner words." in members(outer.as_bytes())[1].extraction.text


def test_pictures_in_the_text_and_signatures_are_no_documents():
    made = message()
    made.set_content("<p>Words and <img src='cid:logo'></p>", subtype="html")
    made.add_related(b"\x89PNG", maintype="image", subtype="png", cid="<logo>", filename="logo.png")
    made.make_mixed()
    made.add_attachment(b"0", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert [member.name for member in members(made.as_bytes())] == [""]


def test_an_encrypted_mail_says_so():
    made = message()
    made.set_content(b"0" * 99, maintype="application", subtype="pkcs7-mime", filename="smime.p7m")
    (member,) = members(made.as_bytes())
    assert member.extraction.warnings == ("its content is encrypted",)


def test_the_name_of_an_attachment_leads_nowhere():
    made = message()
    made.set_content("See below.")
    made.add_attachment("Words.", filename="../../etc/cron.d/evil.txt")
    assert members(made.as_bytes())[1].name == "etc/cron.d/evil.txt"


def test_what_is_no_mail_is_refused():
    with pytest.raises(FootnoteError, match="can't be read as a mail"):
        members("no header here\n\nwords")


@pytest.mark.parametrize(
    "mail",
    [
        HEAD + "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n" + "--b\n" * 20_000,
        HEAD + "".join(f"Content-Type: multipart/mixed; boundary={n}\n\n--{n}\n" for n in range(400)) + "\nWords.",
        HEAD + "Subject: " + "=?utf-8?q?a?= " * 5_000 + "\n\nWords.",
        HEAD + "Subject: " + "=?a?q?" * 400_000 + "\n\nWords.",
        HEAD + "X: " + "a" * 1_000_000 + "\n\nWords.",
        HEAD + "Date: " + "1" * 100_000 + "\n\nWords.",
        HEAD + "Content-Type: text/plain; " + "a*0=" * 5_000 + "\n\nWords.",
    ],
    ids=["boundaries", "nested", "encoded words", "words without end", "long header", "long date", "parameters"],
)
def test_mails_made_to_be_slow_or_deep_end(mail):
    try:
        assert members(mail)
    except FootnoteError as error:
        assert len(str(error)) < 500


BYTES = st.one_of(
    st.binary(max_size=300),
    st.text(string.printable, max_size=300).map(str.encode),
    st.lists(
        st.sampled_from(
            [
                *(
                    b"Content-Type: multipart/mixed; boundary=b\n",
                    b"\n--b\n",
                    b"--b--\n",
                    b"\n",
                    b"Subject: =?x?q?=ff?=\n",
                ),
                *(
                    b"Content-Transfer-Encoding: base64\n",
                    b"!!\xff\n",
                    b"Content-Type: message/rfc822\n",
                    b"\xed\xa0\x80",
                ),
                *(b"Content-Disposition: attachment; filename*=utf-8''%ff%00.txt\n", b"Date: 0\n", b"text <b> &#0;"),
            ]
        ),
        max_size=25,
    ).map(b"".join),
)


FORBIDDEN = forbidden_characters()


@settings(max_examples=150, deadline=None)
@given(BYTES)
def test_whatever_a_mail_holds_it_is_read_or_refused_in_a_sentence(content):
    try:
        found = members(HEAD.encode() + content)
    except FootnoteError as error:
        assert len(str(error)) < 700
        return
    for member in found:
        assert member.extraction or member.problem
        if member.extraction:
            member.extraction.text.encode("utf-8")
            assert FORBIDDEN.isdisjoint(member.extraction.text)


def scanned(page, *parts):
    """A mail whose page shows parts of it, each of (maintype, subtype, content id, file name)."""
    made = message()
    made.set_content(page, subtype="html")
    for maintype, subtype, key, name in parts:
        made.add_related(b"Words.", maintype=maintype, subtype=subtype, cid=f"<{key}>", filename=name)
    return made.as_bytes()


@pytest.mark.parametrize("page", ["<p>See <img src='cid:scan'>", "<img src='cid:scan' alt=''>", "<img src=cid:scan>"])
def test_a_picture_in_the_words_of_a_mail_is_counted_even_where_there_are_no_words(page):
    (member,) = members(scanned(page, ("image", "png", "scan", "scan.png")))
    assert member.extraction.warnings == ("1 picture in it is not read",)


def test_a_picture_beside_words_that_came_before_in_another_form_is_counted():
    made = message()
    made.set_content("Our plan.")
    page = message()
    page.set_content("<p>Our plan.<img src='cid:scan'>", subtype="html")
    made.make_mixed()
    made.attach(page)
    (member,) = members(made.as_bytes())
    assert member.extraction.text.count("Our plan.") == 1
    assert member.extraction.warnings == ("1 picture in it is not read",)


def test_only_pictures_that_the_page_shows_are_no_documents():
    page = "<p>Words <img src='cid:part10'> <a href='cid:plan'>plan</a>"
    parts = [("text", "plain", "plan", "plan.txt"), ("text", "plain", "part1", "part1.txt")]
    shown = ("application", "octet-stream", "part10", "scan.png")
    names = [member.name for member in members(scanned(page, shown, *parts))]
    assert names == ["", "plan.txt", "part1.txt"]
    other = ("image", "png", "part1", "scan.png")
    assert [member.name for member in members(scanned(page, shown, other))] == ["", "scan.png"]
