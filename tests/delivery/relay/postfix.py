"""The real Postfix as a relay: a queue and a configuration of its own in a folder, on loopback, into one maildir.

Nothing of the system's own Postfix is read or touched, and nothing leaves this machine. It needs root, as Postfix does.
"""

from __future__ import annotations

import os
import pwd
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.ports import free_port

from pressrun.smtp.delivery_mode import DeliveryMode

PROGRAM = Path("/usr/sbin/postfix")

_MAIN = """\
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
myhostname = relay.example
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtpd_peername_lookup = no
default_transport = error:5.4.4 nothing leaves this machine
virtual_mailbox_domains = readers.example
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = static:all/
virtual_minimum_uid = 1
virtual_uid_maps = static:{nobody}
virtual_gid_maps = static:{nobody}
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/etc/recipients, permit_mynetworks, reject
local_header_rewrite_clients =
header_checks = regexp:{folder}/etc/headers
"""
_RECIPIENTS = "/-hard/ 550 5.1.1 there is no such mailbox\n/-soft/ 450 4.2.1 not just now\n"
_HEADERS = "/^Subject: refuse me/ REJECT not that\n"
_SMTPD = """\
127.0.0.1:{port} inet n - n - - smtpd
  -o smtpd_discard_ehlo_keywords={keywords}
"""
_COUNTED = re.compile(r" (?:mail|rcpt|data|bdat|rset)=(\d+)/(\d+)")
_DISCARD = {
    DeliveryMode.CHUNKING: "silent-discard",
    DeliveryMode.PIPELINING: "chunking",
    DeliveryMode.LOCK_STEP: "pipelining,chunking",
}
_MASTER = """\
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
error unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One mail in the maildir; `content` is what came after Postfix's own first fields, with CRLF line ends."""

    mail_from: str
    rcpt_to: str
    content: bytes


class PostfixRelay:
    """A context manager; `ports` has a port for each way, at which no faster one is offered."""

    def __init__(self, folder: Path) -> None:
        self.ports = {way: free_port() for way in DeliveryMode}
        self._folder = folder
        nobody = pwd.getpwnam("nobody")
        owners = {"etc": 0, "spool": 0, "data": pwd.getpwnam("postfix").pw_uid, "mailboxes": nobody.pw_uid}
        for name, owner in owners.items():
            (folder / name).mkdir(parents=True)
            os.chown(folder / name, owner, -1)
        lines = _MAIN.format(folder=folder, nobody=nobody.pw_uid)
        doors = "".join(_SMTPD.format(port=port, keywords=_DISCARD[way]) for way, port in self.ports.items())
        for name, text in (
            ("main.cf", lines),
            ("master.cf", doors + _MASTER),
            ("recipients", _RECIPIENTS),
            ("headers", _HEADERS),
        ):
            (folder / "etc" / name).write_text(text, encoding="ascii")

    def __enter__(self) -> Self:
        self._call("start")
        return self

    def __exit__(self, *exc: object) -> None:
        self._call("stop")

    def log(self) -> str:
        """What Postfix has logged."""
        path = self._folder / "mail.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def errors(self) -> list[int]:
        """How many commands Postfix refused in each session so far; it logs `rcpt=1/3` for two of three refused."""
        ends = [line for line in self.log().splitlines() if ": disconnect from" in line]
        return [sum(int(all_) - int(accepted) for accepted, all_ in _COUNTED.findall(line)) for line in ends]

    def taken(self, start: str, count: int, seconds: float = 30.0) -> list[Taken]:
        """Mails to recipients that start so, once there are that many; raises AssertionError with the log's end."""
        until = time.monotonic() + seconds
        while len(mails := [mail for mail in self._delivered() if mail.rcpt_to.startswith(start)]) < count:
            assert time.monotonic() < until, f"{len(mails)} of {count}: {self.log()[-3000:]}"
            time.sleep(0.05)
        return mails

    def _delivered(self) -> list[Taken]:
        return [_read(path) for path in (self._folder / "mailboxes" / "all" / "new").glob("*")]

    def _call(self, verb: str) -> None:
        command = [str(PROGRAM), "-c", str(self._folder / "etc"), verb]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, f"{done.stdout}{done.stderr}{self.log()[-3000:]}"


def _read(path: Path) -> Taken:
    """What virtual(8) wrote: fields of its own on top, then the Received field, lines ended by LF."""
    lines = path.read_bytes().split(b"\n")
    own = dict(line.decode().split(": ", 1) for line in lines[:3] if b": " in line)
    start = next(at for at, line in enumerate(lines) if line.startswith(b"Subject:"))
    return Taken(
        mail_from=own["Return-Path"].strip("<>"), rcpt_to=own["Delivered-To"], content=b"\r\n".join(lines[start:])
    )
