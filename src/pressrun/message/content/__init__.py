"""What an author writes: HTML made clean, Markdown, merge fields, pictures; and the text part that is made of it."""
