"""The source of the program and of its tests, read, parsed and walked once for all tests that look at it."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

PACKAGE = Path(__file__).parents[2] / "src" / "pressrun"
TESTS = Path(__file__).parents[1]

Node = TypeVar("Node", bound=ast.AST)


@cache
def source_trees() -> Mapping[Path, ast.Module]:
    """Each file of the program with what is in it."""
    return _parse(PACKAGE)


@cache
def trees_of_tests() -> Mapping[Path, ast.Module]:
    """Each file of the tests with what is in it."""
    return _parse(TESTS)


def nodes_of(tree: ast.Module, kind: type[Node]) -> Iterator[Node]:
    """All of that kind, from the top of the file inwards."""
    return (node for node in _nodes(tree) if isinstance(node, kind))


@cache
def _nodes(tree: ast.Module) -> Sequence[ast.AST]:
    return tuple(ast.walk(tree))


def _parse(folder: Path) -> Mapping[Path, ast.Module]:
    gc.disable()  # looking for garbage among so many nodes takes longer than making them
    try:
        return {file: ast.parse(file.read_bytes()) for file in sorted(folder.rglob("*.py"))}
    finally:
        gc.enable()
