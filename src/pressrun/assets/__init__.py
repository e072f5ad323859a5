"""Data that a translator or postmaster may edit, as TOML files beside this one; README.md explains them.

This is the only module that opens these files. A file is read when its data is first needed and then kept, so what
`core` and `message` take from it is as constant as if it were written in Python.
"""

from __future__ import annotations

import pkgutil
import tomllib
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


class AssetError(Exception):
    """A file of this folder has a mistake; the message names the file and the key."""

    def __init__(self, name: str, key: str, problem: object) -> None:
        super().__init__(f"assets/{name}.toml: {key}: {problem}" if key else f"assets/{name}.toml: {problem}")


@cache
def read_asset(name: str) -> dict[str, Any]:
    """The contents of `NAME.toml`. Raises AssetError with the line where it is not TOML."""
    try:
        return tomllib.loads(_content(name).decode("utf-8"))
    except tomllib.TOMLDecodeError as problem:
        raise AssetError(name, "", problem) from None


@cache
def _content(name: str) -> bytes:
    content = pkgutil.get_data(__name__, f"{name}.toml")
    assert content is not None  # the loader of this package can read files
    return content


def hold_assets(folder: Traversable | None = None, prefix: str = "") -> None:
    """Keep what is in all files, for a process that soon cannot open them; `folder` is that of `prefix` in names."""
    for file in (folder or resources.files(__name__)).iterdir():
        if file.is_dir():
            hold_assets(file, f"{prefix}{file.name}/")
        elif file.name.endswith(".toml"):
            _content(prefix + file.name.removesuffix(".toml"))


def convert_asset(name: str, key: str, value: object, kind: type[T]) -> T:
    """`value`, which is at `key` in that file, as `kind`. Raises AssetError where it does not fit."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as problem:
        raise AssetError(name, key, problem) from None
