"""An edition as its author wrote it, parsed but not checked: keys and a body, or a whole MIME message."""
