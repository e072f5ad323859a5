"""Layouts that an operator writes: Jinja2 templates, rendered once an edition, then cleaned, checked and filled.

    values.py     what a template is given
    template.py   rendering it, in the helper process alone: a sandbox, under limits
    placing.py    from what came out to the page of a mail, and what must stand in it

A template never sees the content of an edition nor anything of a reader: it gets marks, which are replaced later.
"""
