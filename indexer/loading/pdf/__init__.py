"""PDF: characters with their places, from those lines, tables and paragraphs, and which pages have to be looked at."""
