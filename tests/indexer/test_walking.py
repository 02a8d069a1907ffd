"""Walking a folder: a fixed order, a row for everything, nothing opened that should not be."""

import os
import socket
from pathlib import Path

import pytest

from indexer.walking import Found, find_files
from schema import FootnoteError


def rows(root, **options):
    return [(found.relative, found.problem) for found in find_files(root, **options)]


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")


def test_order_and_hidden_files(tmp_path):
    make(tmp_path, "b.txt", "a/z.md", "a/b/c.pdf", "Z.docx", "~$Z.docx", ".hidden", ".git/config", "a/.x", "c.xlsx")
    make(tmp_path, "Thumbs.db", "a/desktop.ini", "__MACOSX/a.md")
    assert rows(tmp_path) == [("Z.docx", ""), ("a/b/c.pdf", ""), ("a/z.md", ""), ("b.txt", ""), ("c.xlsx", "")]


def test_paths_are_absolute_and_a_single_file_works(tmp_path, monkeypatch):
    make(tmp_path, "docs/a.txt")
    monkeypatch.chdir(tmp_path)
    assert list(find_files(Path("docs"))) == [Found(tmp_path / "docs" / "a.txt", "a.txt")]
    assert list(find_files(Path("docs/a.txt"))) == [Found(tmp_path / "docs" / "a.txt", "a.txt")]
    assert list(find_files(Path("docs/../docs/a.txt"))) == [Found(tmp_path / "docs" / "a.txt", "a.txt")]


def test_an_empty_folder_has_no_rows_and_a_missing_path_is_an_error(tmp_path):
    assert rows(tmp_path) == []
    with pytest.raises(FootnoteError, match=r"^There is nothing to index at .*no\\nway: No such file or directory\.$"):
        rows(tmp_path / "no\nway")
    with pytest.raises(FootnoteError, match="embedded null byte"):
        rows(tmp_path / "a\0b")


def test_links_are_judged_by_where_they_end(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "root-outside"
    make(root, "real.txt", "folder/in.txt")
    make(outside, "secret.txt")
    (root / "inside").symlink_to("real.txt")
    (root / "leaves").symlink_to(outside / "secret.txt")
    (root / "leaves-folder").symlink_to(outside)
    (root / "loop").symlink_to(root)
    (root / "nowhere").symlink_to("gone")
    (root / "self").symlink_to("self")
    leads_out = "It is a link that leads out of the folder: index its target by its own path."
    assert rows(root) == [
        ("folder/in.txt", ""),
        ("inside", ""),
        ("leaves", leads_out),
        ("leaves-folder", leads_out),
        ("loop", "It is a link to a folder: the folder is indexed under its own name."),
        ("nowhere", "It is a link that leads nowhere."),
        ("real.txt", ""),
        ("self", "It is a link that leads nowhere."),
    ]


def test_a_root_that_is_a_link_is_followed(tmp_path):
    make(tmp_path, "real/a.txt", "real/b/c.txt")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real" / "same").symlink_to("b/c.txt")
    assert next(find_files(tmp_path / "link")) == Found(tmp_path / "link" / "a.txt", "a.txt")
    assert rows(tmp_path / "link") == [("a.txt", ""), ("b/c.txt", ""), ("same", "")]


def test_pipes_sockets_and_devices_are_rows(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.txt"))
        assert rows(tmp_path) == [
            ("pipe.txt", "It is a pipe, not a file."),
            ("socket.txt", "It is a socket, not a file."),
        ]
    assert rows(tmp_path / "pipe.txt") == [("pipe.txt", "It is a pipe, not a file.")]
    assert rows(Path("/dev/null")) == [("null", "It is a device, not a file.")]


def test_a_folder_that_cannot_be_read_is_a_row_and_the_rest_goes_on(tmp_path, monkeypatch):
    make(tmp_path, "a.txt", "closed/b.txt", "d.txt")
    real = Path.iterdir

    def refuse(path):
        if path.name == "closed":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    closed = ("closed", "The folder can't be read: Permission denied.")
    assert rows(tmp_path) == [("a.txt", ""), closed, ("d.txt", "")]
    assert rows(tmp_path / "closed") == [(".", closed[1])]


def test_strange_names_survive_and_can_be_printed(tmp_path):
    names = ["quote \"'.txt", "new\nline.txt", "emoji 😀.txt", os.fsdecode(b"latin-\xe9.txt"), "\u202etxt.exe"]
    make(tmp_path, *names)
    found = list(find_files(tmp_path))
    assert {row.relative for row in found} == set(names)
    assert {os.fsencode(row.path.name) for row in found} == {os.fsencode(name) for name in names}
    assert [row.display for row in found] == [
        "emoji 😀.txt", "latin-\\xe9.txt", "new\\nline.txt", "quote \"'.txt", "\\u202etxt.exe",
    ]  # fmt: skip
    assert all(row.path.read_text() == "x" for row in found)


def test_folders_to_skip(tmp_path):
    make(tmp_path, "a.txt", "index/store.db", "b/index/c.txt")
    assert rows(tmp_path, skip=[tmp_path / "b" / ".." / "index"]) == [("a.txt", ""), ("b/index/c.txt", "")]


def test_a_very_deep_folder(tmp_path):
    deep = tmp_path
    for _ in range(300):
        deep = deep / "d"
    make(deep, "a.txt")
    assert rows(tmp_path) == [("d/" * 300 + "a.txt", "")]
