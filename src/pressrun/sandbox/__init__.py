"""Processes that parse hostile mail, build editions and render operators' layouts, with limits on time and memory."""
