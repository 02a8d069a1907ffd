"""What hostile documents can make Footnote show: payloads planted in documents, a model that obeys them, every door."""
