"""How the reading model's adapter was trained; nothing here is installed, or needed to run Footnote."""
