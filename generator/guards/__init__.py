"""Text of documents and of models is data: what reads like an instruction, and what a draft may not show."""
