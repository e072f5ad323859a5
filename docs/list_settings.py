"""Writes docs/list-settings.md to stdout: the settings of a list, from their declarations."""

from __future__ import annotations

from pressrun.core.access.rights import Right
from pressrun.services.lists.list_settings import LIST_SETTINGS, ListSetting

HEAD = """\
# The settings of a list

This page is written from the code by `make docs`; a test fails when it is stale.

```sh
pressrun list set news archive=members footer='Written on Fridays.'
pressrun list show news
```
If one of several values is invalid, nothing changes. An empty value, as in `hours=`, clears a setting, unless it must
have a value. Programs change the same settings [by API](api.md), except those marked *shell*; a logo has a request of
its own. Publishers may change the settings of their lists, except those marked *operators*. More about some of
them: [layouts](layouts.md), [pages](pages.md), [editions by email](how-to/editions-by-mail.md), [sending](sending.md).

Settings marked *built in* become part of an edition when it is built. A scheduled edition keeps the values that it
was checked with.

| setting | value | default | | |
|---|---|---|---|---|
"""


def reference() -> str:
    """The page."""
    return HEAD + "".join(_row(key, setting) for key, setting in LIST_SETTINGS.items())


def _row(key: str, setting: ListSetting) -> str:
    marks = [
        *(["*operators*"] if setting.right is Right.OPERATE else []),
        *([] if setting.in_requests else ["*shell*"]),
        *(["*built in*"] if setting.is_built_in else []),
    ]
    default = f"`{setting.default}`" if setting.default else ""
    cells = (f"`{key}`", f"`{setting.kind.form}`", default, setting.help, ", ".join(marks))
    return " | ".join(["", *(cell.replace("|", "\\|") for cell in cells), ""]).strip() + "\n"


if __name__ == "__main__":
    print(reference(), end="")
