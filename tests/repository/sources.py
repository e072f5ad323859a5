"""The source of the program, read and parsed once for all tests that look at it."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "pressrun"


@cache
def source_trees() -> Mapping[Path, ast.Module]:
    """Each file with what is in it."""
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(PACKAGE.rglob("*.py"))}
