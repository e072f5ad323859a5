"""Mail that comes in: taken or refused while its client waits, then dealt with, be it an answer or an edition."""
