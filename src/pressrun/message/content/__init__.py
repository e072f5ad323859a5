"""What an author writes: HTML, which is cleaned, Markdown, merge fields; and the text part that is made of it."""
