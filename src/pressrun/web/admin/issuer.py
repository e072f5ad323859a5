"""An OpenID Connect issuer, asked over our one HTTP client: where it logs people in, and whom it names for a code.

The code flow with PKCE (RFC 7636), and nothing else of the many ways: OpenID Connect Core 1.0 §3.1, Discovery 1.0 §4.
What the issuer says is believed only as far as its signature and these standards go, and none of it is ever shown.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pressrun.core.timestamps import is_within
from pressrun.observe.authorities import log_ca_file
from pressrun.runtime.clock import utc_now
from pressrun.runtime.http_client import HttpAnswer, HttpRequest
from pressrun.runtime.outgoing_http import OutgoingHttp
from pressrun.services.ports import Clock
from pressrun.web.admin.id_tokens import BadIdToken, Expected, IdToken, read_id_token
from pressrun.web.settings import OidcSettings

METADATA_SECONDS = 3600  # how long the issuer's description and its keys are kept
AWAY_SECONDS = 10  # how long an issuer that cannot be asked is left alone, so that visitors do not queue up for it
KEYS_AGAIN_SECONDS = 60  # between two requests for a key that is new to us: anybody could name one
MOST_AT_ONCE = 4  # codes that are redeemed at the same time
_SCOPE = "openid email"
_NO_CODE, _NO_VERIFIER = "checked-by-doctor", "v" * 43  # RFC 7636 §4.1
_OF_CLIENT = ("invalid_client", "unauthorized_client")  # RFC 6749 §5.2
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1

T = TypeVar("T")


class IssuerProblem(Exception):
    """The issuer cannot be asked, or did not answer as it should; for the log."""


class IssuerAway(IssuerProblem):
    """The issuer does not answer, or fails by itself."""


class ClientRefused(IssuerProblem):
    """The issuer rejects our client ID or secret, so nobody can log in through it."""


class Ceremony(Struct, frozen=True, kw_only=True):
    """One log-in under way: what its browser must bring back, and what stays here until then.

    `is_again`: somebody who is logged in proves that it is still them, so the issuer must ask them anew.
    """

    state: str
    nonce: str
    verifier: str
    is_again: bool = False


class Redeemed(Struct, frozen=True, kw_only=True):
    """Whom the issuer has named for a code, and by what it says more of them."""

    token: IdToken
    access_token: str


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What of the issuer's description is used (Discovery §3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(msgspec.Struct, frozen=True, kw_only=True):
    keys: tuple[dict[str, Any], ...]


class _Tokens(msgspec.Struct, frozen=True, kw_only=True):
    id_token: str
    access_token: str = ""


class _TokenError(msgspec.Struct, frozen=True, kw_only=True):
    error: str = ""


class _UserInfo(msgspec.Struct, frozen=True, kw_only=True):
    sub: str
    email: str = ""
    email_verified: bool | str = False


class Issuer:
    """The issuer of `[oidc]`."""

    def __init__(self, settings: OidcSettings, http: OutgoingHttp, clock: Clock) -> None:
        self._settings = settings
        self._http = http
        self._clock = clock
        self._metadata: tuple[float, _Metadata] | None = None
        self._keys: tuple[float, Sequence[Mapping[str, Any]]] | None = None
        self._away: tuple[float, IssuerProblem] | None = None
        self._asking = asyncio.Lock()
        self._redeeming = asyncio.Semaphore(MOST_AT_ONCE)

    @property
    def label(self) -> str:
        """What the button says."""
        return self._settings.label or urlsplit(self._settings.issuer).hostname or ""

    async def log_in_url(self, ceremony: Ceremony, redirect_uri: str, max_age: int) -> str:
        """The page of the issuer where somebody logs in, again if their log-in there is older than `max_age` seconds.

        Because of `max_age`, it then says when that was (OpenID Connect Core 1.0 §3.1.2.1). Raises IssuerProblem.
        """
        metadata = await self._describe()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(ceremony.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": _SCOPE,
            "state": ceremony.state,
            "nonce": ceremony.nonce,
            "code_challenge": challenge.decode("ascii"),
            "code_challenge_method": "S256",
            "max_age": str(max_age),
        }
        endpoint = metadata.authorization_endpoint
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query, quote_via=quote)}"

    async def redeem(
        self, code: str, ceremony: Ceremony, redirect_uri: str, max_age: int, said_issuer: str
    ) -> Redeemed:
        """Whom the issuer names for a code; `said_issuer` is what came beside it (RFC 9207). Raises IssuerProblem."""
        metadata = await self._describe()
        if said_issuer != self._settings.issuer and (
            said_issuer or metadata.authorization_response_iss_parameter_supported
        ):
            raise IssuerProblem("the code is not this issuer's")
        async with self._redeeming:
            tokens = await self._exchange(metadata, code, ceremony, redirect_uri)
        token = await self._read(metadata, tokens, self._expected(ceremony, max_age))
        return Redeemed(token=token, access_token=tokens.access_token)

    async def with_address(self, redeemed: Redeemed) -> IdToken:
        """The claims with the address of the person, if the issuer says it elsewhere (OpenID Connect Core 1.0 §5.4).

        For an account that is not linked yet. Raises IssuerProblem; an issuer that refuses to say more has said all.
        """
        token, metadata = redeemed.token, await self._describe()
        if token.email or not (metadata.userinfo_endpoint and _BEARER.fullmatch(redeemed.access_token)):
            return token
        headers = [("Authorization", f"Bearer {redeemed.access_token}"), ("Accept", "application/json")]
        try:
            answer = await self._http.send(HttpRequest(url=metadata.userinfo_endpoint, headers=headers))
            user_info = _decoded(answer, _UserInfo, "the address")
        except IssuerAway:
            raise
        except IssuerProblem:
            return token
        if user_info.sub != token.sub:  # Core §5.3.2: it may be somebody else's
            raise IssuerProblem("the address is of another account")
        return replace(token, email=user_info.email, email_verified=user_info.email_verified)

    async def probe(self, redirect_uri: str) -> None:
        """Check that people could log in: its metadata and keys can be read, and it accepts our client secret.

        Raises IssuerProblem. It is sent a made-up code, so an error about the code alone is the right answer.
        """
        metadata = await self._describe()
        await self._keys_of(metadata, METADATA_SECONDS)
        ceremony = Ceremony(state="", nonce="", verifier=_NO_VERIFIER)
        try:
            await self._exchange(metadata, _NO_CODE, ceremony, redirect_uri)
        except (ClientRefused, IssuerAway):
            raise
        except IssuerProblem:
            return

    def _expected(self, ceremony: Ceremony, max_age: int) -> Expected:
        return Expected(
            issuer=self._settings.issuer,
            client_id=self._settings.client_id,
            nonce=ceremony.nonce,
            authenticated_after=self._clock() - max_age if ceremony.is_again else None,
        )

    async def _read(self, metadata: _Metadata, tokens: _Tokens, expected: Expected) -> IdToken:
        """The claims of the ID token, if it is what was expected."""
        now = self._clock()
        try:
            return read_id_token(tokens.id_token, await self._keys_of(metadata, METADATA_SECONDS), expected, now)
        except BadIdToken as problem:
            if not problem.is_unknown_key:
                raise IssuerProblem(str(problem)) from None
        try:
            return read_id_token(tokens.id_token, await self._keys_of(metadata, KEYS_AGAIN_SECONDS), expected, now)
        except BadIdToken as problem:
            raise IssuerProblem(str(problem)) from None

    async def _describe(self) -> _Metadata:
        async with self._asking:
            now = self._clock()
            if self._metadata is not None and is_within(self._metadata[0], now, METADATA_SECONDS):
                return self._metadata[1]
            if self._away is not None and is_within(self._away[0], now, AWAY_SECONDS):
                raise self._away[1]
            try:
                metadata = await self._ask_for_description()
            except IssuerProblem as problem:
                self._away = self._clock(), problem
                raise
            self._metadata = now, metadata
            return metadata

    async def _ask_for_description(self) -> _Metadata:
        url = f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        metadata = _decoded(await self._http.send(HttpRequest(url=url)), _Metadata, "its description")
        if metadata.issuer != self._settings.issuer:  # Discovery §4.3
            raise IssuerProblem("the description is of another issuer")
        if not metadata.authorization_endpoint.startswith(("https://", _beginning(self._settings.issuer))):
            raise IssuerProblem("the description leads astray, where no browser should go")
        return metadata

    async def _keys_of(self, metadata: _Metadata, most_seconds: float) -> Sequence[Mapping[str, Any]]:
        async with self._asking:
            if self._keys is None or not is_within(self._keys[0], self._clock(), most_seconds):
                answer = await self._http.send(HttpRequest(url=metadata.jwks_uri))
                self._keys = self._clock(), _decoded(answer, _KeySet, "its keys").keys
            return self._keys[1]

    async def _exchange(self, metadata: _Metadata, code: str, ceremony: Ceremony, redirect_uri: str) -> _Tokens:
        """The tokens for a code (RFC 6749 §4.1.3), as a client that proves itself by its secret."""
        settings, headers = self._settings, [("Content-Type", "application/x-www-form-urlencoded")]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": ceremony.verifier,
        }
        ways = metadata.token_endpoint_auth_methods_supported
        if "client_secret_post" in ways and "client_secret_basic" not in ways:
            form |= {"client_id": settings.client_id, "client_secret": settings.client_secret}
        else:
            pair = f"{quote(settings.client_id, safe='')}:{quote(settings.client_secret, safe='')}"  # RFC 6749 §2.3.1
            headers.append(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"))
        request = HttpRequest(
            url=metadata.token_endpoint, method="POST", headers=headers, body=urlencode(form).encode("ascii")
        )
        answer = await self._http.send(request)
        if _refuses_client(answer):
            raise ClientRefused(
                "the issuer rejects client_id or client_secret_file of [oidc]; the secret may have expired"
            )
        return _decoded(answer, _Tokens, "the tokens")


def _beginning(url: str) -> str:
    """Scheme, host and port of a URL, and a slash."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _refuses_client(answer: HttpAnswer) -> bool:
    """Whether the issuer rejects the client itself, whatever the code (RFC 6749 §5.2)."""
    if answer.status not in (400, 401):
        return False
    try:
        error = msgspec.json.decode(answer.body, type=_TokenError).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        error = ""
    return error in _OF_CLIENT or (answer.status == 401 and not error)


def _decoded(answer: HttpAnswer, kind: type[T], what: str) -> T:
    if answer.problem:
        raise IssuerAway(f"cannot get {what}: {answer.problem}")
    if answer.status >= 500:
        raise IssuerAway(f"cannot get {what}: status {answer.status}")
    if answer.status != 200 or answer.is_cut:
        raise IssuerProblem(f"cannot get {what}: {'too large' if answer.is_cut else f'status {answer.status}'}")
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise IssuerProblem(f"cannot read {what}") from None


def build_issuer(oidc: OidcSettings) -> Issuer:
    """The issuer of `[oidc]`, as this machine reaches it."""
    http = OutgoingHttp(
        networks=oidc.networks,
        ca_file=oidc.ca_file,
        report_ca_file=log_ca_file,
        seconds=oidc.timeout_seconds,
        may_stay_here=oidc.is_on_this_machine,
    )
    return Issuer(oidc, http, utc_now)
