"""The helper process for one layout: `python -m pressrun.sandbox.layout_process MEMORY_BYTES CPU_SECONDS`.

Reads a template and its values from stdin, renders them, and writes the answer to stdout. It opens nothing, and what a
template can do to it ends with it.
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
    """A template and what it is given."""

    source: str
    plain: dict[str, Any]
    marks: dict[str, str]


class Made(msgspec.Struct, frozen=True, tag="made"):
    """The HTML that came of it."""

    html: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """Why nothing came of it."""

    reason: str


Result = Made | Failed


def carry_out(packed: bytes) -> Result:
    """Render the template of a task."""
    # The daemon imports this module for the types alone, and should not load a template engine for them.
    from pressrun.message.own_layouts.template import render_template  # noqa: PLC0415

    try:
        task = msgspec.msgpack.decode(packed, type=LayoutTask)
        return Made(render_template(task.source, task.plain, task.marks))
    except LayoutError as problem:
        return Failed(str(problem))
    except (MemoryError, RecursionError) as problem:
        return Failed(f"it asks for too much ({type(problem).__name__})")


def main(arguments: Sequence[str]) -> None:
    """Take the task, confine this process, and answer."""
    memory_bytes, cpu_seconds = (int(text) for text in arguments)
    packed = sys.stdin.buffer.read()
    import_module("pressrun.message.own_layouts.template")  # before the limits apply
    confine(memory_bytes=memory_bytes)
    allow_time(cpu_seconds)
    sys.stdout.buffer.write(msgspec.msgpack.encode(carry_out(packed)))


if __name__ == "__main__":
    main(sys.argv[1:])
