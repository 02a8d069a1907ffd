"""Question sets in, measures out: how well a collection is answered, and whether a change made it better or worse."""
