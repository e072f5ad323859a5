"""The hostile edition, as Markdown, HTML and a whole message; and a canary that sees whether anything was fetched.

What runs writes `RAN …` into the title, what is fetched reaches the canary on loopback. What an honest reader may see
says `Kept`. Nothing here leaves the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

_FOLDER = Path(__file__).parent
_MESSAGE = (
    b"From: The Quay <news@news.example>\r\nSubject: =?utf-8?q?Hostile_=3C/title=3E=3Cscript=3Ealert=281=29?=\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n"
    b"--B\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nKept: high water is at noon. <script>alert(1)</script>\r\n"
    b"--B\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n--B--\r\n"
)

RAN = "RAN"
KEPT = "Kept: high water is at noon."
SUFFIXES = (".md", ".html", ".eml")


def hostile_html(canary: str) -> str:
    """The page alone; what it wants to fetch is at `canary`, a `host:port`."""
    return (_FOLDER / "edition.html").read_text(encoding="utf-8").replace("CANARY", canary)


def hostile_samples(canary: str) -> list[str]:
    """Each line of the page's body by itself, so that none is swallowed by another."""
    return hostile_html(canary).partition("<body")[2].splitlines()[1:]


def hostile_edition(suffix: str, canary: str) -> bytes:
    """The edition file with that suffix."""
    page = hostile_html(canary)
    match suffix:
        case ".md":
            return (_FOLDER / "edition.md").read_text(encoding="utf-8").replace("CANARY", canary).encode()
        case ".html":
            return f"---\nsubject: Hostile </title><script>alert(1)</script>\n---\n{page}".encode()
        case ".eml":
            return _MESSAGE % page.replace("\n", "\r\n").encode()
        case _:
            raise ValueError(suffix)


@dataclass(slots=True)
class Canary:
    """Listens on loopback: `caught` holds the first octets of every connection that came."""

    address: str = ""
    caught: list[bytes] = field(default_factory=list)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = len(self.caught)
        self.caught.append(b"")
        try:
            self.caught[place] = (await reader.read(200)).split(b"\r\n", 1)[0]
            writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def open_canary() -> AsyncIterator[Canary]:
    """A canary that sings while the block runs."""
    canary = Canary()
    server = await asyncio.start_server(canary._serve, "127.0.0.1", 0)
    canary.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield canary
    finally:
        server.close()
        await server.wait_closed()
