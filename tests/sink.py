"""The C sink of tests/bench as a test double for a relay: compiled once, started on loopback, asked and stopped."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.ports import free_port

SOURCE = Path(__file__).parent / "bench" / "sink.c"


def compile_sink(folder: Path) -> Path:
    """Compile it into `folder`; raises FileNotFoundError where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("cc")
    program = folder / "sink"
    subprocess.run([compiler, "-O2", "-o", str(program), str(SOURCE)], check=True)
    return program


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkLine:
    """One line of its log; for `status` see the head of sink.c."""

    connection: int
    status: str
    mail_from: str
    rcpt_to: str
    size: int | None
    sha: str


class Sink:
    """A running sink: a context manager; options as on its command line."""

    def __init__(self, program: Path, folder: Path, *options: str, port: int | None = None) -> None:
        self.port = free_port() if port is None else port
        self.log = folder / f"sink-{self.port}.tsv"
        command = [str(program), "--listen", f"127.0.0.1:{self.port}", "--log", str(self.log), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def stop(self) -> dict[str, int]:
        """End it; gives its counters, and {} when it was stopped before."""
        self._process.terminate()
        out, _ = self._process.communicate(timeout=10)
        return dict(json.loads(out)) if out else {}

    def stats(self) -> dict[str, int]:
        """Its counters now."""
        words = self.ask("XSTAT").split()
        return {key: int(value) for key, value in (word.split("=") for word in words)}

    def lines(self) -> list[SinkLine]:
        """Its log so far."""
        self.ask("XFLUSH")
        return [_line(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def ask(self, command: str) -> str:
        """One command of its own, and the answer's text."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock, sock.makefile("rw") as stream:
            stream.readline()
            stream.write(f"{command}\r\n")
            stream.flush()
            return stream.readline()[4:]

    def _wait(self) -> None:
        until = time.monotonic() + 10
        while True:
            try:
                self.ask("NOOP")
            except ConnectionRefusedError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.005)  # a process that starts tells nobody
            else:
                return


def _line(line: str) -> SinkLine:
    _, connection, status, mail_from, rcpt_to, size, sha, *_ = line.split("\t")
    return SinkLine(
        connection=int(connection),
        status=status,
        mail_from=mail_from,
        rcpt_to=rcpt_to,
        size=None if size == "-" else int(size),
        sha=sha,
    )
