"""One vocabulary: every class has its own name, a verb has one meaning, and the glossary lists the words in use.

The few exceptions are listed below with their reasons.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.repository.sources import PACKAGE as _PACKAGE
from tests.repository.sources import nodes_of, source_trees, trees_of_tests

_ROOT = Path(__file__).parents[2]
_GLOSSARY = _ROOT / "docs" / "glossary.md"
_COLLECTIONS = ("list[", "dict[", "Sequence[", "Mapping[", "Iterator[", "tuple[", "set[")

# Nouns that this project once made up, each with the word of the field in its place.
RETIRED_NOUNS = {
    "aftermath": "consequences",
    "braking": "auto-pause",
    "departure": "unsubscribe",
    "desk": "broker, build context or reader context",
    "doors": "listeners",
    "errand": "pending request",
    "glance": "header scan",
    "imprint": "stored copy",
    "lane": "destination",
    "lifeline": "parent death",
    "lookout": "wake-up",
    "manners": "fallback",
    "plate": "compiled edition",
    "press": "delivery, worker or mailer",
    "pressing": "lifecycle",
    "screening": "abuse limits",
    "shelf": "destination queues",
    "siege": "attack detector",
    "surge": "rate anomaly",
    "suspects": "poison messages",
    "tally": "count",
    "unmade": "composition failed",
    "vetting": "sender check",
    "wish": "batch item",
    "witness": "a plain word",
    "workshop": "edition preparer",
}

# The same for what tests drive: classes, modules and arguments.
RETIRED_IN_TESTS = {
    "house": "instance or harness",
    "lobby": "harness",
    "office": "services",
    "pressroom": "harness",
}

# What no function of a test or harness is called: it hides which of these things happens.
RETIRED_FUNCTIONS = {
    "furnish": "build or set up",
    "take": "accept, claim, import or next",
    "take_all": "the same of all",
    "turn": "run a cycle",
}

# What may stay, by the last part of its name, each with its reason. An entry that is no longer needed fails its test.
LEFT_CLASSES: set[str] = set()
LEFT_NAMES = {"note", "Fallback.note"}  # nouns here: a finding of that severity, and a remark
LEFT_ANSWERS = {"VerbGroup.get_command"}  # a method of click's
# Other words for terms in use, and plain English: these may come into use.
OTHER_TERMS = {"smarthost", "soft bounce", "delivery report"}
PLAIN_WORDS = {"alarm", "capture", "commits", "declare", "offline", "palette", "transports"}
# What a variable may not be called: it says nothing about what is in it.
EMPTY_NAMES = {"found", "given", "one"}


@dataclass(frozen=True, slots=True)
class Name:
    """A public function, method, class or module."""

    module: str
    path: str
    returns: str = ""
    is_async: bool = False

    def __str__(self) -> str:
        return self.path or self.module.rpartition("/")[2]

    @property
    def words(self) -> list[str]:
        return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", str(self).rpartition(".")[2])]

    @property
    def verb(self) -> str:
        """The first word of a function, which is a verb where the function does something."""
        return self.words[0] if self.returns else ""


def _trees() -> Mapping[str, ast.Module]:
    return {str(file.relative_to(_PACKAGE)): tree for file, tree in source_trees().items()}


@cache
def _names() -> Sequence[Name]:
    names = []
    for file, tree in _trees().items():
        module = file.removesuffix(".py").removesuffix("/__init__")
        names += [Name(module, ""), *_names_in(tree.body, module, "")]
    return names


def _names_in(body: list[ast.stmt], module: str, above: str) -> Iterator[Name]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        path = f"{above}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield Name(module, path)
            yield from _names_in(node.body, module, f"{path}.")
            continue
        yield Name(
            module,
            path,
            returns="" if node.returns is None else ast.unparse(node.returns),
            is_async=isinstance(node, ast.AsyncFunctionDef),
        )


def _rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading of the glossary, without those that name its columns."""
    section = re.split(r"^#+ ", _GLOSSARY.read_text(encoding="utf-8"), flags=re.MULTILINE)
    (text,) = [part for part in section if part.startswith(heading)]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def _forms(verb: str) -> set[str]:
    stem = verb.removesuffix("e")
    return {verb, f"{verb}s", f"{stem}ed", f"{stem}ing"}


def _retired_verbs() -> set[str]:
    """The forms of verbs in the last column of the table."""
    irregular = {"take": {"took", "taken"}, "tell": {"told"}, "speak": {"spoke", "spoken"}, "say": {"said"}}
    others = {other for _, _, instead_of in _rows("Verbs") for other in re.findall(r"[a-z]+", instead_of)}
    return {form for other in others for form in _forms(other) | irregular.get(other, set())}


def _named_in_tests() -> Iterator[str]:
    for file, tree in trees_of_tests().items():
        yield file.stem
        yield from (node.name for node in nodes_of(tree, ast.ClassDef))
        yield from (node.arg for node in nodes_of(tree, ast.arg))


def test_tests_drive_things_with_plain_names() -> None:
    names = {name: {word.lower() for word in re.findall(r"[A-Z]?[a-z]+", name)} for name in set(_named_in_tests())}
    assert {} == {
        name: words & RETIRED_IN_TESTS.keys() for name, words in names.items() if words & RETIRED_IN_TESTS.keys()
    }


def test_functions_of_tests_say_what_they_do() -> None:
    assert [] == [
        f"{file.relative_to(_ROOT)}:{node.lineno} defines {node.name}"
        for file, tree in trees_of_tests().items()
        for node in nodes_of(tree, ast.stmt)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.strip("_") in RETIRED_FUNCTIONS
    ]


def test_no_two_classes_have_the_same_name() -> None:
    names = Counter(node.name for tree in _trees().values() for node in nodes_of(tree, ast.ClassDef))
    assert LEFT_CLASSES == {name for name, number in names.items() if number > 1}


def test_public_names_use_the_words_of_the_glossary() -> None:
    """No public name contains a verb that the table of verbs replaces, or a noun that this project once made up."""
    retired = _retired_verbs() | RETIRED_NOUNS.keys()
    nouns_too = {"note", "notes"}  # a note is also a noun
    offending = {
        str(name) for name in _names() if retired & {*name.words} - nouns_too or name.verb in retired & nouns_too
    }
    assert LEFT_NAMES == offending


def test_variables_are_named_after_what_they_hold() -> None:
    """Also those of loops, comprehensions and parameters, in the program and in its tests."""
    trees = {**source_trees(), **trees_of_tests()}
    assert [] == [
        f"{file.relative_to(_ROOT)}:{line} binds {name}"
        for file, tree in sorted(trees.items())
        for name, line in _bound(tree)
        if name in EMPTY_NAMES
    ]


def _bound(tree: ast.Module) -> Iterator[tuple[str | None, int]]:
    """Every name that holds a value, with its line."""
    for node in nodes_of(tree, ast.AST):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name, node.lineno
            case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.ExceptHandler(name=name):
                yield name, node.lineno


def test_a_function_returns_what_its_verb_promises() -> None:
    """What `find` may return is missing or empty, what `get` returns exists, and a question is answered by a bool."""
    assert LEFT_ANSWERS == {str(name) for name in _names() if name.returns and not _keeps_promise(name)}


def _keeps_promise(name: Name) -> bool:
    is_optional = "None" in name.returns
    match name.verb:
        case "find":
            return is_optional or name.returns.startswith(_COLLECTIONS)
        case "get" | "parse":
            return not is_optional
        case "is" | "has" | "are" | "may" | "can" | "needs":
            return name.returns == "bool"
        case "decide":
            return not name.is_async
        case _:
            return True


def test_every_term_of_the_glossary_is_in_use() -> None:
    """In code, in SQL, on a page or in another entry's meaning does not count: it must be used, not only explained."""
    pages = [page for page in _ROOT.glob("docs/**/*.md") if page != _GLOSSARY]
    code = [file for ending in ("py", "sql", "html", "toml") for file in _PACKAGE.rglob(f"*.{ending}")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in [*pages, *code, _ROOT / "README.md"]).lower()
    spaced = re.sub(r"[\s_]+", " ", text)
    terms = {term.strip() for row in _rows("Glossary") for term in row[0].split(",")}
    assert OTHER_TERMS >= {
        term for term in terms if not re.search(rf"\b{re.escape(term.lower()).replace('y', '(?:y|ie)')}s?\b", spaced)
    }


def test_the_verbs_of_the_glossary_are_in_use() -> None:
    assert set() == {row[0] for row in _rows("Verbs")} - {name.verb for name in _names()}


def test_packages_are_described_in_words_that_the_documentation_uses() -> None:
    """A word that only the docstring of a package uses is a private one: explain it in the glossary, or replace it."""
    pages = "\n".join(page.read_text(encoding="utf-8") for page in [*_ROOT.glob("docs/**/*.md"), *_ROOT.glob("*.md")])
    known = set(re.findall(r"[a-z]+", pages.lower()))
    used = {
        word
        for file, tree in _trees().items()
        if file.endswith("__init__.py")
        for word in re.findall(r"[a-z]+", (ast.get_docstring(tree) or "").lower())
    }
    assert PLAIN_WORDS >= {word for word in used - known if f"{word}s" not in known} | (used & set(RETIRED_NOUNS))
