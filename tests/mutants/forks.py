"""Runs the tests against one mutant after the other, each in a fork of a process that is ready to test.

A change of a function replaces its code in a fork of a collected session. Any other change, and that of a function
which runs while modules are imported, is imported anew in a fork of a process that has imported the libraries alone.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, cast

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings
from tests.mutants.changes import ROOT, SOURCE, Mutant

FOLDERS = ("core", "smtp")
_CPU_SECONDS = 60
_ADDRESS_SPACE = 4 << 30
# A smaller example explains a failure to a person; nobody reads these.
_PHASES = [Phase.explicit, Phase.generate]
settings.register_profile("mutants", deadline=None, derandomize=True, database=None, phases=_PHASES)
_OPTIONS = [
    *("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # of what is imported here already
]
_UNSOUND, _SURVIVED, _CAUGHT, _LATER = "unsound", "survived", "caught", "later"

_Function = tuple[str, str, int]  # file, qualified name, first line


def try_all(mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant, and whether the tests caught it; RuntimeError when they fail without a change."""
    later = []
    for line in _lines_of(_Session(mutants).run):
        number, verdict = line.split()
        if verdict == _UNSOUND:
            raise RuntimeError("the tests fail without any change")
        if verdict == _LATER:
            later.append(mutants[int(number)])
        else:
            yield mutants[int(number)], verdict == _CAUGHT
    for mutant in later:
        yield mutant, _status_of(partial(_import_and_test, mutant)) != 0


def _status_of(run: Callable[[], int]) -> int:
    """The exit status of `run` in a silent fork, with limits of memory and processor time."""
    if (child := os.fork()) == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
        _end_with(run)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _lines_of(run: Callable[[Callable[[str], object]], int]) -> Iterator[str]:
    """What `run` writes in a silent fork."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        _end_with(lambda: run(lambda line: os.write(writing, f"{line}\n".encode())))
    os.close(writing)
    with os.fdopen(reading) as lines:
        yield from lines
    if status := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise RuntimeError(f"the session ended with {status}")


def _end_with(run: Callable[[], int]) -> None:
    status = 70
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        status = run()
    finally:
        os._exit(status)


# --- The order of tests -----------------------------------------------------------------------------------------------


def _ranks(module: Path) -> dict[Path, int]:
    """All files of tests: 0 for that of the module itself, 1 for those that import it, 2 for the others."""
    dotted = ".".join(module.relative_to(SOURCE).with_suffix("").parts)
    parent, _, stem = dotted.rpartition(".")
    imports = re.compile(rf"{re.escape(dotted)}\b|from {re.escape(parent)} import .*\b{stem}\b")

    def rank(path: Path, text: str) -> int:
        if path.stem == f"test_{stem}" and path.parent.name == module.parent.name:
            return 0
        return 1 if imports.search(text) else 2

    return {path: rank(path, text) for path, text in _test_files().items()}


@cache
def _test_files() -> dict[Path, str]:
    files = (path for folder in FOLDERS for path in sorted((ROOT / "tests" / folder).rglob("test_*.py")))
    return {path: path.read_text(encoding="utf-8") for path in files}


# --- In a collected session -------------------------------------------------------------------------------------------


class _Session:
    """A pytest session that runs its tests once for each mutant, in a fork."""

    def __init__(self, mutants: Sequence[Mutant]) -> None:
        self._mutants = mutants
        self._write: Callable[[str], object] = print
        self._ran_at_import: set[_Function] = set()
        self._seconds: dict[str, float] = {}  # of the processor, by test
        self._called: dict[str, set[tuple[str, ...]]] = {}  # (file, outermost function), by test

    def run(self, write: Callable[[str], object]) -> int:
        """Collect and try; writes a line of number and verdict for each mutant."""
        self._write = write
        sys.setprofile(self._note_call)
        return int(pytest.main([*_OPTIONS, *(str(ROOT / "tests" / folder) for folder in FOLDERS)], plugins=[self]))

    def _note_call(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(SOURCE)):
            self._ran_at_import.add(_function(frame.f_code))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Instead of one run of all tests."""
        sys.setprofile(None)
        functions: dict[_Function, list[FunctionType]] = {}
        gc.unfreeze()  # what is frozen is not listed
        for known in gc.get_objects():
            if isinstance(known, FunctionType):
                functions.setdefault(_function(known.__code__), []).append(known)
        gc.freeze()
        if not self._is_sound(session.items):
            self._write(f"0 {_UNSOUND}")
            return True
        for number, mutant in enumerate(self._mutants):
            changed = (str(mutant.path), mutant.scope, mutant.first_line)
            verdict = _LATER
            if changed in functions and changed not in self._ran_at_import:
                status = _status_of(partial(self._test, session.items, mutant, functions[changed]))
                verdict = _CAUGHT if status else _SURVIVED
            self._write(f"{number} {verdict}")
        return True

    def _is_sound(self, items: list[pytest.Item]) -> bool:
        """Whether all tests pass; learns how long each takes, and which functions it calls."""

        def run(write: Callable[[str], object]) -> int:
            with _calls() as called:
                for item, following in _with_the_next(items):
                    began = time.process_time()
                    has_failed = _has_failed(item, following)
                    seconds = time.process_time() - began
                    write(json.dumps([has_failed, seconds, called()]))
            return 0

        learned = [json.loads(line) for line in _lines_of(run)]
        self._seconds = {item.nodeid: seconds for item, (_, seconds, _) in zip(items, learned, strict=True)}
        self._called = {
            item.nodeid: {tuple(name) for name in called} for item, (_, _, called) in zip(items, learned, strict=True)
        }
        return not any(has_failed for has_failed, _, _ in learned)

    def _test(self, items: list[pytest.Item], mutant: Mutant, functions: list[FunctionType]) -> int:
        """1 as soon as a test fails; what takes ten times as long as without the change ends with a signal."""
        for function in functions:
            function.__code__ = _code_within(mutant.code(), mutant)
        ranks = _ranks(mutant.path)
        calling = [item for item in items if (str(mutant.path), mutant.scope) in self._called[item.nodeid]]
        ordered = sorted(calling, key=lambda item: (ranks[item.path], self._seconds[item.nodeid]))
        for item, following in _with_the_next(ordered):
            signal.setitimer(signal.ITIMER_PROF, 2 + 10 * self._seconds[item.nodeid])
            if _has_failed(item, following):
                return 1
        return 0


@contextmanager
def _calls() -> Iterator[Callable[[], list[tuple[str, str]]]]:
    """Gives the functions of ours, as (file, outermost function), that were called since it was last asked."""
    called: set[tuple[str, str]] = set()
    monitoring: Any = vars(sys)["monitoring"]  # since Python 3.12

    def start(code: CodeType, _: int) -> object:
        if code.co_filename.startswith(str(SOURCE)):
            called.add((code.co_filename, code.co_qualname.partition(".<locals>")[0]))
        return monitoring.DISABLE

    def since() -> list[tuple[str, str]]:
        names = sorted(called)
        called.clear()
        monitoring.restart_events()
        return names

    monitoring.use_tool_id(monitoring.PROFILER_ID, "mutants")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_START, start)
    monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.PY_START)
    try:
        yield since
    finally:
        monitoring.set_events(monitoring.PROFILER_ID, 0)
        monitoring.free_tool_id(monitoring.PROFILER_ID)


def _function(code: CodeType) -> _Function:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _with_the_next(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item | None]]:
    return zip(items, [*items[1:], None], strict=True)


def _has_failed(item: pytest.Item, following: pytest.Item | None) -> bool:
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=following))


def _code_within(code: CodeType, mutant: Mutant) -> CodeType:
    """The code of the changed function within that of its module, or of a class there."""
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if _function(constant)[1:] == (mutant.scope, mutant.first_line):
                return constant
            if mutant.scope.startswith(f"{constant.co_qualname}."):
                return _code_within(constant, mutant)
    raise LookupError(str(mutant))


# --- Imported anew ----------------------------------------------------------------------------------------------------


def _import_and_test(mutant: Mutant) -> int:
    sys.meta_path.insert(0, cast("Any", _Finder(mutant)))
    files = sorted(_ranks(mutant.path).items(), key=lambda item: item[1])
    return int(pytest.main([*_OPTIONS, *(str(path) for path, _ in files)]))


class _Finder:
    """Finds the changed module before the one on disk."""

    def __init__(self, mutant: Mutant) -> None:
        parts = mutant.path.relative_to(SOURCE).with_suffix("").parts
        self._name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self._mutant = mutant

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name != self._name:
            return None
        loader = _Loader(name, str(self._mutant.path))
        loader.code = self._mutant.code()
        return importlib.util.spec_from_file_location(name, self._mutant.path, loader=loader)


class _Loader(SourceFileLoader):
    """Loads the changed code."""

    code: CodeType

    def get_code(self, fullname: str) -> CodeType:
        return self.code
