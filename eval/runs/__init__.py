"""Runs: asked so that a kill loses nothing, kept as files, listed."""
