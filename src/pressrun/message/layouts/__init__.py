"""The layouts of mails: what stands around an author's content, and how the content looks, all of it inline.

    design.py     how a list wants its mails to look: its layout, its colour, its logo
    layout.py     content put into its layout: the page of a mail
    footer.py     what stands below every edition
    shell.py      what every layout shares: the document, the sheet for phones and the dark, Outlook's fixed width
    shades.py     the colours of a layout, light and dark, made from the one colour that a list chooses
    content.py    inline styles for the elements of an author's content
    built_in.py   what a layout consists of
    table.py      those that we bring, by name
    filling.py    `[[name]]`
    rendered.py   what an operator's own template made
    placing.py    from that to the page of a mail, cleaned and checked: what must stand in it
    letter.py classic.py notice.py magazine.py     one layout each, as data

A template holds `[[name]]`; each is filled in once, with text that is escaped already.
"""
