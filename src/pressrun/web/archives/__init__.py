"""Past editions: the pages of an archive, its feeds, what search engines are told; the same as a folder of files."""
