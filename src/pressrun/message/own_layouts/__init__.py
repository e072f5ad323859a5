"""Layouts that an operator writes: Jinja2 templates, rendered once an edition. `layouts.placing` makes a page of it.

    values.py     what a template is given
    template.py   rendering it, in the helper process alone: a sandbox, under limits

A template never sees the content of an edition nor anything of a reader: it gets marks, which are replaced later.
"""
