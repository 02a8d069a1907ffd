"""A folder full of files that were made to break readers, with good ones among them, through the whole pipeline."""
