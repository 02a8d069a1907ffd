"""The groups of commands below `footnote`, and what all commands share."""
