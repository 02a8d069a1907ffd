"""HTML pages without what surrounds their content, and EPUB books, which are made of such pages."""
