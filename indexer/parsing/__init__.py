"""Files are parsed in a process of their own, so that no file can hurt the one that answers.

    Parser (isolated) -> Worker (process) == pipes == guardian -> worker -> the loader

The loaders know nothing of this, and this knows nothing of formats. Inside, a message is a length and JSON (`wire`).
"""
