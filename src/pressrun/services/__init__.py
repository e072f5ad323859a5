"""One file for each thing that people do with Pressrun; each decides by core, and commits by store."""
