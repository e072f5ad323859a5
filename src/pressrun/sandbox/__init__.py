"""The processes that parse hostile mail and render operators' layouts, with limits on time and memory."""
