"""Question sets: read, checked against an index, sampled, and begun for a person to fill in."""
