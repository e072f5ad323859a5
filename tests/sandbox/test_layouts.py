"""Operators' layouts in a process of their own: what ends there, and what comes back."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from pressrun.core.errors import LayoutError, Unavailable
from pressrun.sandbox.layouts import LARGEST_TEMPLATE, LayoutLimits, OwnLayouts

LIMITS = LayoutLimits(wall_seconds=60, cpu_seconds=1)  # a busy machine gives a second of itself late


def layouts(folder: Path, source: str | bytes = "", limits: LayoutLimits = LIMITS) -> OwnLayouts:
    (folder / "own.html").write_bytes(source.encode() if isinstance(source, str) else source)
    return OwnLayouts(folder, limits)


def render(own_layouts: OwnLayouts, name: str = "own") -> str:
    return own_layouts.render(name, {"subject": "S", "preheader": "", "title": "T"}, {"content": "pmc"})


def _doubling(times: int) -> str:
    return "{% set x0 = 'xxxxxxxxxxxxxxxx' %}" + "".join(
        f"{{% set x{number + 1} = x{number} ~ x{number} %}}" for number in range(times)
    )


def test_what_the_template_makes_comes_back(tmp_path: Path) -> None:
    """Values escaped, marks as they are."""
    assert render(layouts(tmp_path, "<p>{{ title }} ä</p>{{ content }}")) == "<p>T ä</p>pmc"


def test_a_runaway_is_ended(tmp_path: Path) -> None:
    """By the time that it may have on a processor; the error names the layout."""
    loop = "{% for a in range(1000) %}" * 4 + "{% set x = a %}" + "{% endfor %}" * 4
    with pytest.raises(LayoutError, match="the layout own needed more than 1 s or 256 MiB and was stopped"):
        render(layouts(tmp_path, loop))


def test_one_that_waits_is_ended_by_the_clock(tmp_path: Path) -> None:
    """A machine too busy to give it a processor is no reason to wait for ever."""
    with pytest.raises(LayoutError, match=r"takes longer than 0\.01 s"):
        render(layouts(tmp_path, "x", LayoutLimits(wall_seconds=0.01)))


def test_one_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    """In the helper process, not in ours."""
    with pytest.raises(LayoutError, match=r"needs too much|needs more than"):
        render(layouts(tmp_path, _doubling(40)))


def test_endless_recursion_is_refused(tmp_path: Path) -> None:
    """A macro that calls itself."""
    with pytest.raises(LayoutError, match=r"needs too much"):
        render(layouts(tmp_path, "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"x" * (LARGEST_TEMPLATE + 1), "longer than 128 KiB"),
        (b"\xff\xfe", "not UTF-8. Save it as UTF-8"),
        (b"\n\n{{ nothing }}", "line 3: 'nothing' is undefined"),
    ],
)
def test_a_file_that_is_no_good_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    """And names the layout."""
    with pytest.raises(LayoutError, match=f"the layout own.*{words}"):
        render(layouts(tmp_path, content))


@pytest.mark.parametrize("name", ["missing", "../own", "Own", "a/b", "", "."])
def test_only_names_in_the_folder_are_read(tmp_path: Path, name: str) -> None:
    """A name is never a path."""
    (tmp_path / "folder").mkdir()
    layouts(tmp_path, "secret")
    with pytest.raises(LayoutError):
        render(OwnLayouts(tmp_path / "folder", LIMITS), name)


def test_what_there_is_can_be_listed(tmp_path: Path) -> None:
    """In order; other files and names that nobody could choose are passed over."""
    for name in ("b.html", "a.html", "Big.html", "notes.txt", ".html", "x y.html"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert OwnLayouts(tmp_path).names() == ["a", "b"]
    assert OwnLayouts(tmp_path / "missing").names() == []


def test_a_process_that_cannot_start_is_no_fault_of_the_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unavailable: try again later."""
    for program in ("/nonexistent/python", "/bin/false"):
        monkeypatch.setattr("sys.executable", program)
        with pytest.raises(Unavailable):
            render(layouts(tmp_path, "x"))


def test_it_is_not_made_of_what_lies_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules are not looked for where a verb was called: others may write there."""
    (tmp_path / "msgspec.py").write_text("raise SystemExit(3)\n", encoding="ascii")
    monkeypatch.chdir(tmp_path)
    assert render(layouts(tmp_path, "<p>{{ title }}</p>{{ content }}")) == "<p>T</p>pmc"


@pytest.mark.parametrize("called", ["pathlib.Path.open", "subprocess.run"])
def test_a_layout_that_cannot_be_tried_now_is_not_at_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, called: str
) -> None:
    """No descriptor is free for its file or its process: Unavailable, so that the edition is tried again."""
    own_layouts = layouts(tmp_path, "x")

    def lacking(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(called, lacking)
    with pytest.raises(Unavailable, match="Too many open files"):
        render(own_layouts)
