"""Other programs that give every reader a copy with a return path of its own, as Debian packages them, to our sink.

Configuration, queue and data of each lie in the folder of its run, and what was started is ended by its process id.
None of them records each copy; the note of each says what is on its disk before it begins.
"""

from __future__ import annotations

import os
import shutil
import smtplib
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.bench.contest import Contender, rate_of
from tests.bench.newsroom import addresses, letter
from tests.bench.postfix_door import PostfixDoor
from tests.e2e.instance import until
from tests.ports import free_port
from tests.sink import Sink

_PATIENCE_SECONDS = 300.0
_PYTHON = "/usr/bin/python3"  # the one that Debian's Mailman belongs to
_MASTER = "/usr/lib/mailman3/bin/master"
_NO_RUNNERS = ("archive", "bounces", "command", "digest", "lmtp", "nntp", "rest", "retry", "task", "virgin")
_MAILMAN = """\
[mailman]
layout: here
site_owner: owner@news.example
[paths.here]
var_dir: {folder}/var
bin_dir: /usr/lib/mailman3/bin
[database]
class: mailman.database.sqlite.SQLiteDatabase
url: sqlite:///{folder}/var/data/mailman.db
[mta]
incoming: mailman.mta.null.NullMTA
smtp_host: 127.0.0.1
smtp_port: {sink}
verp_personalized_deliveries: yes
[webservice]
port: {unused}
"""
# Run by Mailman's own Python: a list whose copies are personal, its members, and one mail in its queue.
_FILL = """\
import sys
from datetime import datetime
from mailman.core.initialize import initialize
initialize(sys.argv[1])
from mailman.app.inject import inject_text
from mailman.app.lifecycle import create_list
from mailman.database.transaction import transaction
from mailman.interfaces.action import Action
from mailman.interfaces.domain import IDomainManager
from mailman.interfaces.mailinglist import Personalization
from mailman.interfaces.member import MemberRole
from mailman.interfaces.usermanager import IUserManager
from zope.component import getUtility
with transaction():
    getUtility(IDomainManager).add("news.example")
    news = create_list("news@news.example", [])
    news.personalize = Personalization.individual
    news.default_nonmember_action = Action.accept
    news.send_welcome_message = False
    news.max_message_size = 0
    for number, line in enumerate(open(sys.argv[2])):
        address = getUtility(IUserManager).create_address(line.strip(), f"Reader {number}")
        address.verified_on = datetime.now()
        news.subscribe(address, MemberRole.member)
inject_text(news, open(sys.argv[3]).read())
"""


def mlmmj(program: Path, readers: int, octets: int) -> Contender:
    """mlmmj-send with its own VERP: one transaction for each reader."""

    def run(folder: Path) -> float:
        home = folder / "news"
        for name in ("archive", "control", "queue/discarded", "requeue", "subscribers.d", "text"):
            (home / name).mkdir(parents=True)
        with Sink(program, folder) as sink:
            control = {"listaddress": "news@news.example", "smtpport": sink.port, "relayhost": "127.0.0.1"}
            control |= {"smtphelo": "mx.news.example", "owner": "owner@news.example", "noarchive": ""}
            for name, value in control.items():
                (home / "control" / name).write_text(f"{value}\n", encoding="ascii")
            (home / "subscribers.d" / "r").write_text("\n".join([*addresses(readers), ""]), encoding="ascii")
            (home / "queue" / "mail").write_text(letter(octets), encoding="ascii")
            command = ["mlmmj-send", "-L", str(home), "-m", str(home / "queue" / "mail")]
            subprocess.run(command, check=True, timeout=_PATIENCE_SECONDS)
            return _rate(sink, readers)

    note = "one connection; merges nothing; the mail is a file; does not record which reader got it"
    return _peer("mlmmj", "mlmmj, own VERP", readers, run, note, _needs("mlmmj-send", "mlmmj"))


def mailman(program: Path, readers: int, octets: int) -> Contender:
    """Mailman 3 with `personalize = individual` and VERP for every copy, on SQLite; its runners for mail alone."""

    def run(folder: Path) -> float:
        (folder / "var").mkdir()
        config, readers_file, mail, fill = (folder / name for name in ("mailman.cfg", "readers", "mail", "fill.py"))
        readers_file.write_text("\n".join([*addresses(readers), ""]), encoding="ascii")
        mail.write_text(letter(octets), encoding="ascii")
        fill.write_text(_FILL, encoding="utf-8")
        with Sink(program, folder) as sink:
            text = _MAILMAN.format(folder=folder, sink=sink.port, unused=free_port())
            text += "".join(f"[runner.{name}]\nstart: no\n" for name in _NO_RUNNERS)
            config.write_text(text, encoding="utf-8")
            command = [_PYTHON, str(fill), str(config), str(readers_file), str(mail)]
            subprocess.run(command, check=True, timeout=_PATIENCE_SECONDS, cwd=folder, env=_environment())
            with (folder / "master.log").open("wb") as log:
                command = [_PYTHON, _MASTER, "-C", str(config)]
                master = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=_environment())
            try:
                _await_copies(sink, readers)
            finally:
                master.terminate()
                master.wait(30)
            return _rate(sink, readers)

    note = "the mail is a queue file (fsync); does not record which reader got it"
    return _peer("mailman", "Mailman 3, personalised", readers, run, note, _needs(_MASTER, "mailman3"))


def xverp(program: Path, readers: int, octets: int) -> Contender:
    """Postfix, given one message for all readers with XVERP: it makes the return paths."""

    def run(folder: Path) -> float:
        folder.chmod(0o755)
        with Sink(program, folder) as sink:
            settings = {
                "default_transport": f"smtp:[127.0.0.1]:{sink.port}",
                "transport_maps": "",
                "smtpd_authorized_verp_clients": "127.0.0.0/8",
                "smtpd_recipient_limit": "1000000",
            }
            with PostfixDoor(folder / "postfix", **settings) as postfix:
                with smtplib.SMTP("127.0.0.1", postfix.port, "mx.news.example", timeout=_PATIENCE_SECONDS) as client:
                    mail = letter(octets).replace("\n", "\r\n").encode()
                    client.sendmail("news-bounces@news.example", addresses(readers), mail, ["XVERP=+="])
                _await_copies(sink, readers)
            return _rate(sink, readers)

    note = (
        "up to 20 connections; merges nothing; the mail is a queue file (fsync), in which finished readers are marked"
    )
    missing = "it needs root" if os.geteuid() else _needs("/usr/sbin/postfix", "postfix")
    return _peer("xverp", "Postfix, XVERP", readers, run, note, missing)


def listmonk() -> Contender:
    """Named, so that nobody looks for it."""
    return _peer("listmonk", "listmonk", 0, None, "", "Debian has no package for it")


def _peer(
    key: str, name: str, readers: int, run: Callable[[Path], float] | None, note: str, missing: str | None
) -> Contender:
    return Contender(key=key, name=name, readers=readers, run=run, note=note, missing=missing)


def _needs(program: str, package: str) -> str | None:
    return None if shutil.which(program) else f"not installed (apt-get install {package})"


def _environment() -> dict[str, str]:
    """Nothing of the caller's environment of Python."""
    return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}


def _await_copies(sink: Sink, readers: int) -> None:
    until(lambda: sink.stats()["recipients"] >= readers or None, _PATIENCE_SECONDS)


def _rate(sink: Sink, readers: int) -> float:
    sink.ask("XFLUSH")
    return rate_of(sink.log, readers)
