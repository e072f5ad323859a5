"""A certified OpenID Connect provider, and a browser that logs in at it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
from joserfc.jwk import RSAKey
from tests import node_packages
from tests.ports import free_port

from pressrun.web.settings import OidcSettings

CLIENT_ID, CLIENT_SECRET = "pressrun", "s3cret:/+ %"
OTHER_ID = "another"


def new_key(number: str) -> dict[str, Any]:
    """A private key, as a provider keeps it."""
    return dict(RSAKey.generate_key(2048, {"kid": number, "use": "sig", "alg": "RS256"}).as_dict(private=True))


@dataclass
class Provider:
    """A context manager that runs it; it can be stopped and started again, with other keys, at the same address."""

    folder: Path
    redirect_uri: str
    accounts: Mapping[str, Mapping[str, Any]]
    conform: bool = True
    auth_method: str = "client_secret_basic"
    secret: str = CLIENT_SECRET
    keys: list[dict[str, Any]] = field(default_factory=lambda: [new_key("one")])
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def settings(self) -> OidcSettings:
        return OidcSettings(issuer=self.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, timeout_seconds=10.0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        client = {
            "client_secret": self.secret,
            "redirect_uris": [self.redirect_uri],
            "token_endpoint_auth_method": self.auth_method,
        }
        setup = {
            "port": self.port,
            "clients": [{"client_id": number, **client} for number in (CLIENT_ID, OTHER_ID)],
            "keys": self.keys,
            "accounts": self.accounts,
            "conform": self.conform,
            "auth_method": self.auth_method,
        }
        command = node_packages.command(node_packages.SCRIPTS / "provider.mjs", self.folder, json.dumps(setup))
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.process.stdout is not None
        assert "listening\n" == self.process.stdout.readline()

    def stop(self) -> None:
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate(timeout=10)
            self.process = None

    async def log_in(self, url: str, login: str, *, answer: str = "Continue") -> str:
        """What a browser does there with a new profile: fill in the forms until it is sent back; gives where to."""
        async with httpx.AsyncClient(base_url=self.url) as browser:
            return await self.log_in_with(browser, url, login, answer=answer)

    async def log_in_with(self, browser: httpx.AsyncClient, url: str, login: str, *, answer: str = "Continue") -> str:
        """The same with a browser of the caller, which may be logged in there already."""
        page = await browser.get(url)
        while not page.headers.get("location", "").startswith(self.redirect_uri):
            if page.is_redirect:
                page = await browser.get(page.headers["location"])
                continue
            assert 200 == page.status_code, page.text
            page = await self._fill_in(browser, page, login, answer)
        return str(page.headers["location"])

    async def _fill_in(
        self, browser: httpx.AsyncClient, page: httpx.Response, login: str, answer: str
    ) -> httpx.Response:
        if answer == "Cancel":
            (path,) = re.findall(r'href="([^"]*/abort)"', page.text)
            return await browser.get(path)
        (action,) = re.findall(r'action="([^"]*)" method="post"', page.text)
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', page.text))
        if fields["prompt"] == "login":
            fields |= {"login": login, "password": "x"}
        return await browser.post(urlsplit(action).path, data=fields)
