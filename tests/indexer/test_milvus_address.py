"""Which addresses of Milvus are taken, and what is said of others."""

import pytest

from indexer.milvus_address import address_of
from schema import FootnoteError

TOKEN = "root:s3cret"


@pytest.mark.parametrize(
    ("where", "uri"),
    [
        ("https://milvus.example:19530", "https://milvus.example:19530"),
        ("https://milvus.example", "https://milvus.example:19530"),
        ("http://localhost:19530/", "http://localhost:19530"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_taken_as_it_is_and_gets_the_usual_port(where, uri):
    address = address_of(where, TOKEN)
    assert (address.uri, address.is_lite, address.token) == (uri, False, TOKEN)
    assert "s3cret" not in repr(address)


def test_a_file_is_taken_by_its_absolute_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    address = address_of("rows.db")
    assert (address.uri, address.is_lite) == (str(tmp_path / "rows.db"), True)


@pytest.mark.parametrize(
    ("where", "token", "said"),
    [
        (
            "rows.sqlite",
            "",
            "'rows.sqlite' is no place for Milvus. Name a file that ends in .db, or https://HOST:PORT.",
        ),
        ("", "", "'' is no place for Milvus."),
        ("http://milvus.example:19530", TOKEN, "http://milvus.example:19530 is another machine"),
        ("https://milvus.example:19530", "", "set FOOTNOTE_MILVUS_TOKEN in the environment"),
        ("http://127.0.0.1.example:19530", TOKEN, "is another machine"),
        ("http://10.0.0.1:19530", TOKEN, "is another machine"),
        ("http://0.0.0.0:19530", TOKEN, "is another machine"),
        ("https://root:s3cret@milvus.example", "", "set FOOTNOTE_MILVUS_TOKEN to NAME:PASSWORD"),
        ("tcp://milvus.example:19530", TOKEN, "tcp://milvus.example:19530 is no address of Milvus"),
        ("https://milvus.example/other", TOKEN, "https://milvus.example is no address of Milvus"),
        ("https://milvus.example?token=s3cret", TOKEN, "https://milvus.example is no address of Milvus"),
        ("https://milvus.example:port", TOKEN, "The address of Milvus can't be read"),
        ("https://", TOKEN, "is no address of Milvus"),
        ("https://[::1", TOKEN, "The address of Milvus can't be read"),
    ],
)
def test_another_address_is_refused_with_what_to_do_and_without_a_secret(where, token, said):
    with pytest.raises(FootnoteError) as caught:
        address_of(where, token)
    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)
