"""Make a PDF of so many pages out of others; runs in the readers' environment, which has pypdf.

    python -m benchmarks.parsing.making PAGES OUT.pdf FILE.pdf...

Takes the files' pages in order, from the first file again when they are used up.
"""

from __future__ import annotations

import sys
from itertools import cycle
from pathlib import Path

from pypdf import PdfReader, PdfWriter


def main() -> None:
    """Write the PDF."""
    pages, out, *names = sys.argv[1:]
    writer, left = PdfWriter(), int(pages)
    for reader in cycle([PdfReader(name) for name in names]):
        taken = min(left, len(reader.pages))
        writer.append(reader, pages=(0, taken), import_outline=False)
        left -= taken
        if not left:
            break
    writer.write(Path(out))


if __name__ == "__main__":
    main()
