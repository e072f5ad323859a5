"""Layouts that an operator writes: Jinja2 templates, rendered once per edition. `layouts.own_layout` uses the result.

    values.py     what a template gets
    template.py   rendering it, in the sandbox process only, under limits

A template never sees the content of an edition or anything about a reader. It gets marks, which are replaced later.
"""
