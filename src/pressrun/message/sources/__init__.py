"""An edition as its author wrote it: read, not judged, be it keys and a body or a whole MIME message."""
