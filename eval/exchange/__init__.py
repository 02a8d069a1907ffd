"""Other tools: their runs in, ours out."""
