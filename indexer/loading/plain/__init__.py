"""Files that are text already: what encoding they have, and what Markdown, tables and subtitles mean by their signs."""
