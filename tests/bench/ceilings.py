"""What cannot be beaten: smtp-source of Postfix, which remembers nothing, and RSA by openssl speed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.bench.contest import Contender
from tests.bench.ours import NO_CHUNKING
from tests.bench.verify_sink import read_log
from tests.sink import Sink

_SOURCE = "/usr/sbin/smtp-source"


def smtp_source(program: Path, content: bytes, readers: int) -> Contender:
    """The same octets again and again over 10 connections, each to another recipient, from one sender."""
    text = content.replace(b"\r\n", b"\n")

    def run(folder: Path) -> float:
        mail = folder / "mail"
        mail.write_bytes(text)
        with Sink(program, folder, *NO_CHUNKING) as sink:
            command = [
                _SOURCE, "-d", "-N", "-s", "10", "-m", str(readers), "-F", str(mail), "-f", "news-bounces@news.example",
                "-t", "reader@inbox.example", f"inet:127.0.0.1:{sink.port}",
            ]  # fmt: skip
            subprocess.run(command, check=True, timeout=600)
            sink.ask("XFLUSH")
            with sink.log.open(encoding="utf-8") as lines:
                times = read_log(lines, "rcpt").times_us
        if len(times) != readers:
            raise RuntimeError(f"{len(times)} of {readers} copies")
        return (readers - 1) / ((times[-1] - times[0]) / 1e6)

    missing = None if shutil.which(_SOURCE) else "smtp-source is not installed (apt-get install postfix)"
    return Contender(
        key="smtp-source",
        name="smtp-source -d -s 10",
        readers=readers,
        run=run,
        missing=missing,
        note="no personalisation, no database, no disk: the upper limit",
    )


def rsa_signatures(seconds: int) -> Contender:
    """Signatures a second on all cores, and nothing else."""

    def run(_: Path) -> float:
        command = ["openssl", "speed", "-seconds", str(seconds), "-multi", str(os.cpu_count()), "rsa2048"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
        match = re.search(r"^rsa\s+2048 bits\s+\S+s\s+\S+s(?:\s+\S+s\s+\S+s)?\s+([\d.]+)", done.stdout, re.MULTILINE)
        if match is None:
            raise RuntimeError(done.stdout)
        return float(match[1])

    missing = None if shutil.which("openssl") else "openssl is not installed (apt-get install openssl)"
    return Contender(
        key="openssl",
        name=f"openssl speed -multi {os.cpu_count()} rsa2048",
        run=run,
        missing=missing,
        note="signatures alone: the upper limit for signed mail",
    )
