"""The edition that everybody sends, and instances of Pressrun with so many readers, furnished once and copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.e2e.instance import DOMAIN, Instance
from tests.sink import Sink

NO_LIMIT = "1000000/s"
DKIM = {"domain": DOMAIN, "selector": "pressrun", "key_file": f"data/dkim/{DOMAIN}.pressrun.pem"}
EDITION = (
    "---\nsubject: High water, {{ name | default: reader }}\n---\n\n# High water\n\n"
    "Dear {{ name | default: reader }},\n\n" + "The tide is in, and the boats are out. " * 40 + "\n"
)
_FIELDS = (
    "From: The Quay <news@news.example>\nTo: news@news.example\nSubject: High water\n"
    "Date: Tue, 24 Nov 2026 10:00:00 +0000\nMessage-ID: <high-water@news.example>\n"
    "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n"
)
_LINE = "The tide is in, and the boats are out.\n"


def addresses(readers: int) -> list[str]:
    """So many, at 97 domains."""
    return [f"reader{number}@inbox{number % 97}.example" for number in range(readers)]


def letter(octets: int) -> str:
    """A mail of that size in all, for programs that make a copy for each reader from a finished mail."""
    return _FIELDS + _LINE * ((octets - len(_FIELDS)) // (len(_LINE) + 1))


class Newsroom:
    """Instances with a list and a DKIM key: those of one number of readers are copies of each other."""

    def __init__(self, program: Path, folder: Path) -> None:
        self.program = program
        self._folder = folder
        self._furnished: dict[int, Path] = {}

    @contextmanager
    def opened(
        self, folder: Path, readers: int, *sink_options: str, port: int | None = None, **tables: Any
    ) -> Iterator[tuple[Instance, Sink]]:
        """An instance that is not running yet, and its relay; `dkim=DKIM` signs with its key."""
        template = self._template(readers)
        tables.setdefault("delivery", {"rate": NO_LIMIT})
        # As many messages on a connection as there are: so do smtp-source -d and the others.
        relay = {"messages_per_connection": 1_000_000, **tables.pop("relay", {})}
        with Sink(self.program, folder, *sink_options) as sink:
            instance = Instance(
                folder=folder / "instance", relay_port=port or sink.port, sink=sink, tables={**tables, "relay": relay}
            )
            shutil.copytree(template / "data", instance.folder / "data")
            try:
                yield instance, sink
            finally:
                instance.close()

    def sample(self, folder: Path) -> bytes:
        """One copy as it goes over the line."""
        (folder / "instance").mkdir()
        with self.opened(folder, 1, "--spool", str(folder / "instance" / "mail.spool")) as (instance, _):
            instance.start()
            instance.send(EDITION, "--wait")
            return instance.mails()[0].content

    def _template(self, readers: int) -> Path:
        if readers not in self._furnished:
            folder = self._folder / f"furnished-{readers}"
            instance = Instance(folder=folder, relay_port=1)
            instance.create_list()
            rows = "".join(f"{address},Reader {number}\n" for number, address in enumerate(addresses(readers)))
            instance.do("subscriber", "import", "news", instance.write("readers.csv", "email,name\n" + rows))
            instance.do("dkim", "create")
            self._furnished[readers] = folder
        return self._furnished[readers]
