"""Members as other mailing-list programs keep them, read from the files that these programs write."""
