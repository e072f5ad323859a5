"""What forms post: one decoding, one largest size, and an answer to whatever a client makes of them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from tests.web.harness import WebHarness
from tests.web.routes import ROUTES, kinds_of
from tests.web.supply import Supply

from pressrun.web.http.forms import MAX_FIELDS, Fields, parse_fields

URLENCODED = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=XX"
# All that take fields: confirming takes none, so what comes with its POST is not read, and neither is what comes to a
# link of another program that nobody knows.
FORMS = sorted(
    route
    for route, operations in ROUTES.items()
    if "post" in operations and operations["post"].fields and not route.startswith(("/confirm", "/subscription"))
)
CODECS = "punycode undefined unicode_escape raw_unicode_escape utf-7 utf-16 utf-32 utf_8_sig cp037 hex zlib no-such"


def multipart(*fields: tuple[str, bytes], more: str = "") -> bytes:
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + value + b"\r\n"
        for name, value in fields
    ]
    return b"".join(parts) + b"--XX--\r\n"


def read(content_type: str, body: bytes) -> Fields | int:
    """The fields, or the status of the answer."""
    try:
        return parse_fields(content_type, body)
    except HTTPException as problem:
        return problem.status_code


async def path_of(web: WebHarness, route: str) -> str:
    """A path of a route, by a token that leads somewhere where it has one."""
    supply = Supply(web)
    await supply.set_up()
    if "{token}" not in route:
        return route.replace("{name}", "news")
    return route.replace("{token}", await supply.token(kinds_of(route)[0]))


@pytest.mark.parametrize("codec", CODECS.split())
@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
def test_no_client_chooses_a_codec(kind: str, codec: str) -> None:
    body = b"email=a" if kind is URLENCODED else multipart(("email", b"a"))
    for claim in (codec, codec.upper(), f'"{codec}"'):
        assert 400 == read(f"{kind}; charset={claim}", body)


@pytest.mark.parametrize("claim", ["utf-8", "UTF-8", '"utf-8"', "us-ascii", "ISO-8859-1", "windows-1252"])
@pytest.mark.parametrize("kind", [URLENCODED, MULTIPART])
def test_what_claims_a_charset_that_holds_ascii_is_utf_8(kind: str, claim: str) -> None:
    """Mail programs that claim Latin-1 for their one click mean ASCII; what is not UTF-8 is refused."""
    good = "name=Zoë" if kind is URLENCODED else multipart(("name", "Zoë".encode()))
    bad = b"name=Zo\xeb" if kind is URLENCODED else multipart(("name", b"Zo\xeb"))
    assert [("name", "Zoë")] == read(f"{kind}; charset={claim}", good.encode() if isinstance(good, str) else good)
    assert 400 == read(f"{kind}; charset={claim}", bad)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, b"email=\xff"),
        (URLENCODED, b"email=%ff"),
        (URLENCODED, b"%ff=x"),
        (URLENCODED, b"email=%ED%A0%80"),  # a lone surrogate
        (URLENCODED, b"email=\xed\xa0\x80"),
        (URLENCODED, b"a=b&" * (MAX_FIELDS + 1)),
        (MULTIPART, multipart(("email", b"\xff"))),
        (MULTIPART, multipart(("email", b"\xed\xa0\x80"))),
        (MULTIPART, multipart(("email", b"x")).replace(b'"email"', b'"\xff"')),
        (MULTIPART, multipart(("email", b"x"), more='; filename="x"')),
        (MULTIPART, multipart(*[("a", b"b")] * (MAX_FIELDS + 1))),
        (MULTIPART, multipart(("email", b"x"), more="".join(f"\r\nX-{name}: {'x' * 2000}" for name in "ABC"))),
        (MULTIPART, b"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--\r\n"),
        (MULTIPART, b"--XX\r\n\r\nx\r\n--XX--\r\n"),
        (MULTIPART, b"no part"),
        ("multipart/form-data", multipart(("email", b"x"))),
        ("multipart/form-data; boundary=" + "x" * 9000, multipart(("email", b"x"))),
    ],
)
def test_what_cannot_be_read_is_400(kind: str, body: bytes) -> None:
    assert 400 == read(kind, body)


def test_fields_come_in_their_order_and_as_they_were_typed() -> None:
    body = multipart(("list", b"a"), ("name", "Ada\r\nÜ 日".encode()), ("list", b""))
    assert [("list", "a"), ("name", "Ada\r\nÜ 日"), ("list", "")] == read(MULTIPART, body)
    assert [("list", "a"), ("name", "Ü 日"), ("list", "")] == read(URLENCODED, "list=a&name=%c3%9c+日&list=".encode())
    assert [] == read("text/plain", b"list=a")


@pytest.mark.parametrize("before", [b"\r\n", b"This is a multi-part message in MIME format.\r\n", b"--XY\r\n\r\n"])
def test_a_preamble_is_ignored(before: bytes) -> None:
    """Mail programs write their one click with the tools they write mail with (RFC 2046 §5.1.1, RFC 8058 §3.2)."""
    body = before + multipart(("List-Unsubscribe", b"One-Click")) + b"epilogue"
    assert [("List-Unsubscribe", "One-Click")] == read(MULTIPART, body)


@given(kind=st.text('abc;="/*\x7f \\é', max_size=60), body=st.binary(max_size=400), claimed=st.text(max_size=20))
def test_whatever_is_sent_gives_fields_of_text_or_400(kind: str, body: bytes, claimed: str) -> None:
    for content_type in (kind, f"{MULTIPART}; {kind}", f"{URLENCODED}; charset={claimed}"):
        sent = content_type.encode("utf-8", "surrogatepass").decode("latin-1")
        for octets in (body, multipart(("a", body))):
            fields = read(sent, octets)
            if fields != 400:
                assert isinstance(fields, list)
                "".join(part for field in fields for part in field).encode()  # raises for a lone surrogate


@pytest.mark.parametrize("route", FORMS)
async def test_every_form_is_utf_8_and_no_larger_than_a_request_may_be(web: WebHarness, route: str) -> None:
    """Wherever it posts to: what is neither is no fault of ours and changes nothing."""
    most = web.settings.max_body_bytes
    odd = [
        (URLENCODED, b"email=%ff&action=%ED%A0%80"),
        (f"{MULTIPART}; charset=punycode", multipart(*[("a-", b"-" + b"b" * 1000)] * 20)),
        (f"{MULTIPART}; charset=utf-7", multipart(("email", b"+2AA-@x"), ("action", b"+2AA-"))),
    ]
    path = await path_of(web, route)
    before = await web.everything()
    async with web.client() as client:
        for kind, body in odd:
            answer = await client.post(path, content=body, headers={"Content-Type": kind})
            assert answer.status_code in (200, 400), kind
        full, larger = [
            await client.post(path, content=b"x=".ljust(octets, b"x"), headers={"Content-Type": URLENCODED})
            for octets in (most, most + 1)
        ]
    assert full.status_code != 413
    assert (413, before) == (larger.status_code, await web.everything())


async def test_the_page_for_a_form_that_cannot_be_read_says_so(web: WebHarness) -> None:
    await web.add_list()
    async with web.client() as client:
        kind = {"Content-Type": f"{URLENCODED}; charset=punycode"}
        answer = await client.post("/news/subscribe", content=b"email=" + quote("a@b.example").encode(), headers=kind)
    assert (400, True) == (answer.status_code, "<h1>We couldn&#39;t read that</h1>" in answer.text)
