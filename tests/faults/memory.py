"""What all processes of a daemon hold while every budget is filled: the figure behind `MemoryMax=` of the unit.

  python -m tests.faults.memory [--readers 20000]

An edition is being sent, signed; 900 forms and 190 large mails have begun and do not end. Shared pages count once.
Ends with 1 where that is more than half of `MemoryMax=`: the other half is for helpers, which may take 512 MiB each.
"""

from __future__ import annotations

import argparse
import smtplib
import socket
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.bench.machine import machine_facts
from tests.bench.newsroom import DKIM
from tests.e2e.instance import DOMAIN, Instance, children, opened_instance
from tests.sink import compile_sink

UNIT = Path(__file__).parents[2] / "systemd" / "pressrun.service"
FORMS, MAILS = 900, 190
_UNITS = {"M": 1, "G": 1024}


def memory_max_mib() -> int:
    """`MemoryMax=` of the unit."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    value = next(line.partition("=")[2] for line in lines if line.startswith("MemoryMax="))
    return int(value[:-1]) * _UNITS[value[-1]]


def family(pid: int) -> list[int]:
    """A process and all that came of it."""
    return [pid, *(number for child in children(pid) for number in family(int(child)))]


def held_mib(pid: int) -> int:
    """What a process and all that came of it hold."""
    held = 0
    for number in family(pid):
        with suppress(OSError):  # it has ended
            lines = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii").splitlines()
            held += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return held // 1024


def fill_web(instance: Instance, stack: ExitStack) -> None:
    """Forms that do not end."""
    head = "POST /preferences HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    for _ in range(FORMS):
        line = stack.enter_context(socket.create_connection(("127.0.0.1", instance.http_port), timeout=20))
        line.sendall(f"{head}Content-Length: 65000\r\n\r\n".encode() + b"a" * 60_000)


def fill_mail(instance: Instance, stack: ExitStack) -> None:
    """Mails that do not end."""
    for _ in range(MAILS):
        client = stack.enter_context(smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20))
        client.ehlo("x")
        client.mail("a@b.example")
        client.rcpt(f"news-owner@{DOMAIN}")
        client.putcmd("data")
        client.getreply()
        assert client.sock is not None
        with suppress(OSError):
            client.sock.sendall((b"x" * 76 + b"\r\n") * 6000)
        stack.callback(client.close)


def main() -> int:
    """Read the command line, fill, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--readers", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pressrun-memory-") as name, ExitStack() as stack:
        root = Path(name)
        instance = stack.enter_context(opened_instance(root / "instance", compile_sink(root)))
        instance.create_list()
        instance.do("dkim", "create")
        instance.configure(**instance.tables, dkim=DKIM)
        pid = instance.start().process.pid
        instance.import_readers(*(f"r{number}@readers{number % 50}.example" for number in range(options.readers)))
        mib_by_phase = {"with all readers imported": held_mib(pid)}
        instance.send()
        mib_by_phase["sending"] = held_mib(pid)
        with ExitStack() as lines:
            fill_web(instance, lines)
            mib_by_phase["and the web full"] = held_mib(pid)
            fill_mail(instance, lines)
            mib_by_phase["and mail full"] = held_mib(pid)
    for what, mib in mib_by_phase.items():
        print(f"{what}: {mib} MiB")
    print(*machine_facts(), sep="\n")
    return 0 if max(mib_by_phase.values()) <= memory_max_mib() / 2 else 1


if __name__ == "__main__":
    sys.exit(main())
