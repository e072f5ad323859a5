"""The languages of texts for readers and editors: gettext catalogues, one `TAG.po` for each, and how they are loaded.

A catalogue is read as translators edit it, so no compiled file can be older than its source. See docs/translating.md.
"""
