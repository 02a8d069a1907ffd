"""A ZIP archive of documents: each of its files is a part. The guard before it is `indexer.loading.packages`."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.loading.members import Part
from indexer.loading.packages import Package, leads_out
from schema import FootnoteError


def unpack(data: bytes) -> Iterator[Part]:
    """The files of an archive, in the order of their names; one that is damaged comes with its reason.

    A name that leads out of the archive comes last, so that it never takes the place of another, and is not read.

    Raises:
        FootnoteError: when the archive as a whole is damaged, locked or a bomb.
    """
    package = Package(data, strict=False)
    for name in sorted(package.names, key=lambda name: (leads_out(name), name)):
        if name.endswith("/"):
            continue
        if leads_out(name):
            yield Part(_readable(name), problem=f"It is called {name[:100]!r}, which leads out of the archive.")
            continue
        try:
            yield Part(_readable(name), package.read(name))
        except FootnoteError as error:
            yield Part(_readable(name), problem=str(error))


def _readable(name: str) -> str:
    """A name that was stored in UTF-8 without saying so, as older programs do: it was read as code page 437."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name
