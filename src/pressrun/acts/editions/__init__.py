"""Actions on editions and drafts."""
