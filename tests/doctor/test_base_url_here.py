"""What `doctor` finds if base_url leads to this machine alone, as `init` writes it for trying Pressrun."""

from __future__ import annotations

import asyncio
import ssl
from types import SimpleNamespace
from typing import cast

import pytest

from pressrun.core.site import Site
from pressrun.doctor.subject import DoctorFinding, DoctorSeverity, DoctorSubject
from pressrun.doctor.web import check_base_url, check_private_pages
from pressrun.web.settings import AdminSettings


class _Names:
    async def addresses(self, _host: str) -> list[SimpleNamespace]:
        return [SimpleNamespace(records=["127.0.0.1"], is_known=True, problem="")]


async def _ready(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nready\n"
    )
    writer.close()


async def examine(host: str) -> tuple[list[DoctorFinding], list[DoctorFinding]]:
    """The findings about base_url and about the private pages, which this server shows to everybody."""
    async with await asyncio.start_server(_ready, "127.0.0.1", 0) as server:
        base_url = f"http://{host}:{server.sockets[0].getsockname()[1]}"
        world = SimpleNamespace(tls=ssl.create_default_context, contact_seconds=20.0, is_public=lambda _: False)
        site = Site(base_url=base_url, mail_domain="lists.test")
        settings = SimpleNamespace(admin=AdminSettings())
        subject = cast("DoctorSubject", SimpleNamespace(settings=settings, site=site, dns=_Names(), world=world))
        return await check_base_url(subject), await check_private_pages(subject)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_private_pages_of_this_machine_are_not_outside(host: str) -> None:
    """Nobody should set an HTTPS address at 127.0.0.1 either."""
    (is_no_https, *_), (private,) = await examine(host)
    assert (DoctorSeverity.WARN, True) == (private.severity, "leads to this machine alone" in private.message)
    assert 'set base_url = "https://lists.test"' in is_no_https.remedy


async def test_private_pages_at_a_name_are() -> None:
    (is_no_https, *_), (private,) = await examine("news.test")
    assert (DoctorSeverity.FAIL, True) == (private.severity, "can be reached from outside" in private.message)
    assert 'set base_url = "https://news.test"' in is_no_https.remedy
