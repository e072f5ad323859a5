"""From a manuscript to what is sent, shown and kept; and the mail that is an edition, written anew."""
