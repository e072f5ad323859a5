"""The layouts of mails: the page around an author's content, and how the content looks, with every style inline.

design.py      how a list wants its mails to look: its layout, its colour, its logo
built_in.py    the layouts that we bring, read from `assets/layouts/`
own_layout.py  an operator's layout: what its template made, cleaned and checked
page.py        content put into its layout
content.py     inline styles for the elements of an author's content
footer.py      what is below every edition
palette.py     the colours of a layout, light and dark, made from the one colour that a list chooses
"""
