"""The mailer composes and signs the messages of claimed rows, and hands them to the relay connections."""
