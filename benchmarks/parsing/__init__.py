"""How faithfully files are read: Footnote and other readers beside reference Markdown, and how large a PDF may be."""
