"""Recipes for runs on Ray: made by name in every process of a run, with the real parser and an embedder of words.

The first line of a text may tell the process that works on it what to do to itself, as often as a folder has room for:
``die reading NAME 2`` ends the process that reads the file, twice; ``die embedding NAME 9`` the one that embeds it.
"""

import os
import signal
from functools import partial
from pathlib import Path

from fakes import count_words, word_vectors

from indexer.building import Recipe
from indexer.parsing.isolated import Parser
from indexer.parsing.limits import Limits

NAME = "words, in their own process"


def recipe(parser, folder=None):
    """The recipe of a run here; with a folder, of one whose processes do as texts tell them."""
    load = partial(_load, parser, folder) if folder else parser.parse
    embed = partial(_embed, folder) if folder else word_vectors
    return Recipe(NAME, load, count_words, embed, max_tokens=60, reading=parser.reading)


def make():
    """The recipe elsewhere."""
    return recipe(Parser(Limits(seconds=20.0)))


def make_deadly(folder):
    """The recipe elsewhere, where texts end processes."""
    return recipe(Parser(Limits(seconds=20.0)), Path(folder))


def other():
    """The recipe of another version."""
    return Recipe("other", lambda *_: (), count_words, word_vectors, max_tokens=60)


def _load(parser, folder, path, sha256):
    members = parser.parse(path, sha256)
    for member in members:
        _obey("reading", member.extraction.text if member.extraction else "", folder)
    return members


def _embed(folder, texts):
    for text in texts:
        _obey("embedding", text, folder)
    return word_vectors(texts)


def _obey(stage, text, folder):
    for line in text.splitlines():
        words = line.split()
        if words[:2] == ["die", stage]:
            died = len(list(folder.glob(f"{stage}-{words[2]}-*")))
            if died < int(words[3]):
                (folder / f"{stage}-{words[2]}-{died}").touch()
                os.kill(os.getpid(), signal.SIGKILL)
