"""Past editions: the pages of an archive, its feeds and sitemaps, and its export as a folder of files."""
