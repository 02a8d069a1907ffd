"""Does the cited evidence hold what a sentence says: numbers, dates, names, words that turn it, and a blended score."""
