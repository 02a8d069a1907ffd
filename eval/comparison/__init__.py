"""Two runs against each other: statistics, verdicts, and a gate."""
