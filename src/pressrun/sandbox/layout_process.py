"""The process for one layout: `python -m pressrun.sandbox.layout_process MEMORY_BYTES CPU_SECONDS`.

It reads a template and its values from stdin, renders them, and writes the result to stdout. It opens nothing, and
whatever a template does to it ends with the process.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import msgspec

from pressrun.core.errors import LayoutError
from pressrun.sandbox.confinement import allow_time, confine


class LayoutTask(msgspec.Struct, frozen=True):
    """A template and its values."""

    source: str
    plain: dict[str, Any]
    marks: dict[str, str]


class LayoutHtml(msgspec.Struct, frozen=True, tag="made"):
    """The HTML."""

    html: str


class LayoutFailed(msgspec.Struct, frozen=True, tag="failed"):
    """Why there is no HTML."""

    reason: str


LayoutResult = LayoutHtml | LayoutFailed


def render(packed: bytes) -> LayoutResult:
    """Render the template of a task."""
    # The daemon imports this module for the types alone, and should not load a template engine for them.
    from pressrun.message.own_layouts.template import render_template  # noqa: PLC0415

    try:
        task = msgspec.msgpack.decode(packed, type=LayoutTask)
        return LayoutHtml(render_template(task.source, task.plain, task.marks))
    except LayoutError as problem:
        return LayoutFailed(str(problem))
    except (MemoryError, RecursionError) as problem:
        return LayoutFailed(f"it needs too much memory or recursion ({type(problem).__name__})")


def main(arguments: Sequence[str]) -> None:
    """Read the task, confine this process, and write the result."""
    memory_bytes, cpu_seconds = (int(text) for text in arguments)
    packed = sys.stdin.buffer.read()
    import_module("pressrun.message.own_layouts.template")  # before the limits apply
    confine(memory_bytes=memory_bytes)
    allow_time(cpu_seconds)
    sys.stdout.buffer.write(msgspec.msgpack.encode(render(packed)))


if __name__ == "__main__":
    main(sys.argv[1:])
