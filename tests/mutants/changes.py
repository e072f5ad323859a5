"""The mutants of a file: every place where its code can be changed by one comparison, boolean, arithmetic operator,
constant (numbers, truth values, bytes) or returned value.

Annotations, decorators, assertions and texts are left alone.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any, cast

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src"

_COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
_LEFT_ALONE = {"annotation", "returns", "decorator_list"}
_NUMBERS = re.compile(r"[0-9.e+-]+ -> [0-9.e+-]+")
_TYPES = {"int", "str", "bytes", "float", "bool"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change, at the `number`th place of a file."""

    path: Path
    number: int
    line: int
    scope: str  # the outermost function around it, else the name that is assigned, else ""
    first_line: int  # of that function, decorators included, as its code object has it
    change: str

    @property
    def file(self) -> str:
        """The path inside the package."""
        return str(self.path.relative_to(SOURCE / "pressrun"))

    @property
    def keys(self) -> list[tuple[str, str, str]]:
        """What may name it in `accepted.toml`, where line numbers would soon be wrong: its change, or any number."""
        changes = [self.change, "any number"] if _NUMBERS.fullmatch(self.change) else [self.change]
        return [(self.file, self.scope, change) for change in changes]

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.scope or 'module'}: {self.change}"

    def code(self) -> CodeType:
        """The whole module with this change, compiled."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        place = _places(tree)[self.number]
        place.put(ast.copy_location(place.new, place.old))
        return compile(ast.fix_missing_locations(tree), str(self.path), "exec", dont_inherit=True)


def find_mutants(paths: Sequence[Path]) -> list[Mutant]:
    """Every mutant of these files."""
    return [
        Mutant(
            path=path,
            number=number,
            line=cast("int", getattr(place.old, "lineno", 0)),
            scope=place.scope,
            first_line=place.first_line,
            change=" -> ".join(re.sub(r"\s+", " ", ast.unparse(side)) for side in (place.old, place.new)),
        )
        for path in paths
        for number, place in enumerate(_places(ast.parse(path.read_text(encoding="utf-8"))))
    ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Place:
    """A node, what it may become, and how to put that in its stead."""

    old: ast.AST
    new: ast.AST
    put: Callable[[ast.AST], None]
    scope: str
    first_line: int


def _places(tree: ast.AST) -> list[_Place]:
    finder = _Finder()
    finder.visit(tree)
    return finder.places


class _Finder:
    """Collects the places of one file in the order of its text."""

    def __init__(self) -> None:
        self.places: list[_Place] = []
        self._prefix = ""  # of the names of functions: the classes around
        self._function: tuple[str, int] | None = None  # the outermost, and its first line
        self._returns_bool = False
        self._assigned = ""  # by the statement of the module or class

    def visit(self, node: ast.AST) -> None:
        """Look at everything below a node."""
        for field, value in ast.iter_fields(node):
            if field in _LEFT_ALONE or (isinstance(node, ast.ClassDef) and field == "keywords"):
                continue
            if isinstance(value, list):
                for index, part in enumerate(value):
                    if isinstance(part, ast.AST):
                        self._enter(part, partial(value.__setitem__, index))
            elif isinstance(value, ast.AST):
                self._enter(value, partial(setattr, node, field))

    def _enter(self, node: ast.AST, put: Callable[[ast.AST], None]) -> None:
        for new in _changes(node, returns_bool=self._returns_bool):
            scope, first_line = self._function or (self._assigned, 0)
            self.places.append(_Place(old=node, new=new, put=put, scope=scope, first_line=first_line))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            self.visit(node.args)  # the code around a function evaluates its defaults
            self._enter_function(node)
        elif isinstance(node, ast.ClassDef):
            before, self._prefix = self._prefix, f"{self._prefix}{node.name}."
            self.visit(node)
            self._prefix = before
        elif isinstance(node, ast.Assign | ast.AnnAssign) and self._function is None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            self._assigned = self._prefix + ", ".join(map(ast.unparse, targets))
            self.visit(node)
            self._assigned = ""
        elif not isinstance(node, ast.Assert):
            self.visit(node)

    def _enter_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        before = self._function, self._returns_bool
        first_line = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        self._function = self._function or (f"{self._prefix}{node.name}", first_line)
        self._returns_bool = isinstance(node.returns, ast.Name) and node.returns.id == "bool"
        for index, part in enumerate(node.body):
            self._enter(part, cast("Callable[[ast.AST], None]", partial(node.body.__setitem__, index)))
        self._function, self._returns_bool = before


def _changes(node: ast.AST, *, returns_bool: bool) -> Iterator[ast.AST]:
    """What a node may become."""
    match node:
        case ast.Compare(ops=operators):
            for index, operator in enumerate(operators):
                changed = [*operators]
                changed[index] = _COMPARISONS[type(operator)]()
                yield _with(node, ops=changed)
        case ast.BoolOp(op=operator):
            yield _with(node, op=ast.Or() if isinstance(operator, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) if type(operator) in _ARITHMETIC:
            if not _is_union_of_types(node):
                yield _with(node, op=_ARITHMETIC[type(operator)]())
        case ast.Constant(value=value):
            yield from (ast.Constant(other) for other in _other_constants(value))
        case ast.Return(value=ast.expr() as value):
            if not isinstance(value, ast.Constant):
                yield ast.Return(ast.UnaryOp(ast.Not(), value) if returns_bool else ast.Constant(None))
            elif value.value is not None and not returns_bool:
                yield ast.Return(ast.Constant(None))


def _other_constants(value: object) -> list[bool | int | float | bytes]:
    match value:
        case bool():
            return [not value]
        case int() | float():
            return [value + 1]
        case bytes():
            return [b"" if value else b"!"]
        case _:
            return []


def _is_union_of_types(node: ast.AST) -> bool:
    """`int | None` outside annotations."""
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.BitOr):
        return False
    return any(
        (isinstance(side, ast.Constant) and side.value is None) or (isinstance(side, ast.Name) and side.id in _TYPES)
        for side in (node.left, node.right)
    )


def _with(node: ast.AST, **changes: Any) -> ast.AST:
    changed = copy.copy(node)
    for name, value in changes.items():
        setattr(changed, name, value)
    return changed
