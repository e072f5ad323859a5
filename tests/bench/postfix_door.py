"""The real Postfix in a folder of its own, whose smtpd takes mail and, unless told otherwise, throws it away.

Its defaults, apart from limits that would slow one client on loopback down: no flow control, no look-ups. Nothing of
the system's Postfix is read or touched, and nothing leaves this machine.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path
from typing import Self

from tests.ports import free_port

_POSTFIX = "/usr/sbin/postfix"
_MAIN = """\
compatibility_level = 3.9
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = mx.news.example
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
transport_maps = static:discard:
default_transport = discard
local_transport = discard
in_flow_delay = 0
"""
_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class PostfixDoor:
    """Takes mail at `port` while it runs: a context manager. Needs root, as Postfix does. `settings` are of main.cf."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.port = free_port()
        for name, owner in (("etc", 0), ("spool", 0), ("data", pwd.getpwnam("postfix").pw_uid)):
            (folder / name).mkdir(parents=True)
            os.chown(folder / name, owner, -1)
        own = dict(line.split(" =", 1) for line in _MAIN.format(folder=folder).splitlines())
        lines = "".join(f"{name} = {value.strip()}\n" for name, value in (own | settings).items())
        (folder / "etc" / "main.cf").write_text(lines, encoding="ascii")
        (folder / "etc" / "master.cf").write_text(_MASTER.format(port=self.port), encoding="ascii")

    def __enter__(self) -> Self:
        self._call("start")
        return self

    def __exit__(self, *exc: object) -> None:
        self._call("stop")

    def _call(self, verb: str) -> None:
        command = [_POSTFIX, "-c", str(self.folder / "etc"), verb]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        if done.returncode:
            log = self.folder / "mail.log"
            raise RuntimeError(f"{done.stdout}{done.stderr}{log.read_text() if log.exists() else ''}")

    def queued(self) -> int:
        """How many mails it has not yet thrown away."""
        return sum(1 for name in ("incoming", "active", "deferred") for _ in (self.folder / "spool" / name).rglob("*"))

    def removed(self) -> int:
        """How many it has thrown away, by its log."""
        return (self.folder / "mail.log").read_text(encoding="utf-8").count(": removed")


def version() -> str:
    """As Postfix says it."""
    done = subprocess.run(["/usr/sbin/postconf", "-dh", "mail_version"], check=True, capture_output=True, text=True)
    return done.stdout.strip()
