"""No module imports itself by way of others, wherever the imports stand: at the top, in a function, or by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from tests.repository.sources import PACKAGE, nodes_of, source_trees


def _name_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(tree: ast.Module) -> Iterator[str]:
    """All that may be a module among what the file imports."""
    for node in nodes_of(tree, ast.ImportFrom):
        yield node.module or ""
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for plain in nodes_of(tree, ast.Import):
        yield from (alias.name for alias in plain.names)
    for call in nodes_of(tree, ast.Call):
        if ast.unparse(call.func) == "import_module" and isinstance(call.args[0], ast.Constant):
            yield str(call.args[0].value)


def _require_no_cycle(trees: dict[str, ast.Module]) -> None:
    TopologicalSorter({name: {*_imported(tree)} & trees.keys() for name, tree in trees.items()}).prepare()


def test_no_modules_of_the_program_import_each_other() -> None:
    _require_no_cycle({_name_of(file): tree for file, tree in source_trees().items()})


@pytest.mark.parametrize(
    "way_back",
    [
        "from a import one",
        "import a",
        "def work():\n    from a import one",
        'import_module("a").one()',
        "if TYPE_CHECKING:\n    from a import One",
    ],
)
def test_a_cycle_is_found(way_back: str) -> None:
    sources = {"a": "from b import two", "b": "import c", "c": way_back}
    with pytest.raises(CycleError) as raised:
        _require_no_cycle({name: ast.parse(source) for name, source in sources.items()})
    assert {"a", "b", "c"} == set(raised.value.args[1])
