"""Who says it, in what context, and where documents disagree."""
