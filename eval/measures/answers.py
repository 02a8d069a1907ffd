"""answers: to come."""

from eval.measures.declaration import Helper, Measure, Summary

MEASURES: tuple[Measure, ...] = ()
SUMMARIES: tuple[Summary, ...] = ()
HELPERS: tuple[Helper, ...] = ()
