"""Whether an answer is of the type by which its entry in the table describes it."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from pressrun.acts.act import Act
from pressrun.acts.http import CsvPage, Page


def require_described(act: Act[Any], value: Any) -> None:
    """Raise AssertionError for an answer of another type, and for a page with items of another one."""
    if act.http is None or act.answer is None:
        return
    described: list[Any] = [act.answer, *act.http.answers.values()]
    of_items = tuple(get_args(kind)[0] for kind in described if get_origin(kind) is Page)
    of_one = tuple(kind for kind in described if get_origin(kind) is None) + of_items
    if isinstance(value, Page) and of_items:
        assert isinstance(value, CsvPage) or all(isinstance(item, of_items) for item in value.items), act.id
    else:
        assert isinstance(value, of_one), (act.id, type(value))
