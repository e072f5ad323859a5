"""The operators' own layouts: files `NAME.html` in a folder, each rendered in a process of its own.

Rendering blocks for as long as the limits allow, so it runs in a thread or in a verb, never on the event loop.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pressrun.core.errors import LayoutError, Unavailable
from pressrun.core.upkeep.resources import is_out_of_resources
from pressrun.sandbox.confinement import bare_environment
from pressrun.sandbox.layout_process import LayoutFailed, LayoutHtml, LayoutResult, LayoutTask

LARGEST_TEMPLATE = 128 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
_SUFFIX = ".html"
_RESULTS: msgspec.msgpack.Decoder[LayoutResult] = msgspec.msgpack.Decoder(LayoutResult)


class LayoutLimits(Struct, frozen=True, kw_only=True):
    """What one rendering may cost: wall-clock time, CPU time, and the memory of the process.

    The wall-clock time, in which a busy machine also has to start the process, is only for one that hangs.
    """

    wall_seconds: float = 15.0
    cpu_seconds: int = 2
    memory_bytes: int = 256 * 1024 * 1024


class OwnLayouts:
    """The layouts of one folder (services.ports.LayoutRenderer)."""

    def __init__(self, folder: Path, limits: LayoutLimits | None = None) -> None:
        self._folder = folder
        self._limits = limits or LayoutLimits()

    def names(self) -> list[str]:
        """The layouts in the folder, sorted; none if there is no folder."""
        try:
            paths = [path for path in self._folder.iterdir() if path.suffix == _SUFFIX]
        except OSError:
            return []
        return sorted(path.stem for path in paths if _NAME.fullmatch(path.stem))

    def render(self, name: str, plain: Mapping[str, Any], marks: Mapping[str, str]) -> str:
        """Render a template with these values. Raises LayoutError, and Unavailable when no process can be started."""
        task = LayoutTask(self._read(name), dict(plain), dict(marks))
        match self._run(name, msgspec.msgpack.encode(task)):
            case LayoutHtml(html=html) if "\0" in html:
                raise LayoutError(f"the layout {name}: its output contains a NUL character, which no email may contain")
            case LayoutHtml(html=html):
                return html
            case LayoutFailed(reason=reason):
                raise LayoutError(f"the layout {name}: {reason}")

    def _read(self, name: str) -> str:
        path = self._folder / f"{name}{_SUFFIX}"
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_TEMPLATE + 1) if _NAME.fullmatch(name) else b""
        except OSError as problem:
            if is_out_of_resources(problem):
                raise Unavailable(f"the layout {name} cannot be read now: {problem.strerror}") from None
            raise LayoutError(f"the layout {name} cannot be read from {path}: {problem.strerror}") from None
        if not content or len(content) > LARGEST_TEMPLATE:
            raise LayoutError(f"the layout {name} is empty, or longer than {LARGEST_TEMPLATE // 1024} KiB")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise LayoutError(f"the layout {name} is not UTF-8. Save it as UTF-8") from None

    def _run(self, name: str, packed: bytes) -> LayoutResult:
        limits = self._limits
        command = [sys.executable, "-P", "-m", "pressrun.sandbox.layout_process", str(limits.memory_bytes)]
        try:
            done = subprocess.run(  # noqa: S603 - our own module, and nothing of the template in the arguments
                [*command, str(limits.cpu_seconds)],
                input=packed,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=limits.wall_seconds,
                env=bare_environment(),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LayoutError(f"the layout {name} takes longer than {limits.wall_seconds:g} s") from None
        except OSError as problem:
            raise Unavailable(f"cannot start the process that renders layouts: {problem}") from None
        if done.returncode < 0:
            what = f"{limits.cpu_seconds} s or {limits.memory_bytes // 1024**2} MiB"
            raise LayoutError(f"the layout {name} needed more than {what} and was stopped")
        try:
            return _RESULTS.decode(done.stdout)
        except msgspec.DecodeError:
            raise Unavailable(f"the process that renders layouts gave no answer (exit {done.returncode})") from None
