"""The use cases, one package for each concern. Each file decides by core and commits by store."""
