"""ID tokens: whether one is genuine and of this log-in, and whom it names (OpenID Connect Core 1.0 §3.1.3.7).

joserfc checks signatures. Only asymmetric ones count: with a shared secret, anybody who can read our configuration
could sign for any person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
SKEW_SECONDS = 60.0  # how far the issuer's clock may differ from ours
OLDEST_SECONDS = 600.0  # since it was issued
_LEAST_MODULUS = 2048 // 8 * 4 // 3  # letters of base64, of an RSA key
_LONGEST_TOKEN = 16 * 1024
_MOST_KEYS = 20


class BadIdToken(Exception):
    """The token proves nothing; the message says why. `is_unknown_key`: no key that was given may have signed it."""

    def __init__(self, problem: str, *, is_unknown_key: bool = False) -> None:
        super().__init__(problem)
        self.is_unknown_key = is_unknown_key


class Expected(Struct, frozen=True, kw_only=True):
    """What a token must say; `authenticated_after` None: it does not matter when its person last proved themselves."""

    issuer: str
    client_id: str
    nonce: str
    authenticated_after: float | None


class IdToken(msgspec.Struct, frozen=True, kw_only=True):
    """The claims that count. `sub` names a person at the issuer for ever; an address may pass from one to another."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    nonce: str = ""
    azp: str = ""
    auth_time: float | None = None
    email: str = ""
    email_verified: bool | str = False

    @property
    def verified_email(self) -> str | None:
        """The address, where the issuer says that it is theirs: some write "true" as text, and no other text counts."""
        return self.email if self.email and self.email_verified in (True, "true") else None


class _Header(msgspec.Struct, frozen=True, kw_only=True):
    alg: str
    kid: str | None = None


def read_id_token(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected, now: float) -> IdToken:
    """The claims of a token that one of these keys (RFC 7517) has signed; raises BadIdToken for all else."""
    if len(token) > _LONGEST_TOKEN:
        raise BadIdToken("the token is too long")
    payload = _verified(token, keys)
    try:
        claims = msgspec.json.decode(payload, type=IdToken)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadIdToken("the claims are malformed") from None
    problem = _problem(claims, expected, now)
    if problem:
        raise BadIdToken(problem)
    return claims


def _verified(token: str, keys: Sequence[Mapping[str, Any]]) -> bytes:
    from joserfc import jws  # noqa: PLC0415 - of an extra, and only who logs in needs it
    from joserfc.errors import JoseError  # noqa: PLC0415 - as before

    header = _header_of(token)
    candidates = list(_candidates(keys, header))[:_MOST_KEYS]
    for key in candidates:
        try:
            return bytes(jws.deserialize_compact(token, key, algorithms=[header.alg]).payload)
        except (JoseError, ValueError, TypeError):
            continue
    if not candidates:
        raise BadIdToken("the key is unknown", is_unknown_key=True)
    raise BadIdToken("the signature is not the issuer's")


def _header_of(token: str) -> _Header:
    from joserfc import jws  # noqa: PLC0415 - as above
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above

    try:
        header = msgspec.convert(jws.extract_compact(token.encode("ascii")).headers(), type=_Header)
    except (JoseError, ValueError, TypeError, msgspec.ValidationError):
        raise BadIdToken("the token is malformed") from None
    if header.alg not in ALGORITHMS:
        raise BadIdToken("the token is signed in a way that does not count")
    return header


def _candidates(keys: Sequence[Mapping[str, Any]], header: _Header) -> Iterator[Any]:
    """The keys that may have signed a token, made from what the issuer publishes."""
    from joserfc.errors import JoseError  # noqa: PLC0415 - as above
    from joserfc.jwk import import_key  # noqa: PLC0415 - as above

    kind = "EC" if header.alg.startswith("ES") else "RSA"
    for key in keys:
        is_other = header.kid is not None and key.get("kid") != header.kid
        if (
            is_other
            or key.get("kty") != kind
            or key.get("use", "sig") != "sig"
            or key.get("alg", header.alg) != header.alg
        ):
            continue
        if kind == "RSA" and len(str(key.get("n", ""))) < _LEAST_MODULUS:
            continue
        try:
            yield import_key(dict(key))
        except (JoseError, ValueError, TypeError, KeyError):
            continue


def _problem(claims: IdToken, expected: Expected, now: float) -> str:
    """Why the claims are not those of this log-in; "" for those that are."""
    audience = (claims.aud,) if isinstance(claims.aud, str) else claims.aud
    if claims.iss != expected.issuer:
        return "the token is another issuer's"
    if expected.client_id not in audience:
        return "the token is for another client"
    if claims.azp not in ("", expected.client_id) or (len(audience) > 1 and not claims.azp):
        return "the token was issued to another client"
    if not expected.nonce or claims.nonce != expected.nonce:
        return "the token is of another log-in"
    if not claims.sub or len(claims.sub) > 255:
        return "the token names nobody"
    if claims.exp <= now - SKEW_SECONDS or not now - OLDEST_SECONDS <= claims.iat <= now + SKEW_SECONDS:
        return "the token is not of now"
    after = expected.authenticated_after
    if after is not None and (claims.auth_time is None or claims.auth_time < after - SKEW_SECONDS):
        return "the issuer has not asked the person again"
    return ""
