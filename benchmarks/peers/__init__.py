"""Other systems on the same texts, questions and machine, measured one after the other beside Footnote."""
