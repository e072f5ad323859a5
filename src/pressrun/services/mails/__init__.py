"""What stands in a mail: a copy of an edition, or a notice to one person, composed from what is stored."""
