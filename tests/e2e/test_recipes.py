"""docs/how-to/programs.md, typed as written at a real daemon with a relay: each answer is the one printed there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.instance import Instance, opened_instance, plain_environment, until

PAGE = Path(__file__).parent.parent.parent / "docs" / "how-to" / "programs.md"
LISTS = ("news", "members", "releases")
ADDRESS = "export A=https://news.example.org/api/v1\n"  # the only line that is replaced
ANYTHING = "…"
CHANGES = re.compile(r"-X |-d '|--data|>|\./|pressrun")  # what is typed once; all else only looks, and may wait

pytestmark = [
    pytest.mark.needs("curl", "jq"),
    pytest.mark.only_on("sqlite", "it compares the answers of the docs, which no engine changes"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What to type, and the kind and text of the block that follows, if any: what is printed then."""

    typed: str
    kind: str
    printed: str


def steps() -> Iterator[Step]:
    blocks = re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))
    following = [*blocks[1:], ("sh", "")]
    for (kind, text), (next_kind, next_text) in zip(blocks, following, strict=True):
        if kind == "sh":
            yield Step(typed=text, kind=next_kind, printed="" if next_kind == "sh" else next_text)


def test_every_recipe_does_what_is_printed_below_it(sink_program: Path, tmp_path: Path) -> None:
    first, *others = steps()
    assert first.typed == ADDRESS
    with opened_instance(tmp_path / "instance", sink_program) as instance:
        for name in LISTS:
            instance.create_list(name)
        instance.start()
        shell = Shell(instance)
        for step in others:
            shell.type(step)
        assert {"bob@reader.example", "ada@reader.example", "chidi@reader.example"} == set(instance.accepted())
        assert len(instance.accepted()) == 3
        assert [] == instance.daemon.events("http.failed") if instance.daemon else None


class Shell:
    """A shell in the folder of an instance. Functions that the page defines stay defined."""

    def __init__(self, instance: Instance) -> None:
        self._folder = instance.folder
        self._functions = ""
        program = instance.folder / "bin" / "pressrun"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\nexec {sys.executable} -m pressrun "$@"\n', encoding="ascii")
        program.chmod(0o755)
        (instance.folder / ".curlrc").write_text("silent\nshow-error\nfail-with-body\n", encoding="ascii")
        self._environment = {
            **plain_environment(),
            "A": f"http://127.0.0.1:{instance.http_port}/api/v1",
            "CURL_HOME": str(instance.folder),
            "PATH": f"{program.parent}:{os.environ['PATH']}",
        }

    def type(self, step: Step) -> None:
        """Run one block; raises AssertionError unless it ends and prints as the page says."""
        self._functions += "".join(re.findall(r"(?m)^\w+\(\) \{.*\}\n", step.typed))
        if CHANGES.search(step.typed):
            self._require(step)
        else:
            until(lambda: self._matches(step))

    def _matches(self, step: Step) -> bool | None:
        with suppress(AssertionError):
            self._require(step)
            return True
        return None

    def _require(self, step: Step) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self._functions + step.typed],
            check=False,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        said = f"{step.typed}{done.stdout}{done.stderr}"
        if step.kind == "json" and step.printed:
            wanted, shown = _documents(step.printed), _documents(done.stdout)[-len(_documents(step.printed)) :]
            assert _agree(wanted, shown), said
            assert (done.returncode != 0) == ("status" in wanted[-1]), said
        else:
            assert done.returncode == 0, said
            assert not step.printed or _agree(step.printed, done.stdout.replace("\r\n", "\n").strip() + "\n"), said


def _documents(text: str) -> list[Any]:
    """JSON values one after the other."""
    decoder, documents, at = json.JSONDecoder(), list[Any](), 0
    while text := text[at:].strip():
        value, at = decoder.raw_decode(text)
        documents.append(value)
    return documents


def _agree(wanted: Any, shown: Any) -> bool:
    """Whether they are the same where the page is definite; "…": "…" stands for further members."""
    if isinstance(wanted, str) and ANYTHING in wanted:
        pattern = ".*".join(map(re.escape, wanted.split(ANYTHING)))
        return wanted == ANYTHING or (isinstance(shown, str) and re.fullmatch(pattern, shown) is not None)
    if isinstance(wanted, dict) and isinstance(shown, dict):
        named = wanted.keys() - {ANYTHING}
        is_complete = ANYTHING in wanted or named == shown.keys()
        return is_complete and named <= shown.keys() and all(_agree(wanted[name], shown[name]) for name in named)
    if isinstance(wanted, list) and isinstance(shown, list):
        return len(wanted) == len(shown) and all(map(_agree, wanted, shown))
    return bool(wanted == shown)
