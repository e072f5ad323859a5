"""The docs against the repository: links lead somewhere, standards are listed, no machine shows through."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from pressrun.cli.main import pressrun
from pressrun.cli.verb_table import HELP_OPTIONS
from pressrun.services.mails.forwards import FORWARD

_ROOT = Path(__file__).parent.parent.parent
_PAGES = sorted([*_ROOT.glob("*.md"), *_ROOT.glob("docs/**/*.md"), *_ROOT.glob("changes.d/*.md")])
_TEXTS = (
    "*.py",
    "*.sql",
    "*.md",
    "*.toml",
    "*.txt",
    "*.in",
    "*.service",
    "*.socket",
    "*.html",
    "*.css",
    "*.js",
    "Makefile",
    "run",
)
_KINDS = ("added", "changed", "fixed", "removed", "security")


def _sources() -> Iterator[Path]:
    for folder in ("src", "tests", "docs", "systemd", "requirements", "changes.d", ".ci"):
        for pattern in _TEXTS:
            yield from (path for path in (_ROOT / folder).rglob(pattern) if "__pycache__" not in path.parts)
    yield from (path for path in _ROOT.iterdir() if path.is_file() and path.suffix in {".md", ".toml"})
    yield _ROOT / "Makefile"


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: str(page.relative_to(_ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    """A page that was renamed or never written is found here, and a heading that was renamed or never written."""
    missing = []
    for link, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", _prose(page)):
        target = page.parent / link if link else page
        if "://" in link or (target.is_file() and (not anchor or anchor in _anchors(target))) or target.is_dir():
            continue
        missing.append(f"{link}#{anchor}")
    assert missing == []


def _prose(page: Path) -> str:
    """Without its examples, which link to what they like."""
    return re.sub(r"(?ms)^ *(`{3,4}).*?^ *\1$", "", page.read_text(encoding="utf-8"))


@cache
def _anchors(page: Path) -> set[str]:
    """What a link can name in a page: its headings in lower case, spaces as hyphens, without punctuation."""
    headings = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_kind_of_notice_is_on_the_page_for_operators() -> None:
    """docs/how-to/own-mail.md names each mail that Pressrun writes by itself, and none that it does not know."""
    rows = (_ROOT / "src/pressrun/services/mails/notice_rows.py").read_text(encoding="utf-8")
    known = {*re.findall(r'^ +"(\w+)": (?:self\._|lambda )', rows, re.MULTILINE), FORWARD}
    assert {"confirmation", "policy_alert"} < known
    page = (_ROOT / "docs" / "how-to" / "own-mail.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]*`) \|", page, re.MULTILINE)
    assert {kind for cell in cells for kind in re.findall(r"`(\w+)`", cell)} == known


def test_every_standard_that_is_named_is_listed() -> None:
    """An RFC that a source file obeys stands in docs/rfc.md, with how far it is kept."""
    listed = set(re.findall(r"^\| RFC (\d+) \|", (_ROOT / "docs" / "rfc.md").read_text(encoding="utf-8"), re.MULTILINE))
    named: dict[str, str] = {}
    for path in (_ROOT / "src").rglob("*.py"):
        for number in re.findall(r"\bRFC[  ]?(\d{3,5})\b", path.read_text(encoding="utf-8")):
            named.setdefault(number, str(path.relative_to(_ROOT)))
    assert {number: path for number, path in named.items() if number not in listed} == {}


@pytest.mark.parametrize("page", ["docs/configuration.md", "docs/operating.md", "README.md"])
def test_pages_that_must_be_there(page: str) -> None:
    """README and the two pages an operator needs exist and are not empty."""
    assert len((_ROOT / page).read_text(encoding="utf-8")) > 1000


def test_fragments_of_news_have_a_known_kind() -> None:
    """`NAME.KIND.md`, so that a release can sort them."""
    names = [path.name for path in (_ROOT / "changes.d").iterdir() if path.name != "README.md"]
    assert [name for name in names if not re.fullmatch(rf"[a-z0-9-]+\.({'|'.join(_KINDS)})\.md", name)] == []


def test_no_file_speaks_of_the_machine_it_was_made_on() -> None:
    """No home folder, no private index, no download address."""
    marks = re.compile(
        "|".join(["/ro" + "ot/", "/wo" + "rk/", "--index" + "-url", "--find" + "-links", r"files\.python" + "hosted"])
    )
    traces = {
        str(path.relative_to(_ROOT)): match[0]
        for path in _sources()
        for match in [marks.search(path.read_text(encoding="utf-8", errors="replace"))]
        if match
    }
    assert traces == {}


@pytest.mark.parametrize("name", ["run", "dev", "build", "postgresql"])
def test_requirements_are_pinned_with_hashes(name: str) -> None:
    """Every line names one version, and every version has hashes."""
    text = (_ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.match(r"\S+==\S+\s.*--hash=sha256:[0-9a-f]{64}", line)] == []


@pytest.mark.parametrize("installed", ["run.txt", "postgresql.txt"])
def test_what_runs_is_what_was_tested(installed: str) -> None:
    """The tests' requirements pin the same versions as those of the installation."""
    versions = [
        dict(
            re.findall(
                r"^([A-Za-z0-9._-]+)==(\S+)", (_ROOT / "requirements" / name).read_text(encoding="utf-8"), re.MULTILINE
            )
        )
        for name in (installed, "dev.txt")
    ]
    assert {name: version for name, version in versions[0].items() if versions[1].get(name) != version} == {}


def test_the_shell_can_read_what_ci_runs() -> None:
    """`.ci/run` is a script without a syntax error, and may be executed."""
    script = _ROOT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


@pytest.mark.parametrize(("ends", "code"), [("0\n1\n", 0), ("1\n2\n", 1), ("1\n", 1), (None, 1)])
def test_failed_tests_are_run_again_only_if_all_tests_ran(ends: str | None, code: int, tmp_path: Path) -> None:
    """A run that broke off, or was killed, has not run the others: that those few pass says nothing."""
    script = (_ROOT / ".ci" / "run").read_text(encoding="utf-8")
    match = re.search(r"(?ms)^run_again\(\) \{$.*?^\}$", script)
    assert match is not None
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to("/bin/true")
    if ends is not None:
        (tmp_path / "ends").write_text(ends, encoding="ascii")
    called = subprocess.run(
        ["bash", "-c", f"set -euo pipefail\n{match[0]}\nrun_again {tmp_path} 2 1"],
        env={**os.environ, "PRESSRUN_TEST_ENDS": str(tmp_path / "ends")},
        capture_output=True,
        check=False,
    )
    assert code == called.returncode


def test_a_run_of_tests_leaves_its_exit_code(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    for options in (["--collect-only"], ["-k", "nothing_of_this_name"]):
        subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "tests/core/abuse/test_work.py"],
            cwd=_ROOT,
            env={**os.environ, "PRESSRUN_TEST_ENDS": str(ends)},
            capture_output=True,
            check=False,
        )
    assert "0\n5\n" == ends.read_text(encoding="ascii")


def _typed() -> Iterator[tuple[str, str]]:
    """Every `pressrun …` that is to be typed, with its page."""
    for page in _PAGES:
        for block in re.findall(r"(?ms)^ *```sh\n(.*?)^ *```$", page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", "").splitlines():
                match = re.match(r"\s*(?:\S*/)?pressrun\s+([^|>;&]*)", line)
                if match is not None and "…" not in line:
                    yield str(page.relative_to(_ROOT)), match[1]


@pytest.mark.parametrize(("page", "words"), sorted(set(_typed())))
def test_what_is_to_be_typed_is_a_verb_of_the_program(page: str, words: str) -> None:
    """A verb, an option or an argument that has another name by now is found here. Nothing is carried out."""
    command: click.Command = pressrun
    rest = shlex.split(words, comments=True)
    parent: click.Context | None = None
    while isinstance(command, click.Group):
        parent = click.Context(command, info_name=command.name, parent=parent, help_option_names=HELP_OPTIONS)
        _, rest, _ = command.make_parser(parent).parse_args(rest)
        _, verb, rest = command.resolve_command(parent, rest)
        assert verb is not None, f"{page}: there is no verb {rest}"
        command = verb
    ctx = click.Context(command, info_name=command.name, parent=parent, help_option_names=HELP_OPTIONS)
    values, left, _ = command.make_parser(ctx).parse_args(rest)
    missing = [
        parameter.name for parameter in command.params if parameter.required and not values.get(parameter.name or "")
    ]
    assert (page, left, missing) == (page, [], [])


_DECISIONS = sorted((_ROOT / "docs" / "decisions").glob("*.md"))
_SECTIONS = ["Context", "Options", "Decision", "Drawbacks", "How we would notice that it was wrong"]
_STATUS = re.compile(
    r"\*\*Date\*\* (?:\d{4}-\d\d-\d\d|YYYY-MM-DD) · \*\*Status\*\* (?:accepted|superseded by \[(\d{4})\])[^\n]*"
)


@pytest.mark.parametrize("path", _DECISIONS, ids=lambda path: path.stem)
def test_every_decision_has_the_same_form(path: Path) -> None:
    """Number and title, date and status, and five sections in one order; others may follow the third."""
    title, _, status, *rest = path.read_text(encoding="utf-8").splitlines()
    assert title.startswith(f"# {path.name[:4]} · ")
    assert _STATUS.match(status)
    sections = [line.removeprefix("## ") for line in rest if line.startswith("## ")]
    assert _SECTIONS == [section for section in sections if section in _SECTIONS]


@pytest.mark.parametrize("path", _DECISIONS, ids=lambda path: path.stem)
def test_the_files_that_a_decision_names_exist(path: Path) -> None:
    """By their path in the program or in the repository."""
    named = re.findall(r"`([a-z_]+/[a-z_/]+\.(?:py|toml|sql))`", path.read_text(encoding="utf-8"))
    roots = (_ROOT, _ROOT / "src" / "pressrun")
    assert [] == [name for name in named if not any((root / name).exists() for root in roots)]


def test_superseded_decisions_are_named_at_both_ends() -> None:
    texts = {path.name[:4]: path.read_text(encoding="utf-8").splitlines()[2] for path in _DECISIONS[1:]}
    superseded = {
        (number, by) for number, line in texts.items() for by in re.findall(r"superseded by \[(\d{4})\]", line)
    }
    supersedes = {
        (old, number)
        for number, line in texts.items()
        for old in re.findall(r"\[(\d{4})\]", line.partition("Supersedes")[2])
    }
    assert superseded == supersedes != set()


def test_every_decision_has_a_number_of_its_own() -> None:
    """Two that were written side by side took the same one."""
    numbers = [path.name[:4] for path in (_ROOT / "docs" / "decisions").glob("*.md")]
    assert sorted(set(numbers)) == sorted(numbers)


_FLOW_STEP = re.compile(r"^\| `([\w/]+\.py)` \| `([\w.]+)` \|", re.MULTILINE)


def test_every_function_of_the_flows_exists() -> None:
    """Each stands in its file, and no step is named twice within a flow."""
    flows = (_ROOT / "docs" / "flows.md").read_text(encoding="utf-8").split("\n## ")[1:]
    steps = [_FLOW_STEP.findall(flow) for flow in flows]
    assert [] == [(path, name) for flow in steps for path, name in flow if name not in _functions_of(path)]
    assert [len(set(flow)) for flow in steps] == [len(flow) for flow in steps]
    assert 6 == len([flow for flow in steps if len(flow) > 5])


def _functions_of(path: str) -> set[str]:
    """The functions of a source file, and the methods of its classes with their class in front."""
    tree = ast.parse((_ROOT / "src" / "pressrun" / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    methods = [(cls.name, member) for cls in tree.body if isinstance(cls, ast.ClassDef) for member in cls.body]
    return {node.name for node in tree.body if isinstance(node, kinds)} | {
        f"{name}.{member.name}" for name, member in methods if isinstance(member, kinds)
    }


def test_every_test_that_keeps_a_promise_exists() -> None:
    named = re.findall(r"`(tests/[\w/.]+)", (_ROOT / "docs" / "promises.md").read_text(encoding="utf-8"))
    assert named
    assert [] == [name for name in named if not (_ROOT / name).exists()]
