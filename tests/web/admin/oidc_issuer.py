"""An OpenID Connect issuer on loopback: it logs in whomever a test names, and lies as a test wants it to."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from pressrun.core.network.endpoint import TcpEndpoint
from pressrun.web.http.server import WebServer
from pressrun.web.settings import HttpSettings, OidcSettings

CLIENT_ID, CLIENT_SECRET = "pressrun", "s3cret:/+"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
CURVE_KEY = ECKey.generate_key("P-256", {"kid": "curve", "use": "sig"})


@dataclass
class OidcIssuer:
    """Who logs in there, and how it answers."""

    url: str = ""
    subject: str = "subject-of-ada"
    claims: dict[str, Any] = field(default_factory=dict)  # over those that are right; None leaves one out
    metadata: dict[str, Any] = field(default_factory=dict)
    keys: list[Any] = field(default_factory=lambda: [KEY, CURVE_KEY])
    signs_with: Any = field(default_factory=lambda: KEY)
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "RS256", "kid": "one"})
    token: str | None = None  # instead of one that it makes
    accepts: str = CLIENT_SECRET  # the secret that it knows of, which may be another one by now
    access_token: str = "a.token"
    about: dict[str, Any] = field(default_factory=dict)  # what its userinfo endpoint says of whoever has logged in
    about_status: int = 200
    asked: list[str] = field(default_factory=list)  # the paths
    codes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def settings(self) -> OidcSettings:
        return OidcSettings(issuer=self.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET, timeout_seconds=10.0)

    def log_in(self, url: str) -> str:
        """What the browser does there: show itself, and be sent back with a code; gives where to."""
        assert url.startswith(f"{self.url}/authorize?")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert ("code", "S256", CLIENT_ID) == (
            asked["response_type"],
            asked["code_challenge_method"],
            asked["client_id"],
        )
        assert {"openid", "email"} == set(asked["scope"].split())
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.url})}"

    def make_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": self.subject,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": asked.get("nonce", ""),
            "email": "ada@reader.example",
            "email_verified": True,
            **self.claims,
        }
        payload = json.dumps({name: value for name, value in claims.items() if value is not None}).encode()
        return jws.serialize_compact(self.header, payload, self.signs_with, algorithms=[self.header["alg"]])

    async def describe(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        description = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.metadata,
        }
        return JSONResponse(description)

    async def publish(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})

    async def exchange(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        form = await request.form()
        if not self._knows(request, {name: str(value) for name, value in form.items()}):
            return JSONResponse({"error": "invalid_client"}, status_code=401)
        asked = self.codes.pop(str(form["code"]), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(str(form["code_verifier"]).encode()).digest()).rstrip(b"=")
        if (
            asked is None
            or asked["code_challenge"] != challenge.decode()
            or asked["redirect_uri"] != form["redirect_uri"]
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        return JSONResponse(
            {
                "id_token": self.token or self.make_token(asked),
                "access_token": self.access_token,
                "token_type": "Bearer",
            }
        )

    async def tell(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        assert f"Bearer {self.access_token}" == request.headers["authorization"]
        return JSONResponse(self.about, self.about_status)

    def _knows(self, request: Request, form: dict[str, str]) -> bool:
        if "client_secret" in form:
            return (CLIENT_ID, self.accepts) == (form["client_id"], form["client_secret"])
        _, _, encoded = request.headers.get("authorization", "").partition(" ")
        name, _, secret = base64.b64decode(encoded).decode().partition(":")
        assert quote(CLIENT_SECRET, safe="") == secret
        return (CLIENT_ID, self.accepts) == (unquote(name), unquote(secret))

    async def authorize(self, request: Request) -> Response:
        """For a browser: somebody who is logged in there already is sent back at once."""
        return RedirectResponse(self.log_in(f"{self.url}/authorize?{request.url.query}"), 303)

    async def redirect(self, _request: Request) -> Response:
        return RedirectResponse("http://169.254.169.254/")


@asynccontextmanager
async def opened_issuer() -> AsyncIterator[OidcIssuer]:
    issuer = OidcIssuer()
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", issuer.describe),
            Route("/authorize", issuer.authorize),
            Route("/keys", issuer.publish),
            Route("/userinfo", issuer.tell),
            Route("/token", issuer.exchange, methods=["POST"]),
            Route("/elsewhere", issuer.redirect),
        ]
    )
    server = WebServer(app, HttpSettings(listen=TcpEndpoint("127.0.0.1", 0)))
    await server.start()
    issuer.url = f"http://{server.address}"
    try:
        yield issuer
    finally:
        await server.stop(1.0)
