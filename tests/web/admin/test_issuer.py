"""What an issuer must say before anybody is logged in by it, and what it may say besides."""

from __future__ import annotations

import base64
import json
import time
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey
from tests.web.admin.oidc_issuer import CLIENT_SECRET, CURVE_KEY, KEY, OTHER_KEY, OidcIssuer, opened_issuer

from pressrun.runtime.outgoing_http import OutgoingHttp
from pressrun.web.admin.id_tokens import IdToken
from pressrun.web.admin.issuer import Ceremony, ClientRefused, Issuer, IssuerAway, IssuerProblem

BACK = "https://admin.example.org/admin/oidc/callback"
CEREMONY = Ceremony(state="a-state", nonce="a-nonce", verifier="v" * 43)
AGAIN = Ceremony(state="a-state", nonce="a-nonce", verifier="v" * 43, is_again=True)
MINUTES = 900


class Clock:
    """The time, which can be moved."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


@pytest_asyncio.fixture
async def other() -> AsyncIterator[OidcIssuer]:
    async with opened_issuer() as issuer:
        yield issuer


def asking(other: OidcIssuer, clock: Clock | None = None) -> Issuer:
    return Issuer(other.settings, OutgoingHttp(seconds=10.0, may_stay_here=True), clock or Clock())


async def log_in(other: OidcIssuer, issuer: Issuer, ceremony: Ceremony = CEREMONY) -> IdToken:
    back = other.log_in(await issuer.log_in_url(ceremony, BACK, MINUTES))
    brought = parse_qs(urlsplit(back).query)
    assert [ceremony.state] == brought["state"]
    redeemed = await issuer.redeem(brought["code"][0], ceremony, BACK, MINUTES, brought["iss"][0])
    return await issuer.with_address(redeemed)


async def test_whom_the_issuer_names(other: OidcIssuer) -> None:
    """Its description and keys are asked for once, whoever logs in."""
    issuer = asking(other)
    claims = await log_in(other, issuer)
    assert (other.url, "subject-of-ada", "ada@reader.example") == (claims.iss, claims.sub, claims.verified_email)
    other.subject = "subject-of-eve"
    assert "subject-of-eve" == (await log_in(other, issuer)).sub
    assert ["/.well-known/openid-configuration", "/token", "/keys", "/token"] == other.asked


async def test_a_secret_in_the_form_where_the_issuer_takes_no_other(other: OidcIssuer) -> None:
    other.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"]}
    assert "subject-of-ada" == (await log_in(other, asking(other))).sub


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["pressrun", "another"], "azp": "pressrun"},
        {"aud": ["pressrun"]},
        {"azp": "pressrun"},
        {"iat": lambda: int(time.time()) + 30},  # a test may begin long after it was collected
        {"exp": lambda: int(time.time()) - 30},
        {"auth_time": None},
        {"more": {"of": ["anything"]}},
    ],
)
async def test_what_an_issuer_may_say(other: OidcIssuer, claims: dict[str, Any]) -> None:
    other.claims = {name: value() if callable(value) else value for name, value in claims.items()}
    assert "subject-of-ada" == (await log_in(other, asking(other))).sub


async def test_a_signature_on_a_curve(other: OidcIssuer) -> None:
    other.signs_with, other.header = CURVE_KEY, {"alg": "ES256", "kid": "curve"}
    assert "subject-of-ada" == (await log_in(other, asking(other))).sub


async def test_a_token_that_names_no_key_is_tried_with_each(other: OidcIssuer) -> None:
    other.keys, other.header = [OTHER_KEY, KEY], {"alg": "RS256"}
    assert "subject-of-ada" == (await log_in(other, asking(other))).sub


@pytest.mark.parametrize(
    ("claims", "problem"),
    [
        ({"iss": "https://another.example"}, "another issuer's"),
        ({"aud": "another"}, "another client"),
        ({"aud": ["another"]}, "another client"),
        ({"aud": []}, "another client"),
        ({"aud": ["pressrun", "another"]}, "another client"),
        ({"azp": "another"}, "another client"),
        ({"nonce": "another"}, "another log-in"),
        ({"nonce": ""}, "another log-in"),
        ({"nonce": None}, "another log-in"),
        ({"sub": ""}, "nobody"),
        ({"sub": "x" * 256}, "nobody"),
        ({"sub": None}, "malformed"),
        ({"sub": 7}, "malformed"),
        ({"exp": int(time.time()) - 120}, "not of now"),
        ({"exp": None}, "malformed"),
        ({"exp": "tomorrow"}, "malformed"),
        ({"iat": int(time.time()) - 3600}, "not of now"),
        ({"iat": int(time.time()) + 3600}, "not of now"),
    ],
)
async def test_claims_that_are_not_of_this_log_in(other: OidcIssuer, claims: dict[str, Any], problem: str) -> None:
    other.claims = claims
    with pytest.raises(IssuerProblem, match=problem):
        await log_in(other, asking(other))


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({"email_verified": True}, "ada@reader.example"),
        ({"email_verified": "true"}, "ada@reader.example"),
        ({"email_verified": False}, None),
        ({"email_verified": None}, None),
        ({"email_verified": "false"}, None),
        ({"email_verified": "yes"}, None),
        ({"email": None}, None),
        ({"email": ""}, None),
    ],
)
async def test_an_address_counts_where_the_issuer_has_verified_it(
    other: OidcIssuer, claims: dict[str, Any], email: str | None
) -> None:
    other.claims = claims
    assert (await log_in(other, asking(other))).verified_email == email


def _unsigned(token: str, header: dict[str, str]) -> str:
    _, payload, signature = token.split(".")
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    return f"{head}.{payload}.{'' if header['alg'] == 'none' else signature}"


def _with_secret(token: str) -> str:
    payload = base64.urlsafe_b64decode(token.split(".")[1] + "==")
    return jws.serialize_compact({"alg": "HS256"}, payload, OctKey.import_key(CLIENT_SECRET * 4), algorithms=["HS256"])


FORGERIES: dict[str, Callable[[str], str]] = {
    "no signature": lambda token: _unsigned(token, {"alg": "none"}),
    "a shared secret": _with_secret,
    "another algorithm": lambda token: _unsigned(token, {"alg": "RS512", "kid": "one"}),
    "a changed payload": lambda token: token.replace(token.split(".")[1], token.split(".")[1][:-4] + "AAAA"),
    "no token": lambda _: "not-a-token",
    "nothing": lambda _: ".." + "a" * 10,
    "not ascii": lambda _: "ä.ö.ü",
    "too long": lambda token: token + "A" * 20_000,
}


@pytest.mark.parametrize("name", FORGERIES)
async def test_a_forged_token(other: OidcIssuer, name: str) -> None:
    other.token = FORGERIES[name](other.make_token({"nonce": CEREMONY.nonce}))
    with pytest.raises(IssuerProblem):
        await log_in(other, asking(other))


async def test_a_key_that_is_new_is_fetched_and_not_more_than_once_a_minute(other: OidcIssuer) -> None:
    """A token by a key that the issuer does not publish is refused, and costs it no more than a look a minute."""
    clock = Clock()
    issuer = asking(other, clock)
    await log_in(other, issuer)
    other.signs_with, other.header = OTHER_KEY, {"alg": "RS256", "kid": "two"}
    for _ in range(3):
        with pytest.raises(IssuerProblem, match="key is unknown"):
            await log_in(other, issuer)
    assert 1 == other.asked.count("/keys")
    clock.ahead = 61.0
    other.keys = [KEY, OTHER_KEY]
    assert "subject-of-ada" == (await log_in(other, issuer)).sub
    assert 2 == other.asked.count("/keys")


async def test_a_short_key_does_not_count(other: OidcIssuer) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the library, about the same
        short = RSAKey.generate_key(1024, {"kid": "one"})
        other.token = jws.serialize_compact({"alg": "RS256", "kid": "one"}, b"{}", short, algorithms=["RS256"])
    other.keys = [short]
    with pytest.raises(IssuerProblem, match="key is unknown"):
        await log_in(other, asking(other))


async def test_a_code_is_worth_nothing_without_what_stays_here(other: OidcIssuer) -> None:
    """Whoever sees the code has not the verifier, and a code is good once."""
    issuer = asking(other)
    back = other.log_in(await issuer.log_in_url(CEREMONY, BACK, MINUTES))
    code = parse_qs(urlsplit(back).query)["code"][0]
    stolen = Ceremony(state="a-state", nonce="a-nonce", verifier="w" * 43)
    with pytest.raises(IssuerProblem, match="status 400"):
        await issuer.redeem(code, stolen, BACK, MINUTES, other.url)
    with pytest.raises(IssuerProblem, match="status 400"):
        await issuer.redeem(code, CEREMONY, BACK, MINUTES, other.url)


async def test_a_code_of_another_issuer_is_not_redeemed(other: OidcIssuer) -> None:
    """Where the issuer says that it names itself beside the code, it must (RFC 9207)."""
    issuer = asking(other)
    other.metadata = {"authorization_response_iss_parameter_supported": True}
    back = other.log_in(await issuer.log_in_url(CEREMONY, BACK, MINUTES))
    code = parse_qs(urlsplit(back).query)["code"][0]
    for said in ("", "https://another.example"):
        with pytest.raises(IssuerProblem, match="not this issuer's"):
            await issuer.redeem(code, CEREMONY, BACK, MINUTES, said)
    assert "/token" not in other.asked


async def test_somebody_who_proves_themselves_again_has_just_logged_in_there(other: OidcIssuer) -> None:
    """The issuer is told how old a log-in may be, and must say when it was (Core §3.1.2.1)."""
    issuer = asking(other)
    asked = parse_qs(urlsplit(await issuer.log_in_url(AGAIN, BACK, MINUTES)).query)
    assert ["900"] == asked["max_age"]
    assert "subject-of-ada" == (await log_in(other, issuer, AGAIN)).sub
    for auth_time in (None, int(time.time()) - 2 * MINUTES):
        other.claims = {"auth_time": auth_time}
        with pytest.raises(IssuerProblem, match="asked the person again"):
            await log_in(other, issuer, AGAIN)


@pytest.mark.parametrize(
    ("metadata", "problem"),
    [
        ({"issuer": "https://another.example"}, "another issuer"),
        ({"token_endpoint": None}, "cannot read its description"),
        ({"jwks_uri": "http://169.254.169.254/keys"}, "does not begin with https"),
        ({"token_endpoint": "https://169.254.169.254/token"}, "not allowed"),
        ({"token_endpoint": "file:///etc/passwd"}, "no host"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "leads astray"),
        ({"authorization_endpoint": "http://id.example.org/authorize"}, "leads astray"),
    ],
)
async def test_a_description_that_leads_astray(other: OidcIssuer, metadata: dict[str, Any], problem: str) -> None:
    """It may name addresses inside the network, and another issuer's words."""
    other.metadata = metadata
    with pytest.raises(IssuerProblem, match=problem):
        await log_in(other, asking(other))


@pytest_asyncio.fixture
async def teller(other: OidcIssuer) -> OidcIssuer:
    """An issuer that says the address at its userinfo endpoint alone (OpenID Connect Core 1.0 §5.4)."""
    other.claims = {"email": None, "email_verified": None}
    other.metadata = {"userinfo_endpoint": f"{other.url}/userinfo"}
    other.about = {"sub": other.subject, "email": "ada@reader.example", "email_verified": True, "name": "Ada"}
    return other


async def test_an_address_that_is_said_elsewhere(teller: OidcIssuer) -> None:
    """It is asked for only where the token has none."""
    assert "ada@reader.example" == (await log_in(teller, asking(teller))).verified_email
    teller.claims = {"email": "eve@reader.example", "email_verified": False}
    assert (await log_in(teller, asking(teller))).verified_email is None
    assert 1 == teller.asked.count("/userinfo")


@pytest.mark.parametrize(
    "lie",
    [
        {"about_status": 403},
        {"about": {"email": "ada@reader.example"}},
        {"about": {"sub": "subject-of-ada", "email": "ada@reader.example"}},
        {"about": {"sub": "subject-of-ada", "email": "ada@reader.example", "email_verified": False}},
        {"access_token": "a\r\nX: b"},
        {"access_token": ""},
        {"metadata": {}},
    ],
)
async def test_an_address_that_is_not_said_is_none(teller: OidcIssuer, lie: dict[str, Any]) -> None:
    """The account is known all the same."""
    vars(teller).update(lie)
    claims = await log_in(teller, asking(teller))
    assert ("subject-of-ada", None) == (claims.sub, claims.verified_email)


async def test_the_address_of_another_account_ends_a_log_in(teller: OidcIssuer) -> None:
    """Core §5.3.2: an access token may have been swapped."""
    teller.about = {"sub": "subject-of-eve", "email": "ada@reader.example", "email_verified": True}
    with pytest.raises(IssuerProblem, match="of another account"):
        await log_in(teller, asking(teller))


async def test_an_issuer_that_cannot_say_the_address_now_is_away(teller: OidcIssuer) -> None:
    """Or somebody invited would be told that nobody knows them."""
    teller.about_status = 502
    with pytest.raises(IssuerAway, match="cannot get the address"):
        await log_in(teller, asking(teller))


async def test_no_redirect_is_followed(other: OidcIssuer) -> None:
    other.metadata = {"jwks_uri": f"{other.url}/elsewhere"}
    with pytest.raises(IssuerProblem, match="status 307"):
        await log_in(other, asking(other))


async def test_an_issuer_that_is_away(other: OidcIssuer) -> None:
    """It is left alone for ten seconds, whoever wants to log in, and asked again then."""
    clock = Clock()
    issuer = asking(other, clock)
    good, other.metadata = other.metadata, {"issuer": 7}
    for _ in range(3):
        with pytest.raises(IssuerProblem):
            await log_in(other, issuer)
    assert 1 == len(other.asked)
    clock.ahead = 11.0
    other.metadata = good
    assert "subject-of-ada" == (await log_in(other, issuer)).sub


async def test_keys_change_after_the_clock_was_ahead(other: OidcIssuer) -> None:
    """A machine may start years ahead; what was fetched then is not kept until that time has come."""
    clock = Clock()
    issuer = asking(other, clock)
    clock.ahead = 1e9
    await issuer.log_in_url(CEREMONY, BACK, MINUTES)
    with pytest.raises(IssuerProblem):  # the token has expired for us; its keys are known now
        await log_in(other, issuer)
    clock.ahead = 0.0
    other.keys, other.signs_with, other.header = [OTHER_KEY], OTHER_KEY, {"alg": "RS256", "kid": "two"}
    assert "subject-of-ada" == (await log_in(other, issuer)).sub


async def test_a_client_secret_that_has_expired(other: OidcIssuer) -> None:
    """The log says so, and so does doctor, who has nobody to log in."""
    other.accepts = "the new one"
    with pytest.raises(ClientRefused, match="the secret may have expired"):
        await log_in(other, asking(other))
    with pytest.raises(ClientRefused):
        await asking(other).probe(BACK)


async def test_a_probe_logs_nobody_in(other: OidcIssuer) -> None:
    """That its code is refused is what an issuer should do."""
    await asking(other).probe(BACK)
    assert ["/.well-known/openid-configuration", "/keys", "/token"] == other.asked


async def test_a_probe_of_an_issuer_without_keys(other: OidcIssuer) -> None:
    other.metadata = {"jwks_uri": f"{other.url}/elsewhere"}
    with pytest.raises(IssuerProblem, match="cannot get its keys: status 307"):
        await asking(other).probe(BACK)
