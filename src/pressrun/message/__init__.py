"""What a mail is made of. Pure as core, and the only place that imports `email`."""
