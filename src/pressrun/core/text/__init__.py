"""Reading text that others wrote: charsets, phrases, search terms and what is masked."""
