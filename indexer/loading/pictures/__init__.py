"""Pages that are pictures: recognition of their words, and the picture of a page that a reader is shown."""
