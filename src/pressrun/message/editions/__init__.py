"""From the source of an edition to what is sent, shown and kept; and editions that come by mail."""
