"""Measures the support check itself: a labelled set made of any corpus, areas under curves, and a table of errors."""
