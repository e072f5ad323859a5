"""A machine on which tests type the pages of the docs: in new namespaces, so that a page's changes to /etc do not last.

The disk is the host's with layers above it that are kept in memory, the network is loopback alone with a relay on
port 25, and the terminal is a real one at which somebody answers yes. Programs that would reach another machine, or
install what a test must not, are stand-ins: tests/e2e/stand_ins.py.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.conftest import fork_server
from tests.e2e.instance import plain_environment
from tests.e2e.stand_ins import scripts

ROOT = Path(__file__).parents[2]
LAYERS = ("etc", "var", "opt", "usr", "root", "srv")
_PROMPT = re.compile(rb"\[y/N\]:? ?$")
_SECONDS = 120.0

# Nothing is typed before all layers are there.
_BOOT = r"""
set -euo pipefail
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
for name in @LAYERS@; do
  mkdir -p /run/kept/$name/upper /run/kept/$name/work
  layers=lowerdir=@LOWER@/$name,upperdir=/run/kept/$name/upper,workdir=/run/kept/$name/work
  mount -t overlay -o $layers,redirect_dir=on overlay /$name
  [ "$(stat --file-system --format %T /$name)" = overlayfs ]
done
ip link set lo up
cp -a @FILES@/. /
@COPY@
[ ! -e /etc/tmpfiles.d/pressrun.conf ] || systemd-tmpfiles --create pressrun.conf
@SINK@ --listen 127.0.0.1:25 --log /run/sink.tsv >/dev/null &
export PATH=@FILES@/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/root PAGER=cat GIT_PAGER=cat EDITOR=editor TERM=dumb
cd
pressrun() { command pressrun "$@" || [ "${1:-} $?" = "doctor 1" ]; }  # which warns of all that is not here
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """What was typed, how it ended, and what the terminal showed."""

    code: int
    shown: str


@dataclass(slots=True, kw_only=True)
class TypedMachine:
    """A machine that is made for one page; `lower` are the layers that another one has kept."""

    folder: Path
    sink_program: Path
    lower: Sequence[Path] = ()
    files: dict[str, str | bytes] = field(default_factory=dict)
    copied: dict[str, Path] = field(default_factory=dict)

    def type(self, *blocks: str, keep: Path | None = None) -> Typing:
        """Type blocks of commands one after the other into one shell; `keep` is where to keep the layers."""
        files = self.folder / "files"
        for name, content in {**scripts(ROOT, sys.executable), **self.files}.items():
            place = files / name.replace("~", "root").lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content if isinstance(content, bytes) else content.encode())
            if "/bin/" in name or "/run/" in name:
                place.chmod(0o755)
        (files / "bin").rename(self.folder / "bin")
        script = self._boot(files)
        for number, block in enumerate(blocks):
            script += f"echo 'block {number}'\n{block}\n"
        if keep is not None:
            script += f"mkdir -p {keep}\n" + "".join(
                f"mkdir -p {keep}/{name} && cp -a /run/kept/{name}/upper/. {keep}/{name}/\n" for name in LAYERS
            )
        path = self.folder / "typed.sh"
        path.write_text(script, encoding="utf-8")
        return _at_a_terminal(path)

    def _boot(self, files: Path) -> str:
        lower = ":".join(f"{folder}/$name" for folder in self.lower)
        return (
            _BOOT.replace("@LAYERS@", " ".join(LAYERS))
            .replace("@LOWER@/$name", f"{lower}:/$name" if lower else "/$name")
            .replace("@FILES@/bin", str(self.folder / "bin"))
            .replace("@FILES@", str(files))
            .replace("@COPY@", "".join(f"cp -r {source} {place}\n" for place, source in self.copied.items()))
            .replace("@SINK@", shlex.quote(str(self.sink_program)))
        )


def _at_a_terminal(script: Path) -> Typing:
    """Run it at a new terminal, and answer yes to every question."""
    ours, theirs = pty.openpty()
    try:
        process = fork_server().start(
            [str(script)], script.parent, plain_environment(), [theirs] * 3, main="tests.e2e.typed_server"
        )
    finally:
        os.close(theirs)
    shown, ends_at = b"", time.monotonic() + _SECONDS
    try:
        while process.poll() is None or select.select([ours], [], [], 0)[0]:
            assert time.monotonic() < ends_at, f"it does not end:\n{shown.decode(errors='replace')[-3000:]}"
            if not select.select([ours], [], [], 0.05)[0]:
                continue
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if _PROMPT.search(shown):
                os.write(ours, b"y\n")
        code = process.wait(10)
    finally:
        process.kill()
        os.close(ours)
    return Typing(code=code, shown=shown.decode(errors="replace").replace("\r\n", "\n"))
