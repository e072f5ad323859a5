"""What `doctor` finds at the address of `[admin]`, which need not be public as that of readers is."""

from __future__ import annotations

import asyncio
import ssl
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pressrun.core.site import Site
from pressrun.doctor.subject import DoctorSeverity, DoctorSubject
from pressrun.doctor.web import check_base_url
from pressrun.web.settings import AdminSettings


class Names:
    """Every name is on this machine, but for those that begin with `gone.`."""

    async def addresses(self, host: str) -> list[Any]:
        return [SimpleNamespace(records=[] if host.startswith("gone.") else ["127.0.0.1"], is_known=True, problem="")]


async def _answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


@pytest.mark.parametrize(
    ("admin_url", "results"),
    [
        (None, []),
        ("http://localhost:{port}", [(DoctorSeverity.PASS, "http://localhost:{port} answers at 127.0.0.1")]),
        (
            "http://desk.test:{port}",
            [
                (DoctorSeverity.FAIL, "[admin] base_url is neither HTTPS with a name nor localhost"),
                (DoctorSeverity.PASS, "http://desk.test:{port} answers at 127.0.0.1"),
            ],
        ),
        ("https://gone.test", [(DoctorSeverity.FAIL, "gone.test, the name in [admin] base_url, has no address")]),
        ("https://desk.test:{port}", [(DoctorSeverity.FAIL, "https://desk.test:{port} does not answer at 127.0.0.1")]),
    ],
)
async def test_the_address_of_admin(admin_url: str | None, results: list[tuple[DoctorSeverity, str]]) -> None:
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        world = SimpleNamespace(tls=ssl.create_default_context, contact_seconds=20.0, is_public=lambda _: True)
        admin = AdminSettings(base_url=None if admin_url is None else admin_url.format(port=port))
        subject = SimpleNamespace(
            settings=SimpleNamespace(admin=admin),
            site=Site(base_url=f"http://news.test:{port}", mail_domain="news.test"),
            dns=Names(),
            world=world,
        )
        _, answers, *findings = await check_base_url(cast("DoctorSubject", subject))
    assert f"http://news.test:{port} answers at 127.0.0.1" == answers.message
    expected = [(severity, words.format(port=port)) for severity, words in results]
    assert expected == [
        (finding.severity, finding.message[: len(words)])
        for finding, (_, words) in zip(findings, expected, strict=True)
    ]
