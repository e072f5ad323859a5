"""The daemon under the system calls that its unit leaves it: all of its processes start, and do their work."""

from __future__ import annotations

import smtplib
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from tests.bench.newsroom import DKIM
from tests.e2e import under_unit
from tests.e2e.conftest import READERS, MakeInstance
from tests.e2e.instance import DOMAIN, Instance, children, command_of
from tests.faults.memory import memory_max_mib

from pressrun.inbound import memory as mail_memory
from pressrun.inbound.settings import SmtpSettings
from pressrun.web.http import connections as web_connections
from pressrun.web.settings import HttpSettings

UNIT = Path(__file__).parents[2] / "systemd" / "pressrun.service"
LAYOUT = "<html><body>Harbour office: {{ content }} {{ footer }}</body></html>"

# What stands before the command of a process that is to live like one of the unit.
PREFIX = (sys.executable, str(Path(under_unit.__file__)), str(UNIT))

AT_WORK_MIB = 200  # of all processes while an edition goes out, by docs/how-to/watch.md

pytestmark = pytest.mark.needs("systemd-analyze", "libseccomp")


def test_what_is_forbidden_is_refused(make_instance: MakeInstance) -> None:
    """Or the test below would say nothing."""
    instance = make_instance()
    program = "import os; os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))"
    done = instance.run(prefix=[*PREFIX, sys.executable, "-c", program])
    assert "PermissionError: [Errno 1]" in done.err


def test_the_program_of_alerts_can_work_there(make_instance: MakeInstance) -> None:
    """A shell script that reads its input, starts an interpreter, and reaches something by TCP."""
    instance = make_instance()
    connect = (
        f"import socket; socket.create_connection(('127.0.0.1', {instance.relay_port}), 10).close(); print('passed on')"
    )
    script = instance.write("page-me", f'#!/bin/sh\ncat >/dev/null\nexec {sys.executable} -c "{connect}"\n')
    script.chmod(0o755)
    program = (
        "import asyncio; from pressrun.runtime.program import run_program; "
        f"print(asyncio.run(run_program([{str(script)!r}], b'{{}}', 20.0)))"
    )
    done = instance.run(prefix=[*PREFIX, sys.executable, "-c", program])
    assert "ProgramEnd(problem='', output='passed on')\n" == done.out, done.err


def test_it_does_all_of_its_work(make_instance: MakeInstance) -> None:
    """Mail is read, a layout of the operator's own rendered, an edition signed and sent."""
    instance = make_instance()
    instance.do("dkim", "create")
    instance.configure(**instance.tables, dkim=DKIM)
    layouts = instance.folder / "data" / "layouts"
    layouts.mkdir()
    (layouts / "harbour.html").write_text(LAYOUT, encoding="utf-8")
    instance.do("list", "set", "news", "layout=harbour")
    instance.start(prefix=PREFIX)
    with smtplib.SMTP("127.0.0.1", instance.smtp_port, timeout=20) as client:
        client.sendmail("new@readers.example", [f"news-subscribe@{DOMAIN}"], b"From: new@readers.example\r\n\r\n.\r\n")
    instance.await_mails(1, "new@readers.example")
    edition = instance.send()["id"]
    instance.await_state(edition, "finished")
    names = _family(instance)
    copies = [mail for mail in instance.mails() if mail.rcpt_to in READERS]
    assert len(READERS) == len(copies)
    assert all(b"DKIM-Signature:" in mail.content and b"Harbour office" in mail.content for mail in copies)
    assert {"pressrun.delivery.worker", "pressrun.sandbox.helper_process"} == names - {"pressrun"}


def test_the_memory_of_the_unit_holds_every_budget() -> None:
    """With the defaults, filled to the last octet, and the processes at work; the other half is for helpers."""
    http, mail = HttpSettings(), SmtpSettings()
    budgets = http.body_memory_bytes + http.connections * web_connections.FREE_BYTES
    budgets += mail.memory_bytes + mail.connections * mail_memory.FREE_BYTES
    assert AT_WORK_MIB + budgets / 1024 / 1024 <= memory_max_mib() / 2


def _family(instance: Instance) -> set[str]:
    """The modules that the daemon's processes run."""
    assert instance.daemon is not None
    waiting, modules = [str(instance.daemon.process.pid)], set()
    while waiting:
        pid = waiting.pop()
        waiting += children(int(pid))
        words = command_of(pid).split()
        modules |= {module for option, module in pairwise(words) if option == "-m"}
    return modules
