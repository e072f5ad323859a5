"""No text with NUL or half a character comes in by any door: PostgreSQL stores neither, and SQLite shows neither.

Each door is shown both, everywhere in what it reads. It leaves them out, replaces them, or refuses the whole with a
reason.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.exceptions import HTTPException
from tests.services.harness import ServiceHarness
from tests.web.harness import open_web
from tests.web.routes import FIELDS, ROUTES

from pressrun.acts import arguments as act_arguments
from pressrun.acts.arguments import checked
from pressrun.core.errors import BadInput, PressrunError
from pressrun.core.text.searching import indexed_words, parse_query, searchable
from pressrun.message.editions.posted import read_post_header, read_posted
from pressrun.message.incoming.commands import parse_commands
from pressrun.message.incoming.header_scan import scan_header
from pressrun.message.incoming.reading import read_mail
from pressrun.message.reports.reading import read_report
from pressrun.message.sources.edition_file import parse_edition
from pressrun.operations.sources.formats import read_members
from pressrun.services.lists.list_settings import read_settings
from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.reader import ReplyReader
from pressrun.store.queue import destinations
from pressrun.web.http.forms import clean_language, clean_name, parse_fields

HALF = "\ud83d"


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from texts_in(pair)
    elif isinstance(value, list | tuple | set | frozenset):
        for member in value:
            yield from texts_in(member)
    elif isinstance(value, msgspec.Struct) or hasattr(value, "__dataclass_fields__"):
        names = value.__struct_fields__ if isinstance(value, msgspec.Struct) else value.__dataclass_fields__
        for name in names:
            yield from texts_in(getattr(value, name))


def unfit(value: Any) -> list[str]:
    return [text for text in texts_in(value) if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text)]


# Words that hold both, in each way that a header can write them.
_RAW = b"a\0b \xed\xa0\xbd"
_ENCODED = [
    b"=?utf-8?b?YQBiIO2gvQ==?=",
    b"=?utf-16-be?b?AGEAANg9?=",
    b"=?utf-16?b?AGEAANg9?=",
    b"=?utf-7?q?+2D0-?=",
    b"=?us-ascii?q?a=00b?=",
]
_WORDS = [_RAW, *_ENCODED]

_HEADER = b"""From: %(w)s <ada@reader.example>
To: %(w)s <news@news.example>, a\0b@c.example
Subject: %(w)s
Message-ID: <a\0b@reader.example>
In-Reply-To: <c\0d@reader.example>
Auto-Submitted: auto-%(w)s
Precedence: %(w)s
X-Autoreply: %(w)s
X-Failed-Recipients: %(w)s@reader.example
Authentication-Results: mx.example; dkim=pass header.d=%(w)s
MIME-Version: 1.0
"""

_REPORT = b"""Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: text/plain; charset=utf-16

%(w)s delivery to ada@reader.example failed \0 no such user
--x
Content-Type: message/delivery-status

Reporting-MTA: dns; %(w)s

Final-Recipient: rfc822; a\0%(w)s@reader.example
Action: failed
Status: 5.1.\0%(w)s
Diagnostic-Code: smtp; 550 5.1.1 %(w)s no such user \0 here
--x
Content-Type: message/rfc822

Message-ID: <%(w)s@n.example>
Subject: %(w)s

%(w)s
--x--
"""

_COMPLAINT = b"""Content-Type: multipart/report; report-type=feedback-report; boundary=x

--x
Content-Type: message/feedback-report

Feedback-Type: abuse%(w)s
Original-Mail-From: %(w)s@n.example
Original-Rcpt-To: %(w)s@reader.example

--x--
"""

_POST = b"""Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/html; charset="%(w)s"

<p>%(w)s \0 &#0; &#xd83d; hello</p><img src="cid:%(w)s">
--x
Content-Type: image/png; name="%(w)s.png"
Content-ID: <%(w)s>
Content-Disposition: attachment; filename*=utf-16''%%D8%%3D%%00%%00.png

PNG
--x
Content-Type: text/plain; name="%(w)s.txt"
Content-Disposition: attachment; filename="%(w)s.txt"

%(w)s
--x--
"""


_BODIES = (_REPORT, _COMPLAINT, _POST, b"\n\nunsubscribe \0 %(w)s\n", b"\n\nUnknown user: <a\0%(w)s@b.example>\n")


def mails() -> list[bytes]:
    return [((_HEADER + body) % {b"w": word}).replace(b"\n", b"\r\n") for word in _WORDS for body in _BODIES]


@pytest.mark.parametrize("read", [read_mail, read_report, read_posted, read_post_header, scan_header])
def test_what_is_read_of_a_mail(read: Callable[[bytes], Any]) -> None:
    number = 0
    for mail in mails():
        try:
            outcome = read(mail)
        except PressrunError as problem:  # its words may be stored, too
            outcome = str(problem)
        number += 1
        assert [] == unfit(outcome), mail
    assert number == len(mails())


def test_what_a_mail_asks_for() -> None:
    assert [] == unfit(parse_commands("confirm a\0b", f"unsubscribe \0 {HALF}\nlanguage \0\n"))


@pytest.mark.parametrize(
    "octets", [b"550 5.1.1 a\0b \xed\xa0\xbd c\r\n", b"250-a\0\r\n250 \xed\xa0\xbd\r\n", b"250 \0\n"]
)
def test_what_a_relay_answers(octets: bytes) -> None:
    reader = ReplyReader()
    reader.feed(octets)
    assert reader.next_code()
    assert [] == unfit(reader.reply())
    broken = ReplyReader()
    broken.feed(b"\0\xed\xa0\xbd" + octets)
    with pytest.raises(RemoteProtocolError) as refused:
        broken.next_code()
    assert [] == unfit(str(refused.value))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"a%00=b%00c&d=\0%%0000&e=%ED%A0%BD"),
        ("application/x-www-form-urlencoded", b"name=a%00b&address=%00"),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a\0"\r\n\r\nb\0c\r\n--x--\r\n',
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xed\xa0\xbd\r\n--x--\r\n',
        ),
    ],
)
def test_what_a_form_says(content_type: str, body: bytes) -> None:
    outcome: object
    try:
        outcome = list(parse_fields(content_type, body))
    except HTTPException as problem:
        outcome = problem.status_code
    assert outcome
    assert [] == unfit(outcome)


def test_names_and_languages_of_people() -> None:
    assert ["a b", ""] == [clean_name(f"a\0{HALF}b"), clean_language("e\0n")]


@pytest.mark.parametrize("text", ["a\0b", "a\ud83db"])
def test_the_search(text: str) -> None:
    assert [] == unfit([searchable(text), indexed_words(searchable(text)), list(parse_query(text))])


def every_verb() -> list[type[act_arguments.Arguments]]:
    kinds = [
        kind
        for kind in vars(act_arguments).values()
        if isinstance(kind, type) and issubclass(kind, act_arguments.Arguments)
    ]
    assert len(kinds) > 10
    return kinds


@pytest.mark.parametrize("kind", every_verb(), ids=lambda kind: kind.__name__)
def test_what_the_control_socket_carries(kind: type[Any]) -> None:
    """A text with NUL in any argument of any verb is refused, and NUL in octets is not."""
    for name in kind.__struct_fields__:
        for value in ("a\0b", ["a\0b"], {"a\0": "b"}, {"a": "\0b"}, [{"line": 1, "address": "a\0b"}], [[1, "a\0b"]]):
            filled = {field: fitting(kind, field) for field in kind.__struct_fields__} | {name: value}
            with pytest.raises(BadInput) as refused:
                checked(msgspec.Raw(msgspec.msgpack.encode(filled)), kind)
            assert [] == unfit(str(refused.value))


def fitting(kind: type[Any], name: str) -> Any:
    """A value that the argument takes."""
    values: tuple[Any, ...] = ("a", 1, True, b"\0", None, [], {}, {"a": b"\0"})
    for value in values:
        try:
            msgspec.convert(value, msgspec.structs.fields(kind)[kind.__struct_fields__.index(name)].type)
        except msgspec.ValidationError:
            continue
        return value
    raise AssertionError(f"{kind.__name__}.{name}")


@pytest.mark.parametrize(
    "source",
    [
        b"---\nsubject: a\0b\n---\nhello\n",
        b'---\nsubject: "a\\0b"\n---\nhello\n',
        b'---\nsubject: "a\\ud83db"\n---\nhello\n',
        b'---\nsubject: "a\\x00b"\nissue: "\\u0000"\n---\nhello\n',
        b"---\nsubject: a\n---\nhello \0\n",
        b"---\nsubject: a\n---\nhello &#0; &#xd83d; \xed\xa0\xbd\n",
    ],
)
def test_the_file_of_an_edition(source: bytes) -> None:
    outcome: object
    try:
        outcome = parse_edition(source, ".md")
    except PressrunError as problem:
        outcome = str(problem)
    assert [] == unfit(outcome)


@pytest.mark.parametrize(
    "content",
    [b"address,name\na@b.example,x\0y\n", b"address\na\0@b.example\n", b"address,x\na@b.example,\xed\xa0\xbd\n"],
)
def test_a_file_of_subscribers(content: bytes) -> None:
    with pytest.raises(BadInput) as refused:
        list(read_members(io.BytesIO(content), "members.csv", "csv", mapped={}).members)
    assert [] == unfit(str(refused.value))


@pytest.mark.parametrize("text", ["a\0b", "a\ud83db"])
def test_the_settings_of_a_list(text: str) -> None:
    for key in ("title", "description", "postal_address", "footer", "cadence", "family", "hours", "language", "relay"):
        with pytest.raises(BadInput):
            read_settings({key: text})


async def test_every_page(tmp_path: Path) -> None:
    """Whatever is asked for by a name with NUL is not there, and a form with one is malformed."""
    async with open_web(tmp_path) as web:
        list_id = await web.add_list()
        subscription = await web.add_reader(list_id)
        await web.add_edition(list_id)
        tokens = {"unsubscribe": web.unsubscribe_path(subscription), "preferences": web.preferences_path(1)}
        fields = dict.fromkeys(FIELDS, "a\0b") | {"email": "e\0ve@reader.example", "name": "E\0ve", "list": "news"}
        query = "language=e%00n&q=a%%0000b&list=%00news&page=%00&year=%00&order=%00&pause=%00"
        async with web.client() as client:
            for route, methods in ROUTES.items():
                token = tokens.get(route.split("/")[1], "/x/%00")
                paths = [re.sub(r"\{[^}]+\}", "%00", route), re.sub(r"\{[^}]+\}", "news", route)]
                paths.append(route.replace("/{token}", token.removeprefix(f"/{token.split('/')[1]}")))
                for path in {path for path in paths if "{" not in path}:
                    for method in methods:
                        data = fields if method == "post" else None
                        answer = await client.request(method, f"{path}?{query}", data=data)
                        assert answer.status_code < 500, (method, path)
            answer = await client.post("/news/subscribe", data={"email": "e\0ve@reader.example", "name": "E\0ve"})
            assert answer.status_code == 400
        assert [] == await web.rows("select address from subscriber where address like 'e%ve@%'")
        assert [] == unfit(await web.everything())


async def test_text_that_looks_like_an_escape_stays_as_it_is(services: ServiceHarness) -> None:
    """A statement takes a JSON text apart, and a driver looks for parameters: neither finds any in values."""
    names = ["a\\u0000b", "\\ud83d", "%s %(name)s :name ?", "'quoted' \"twice\" $$", "\u2028\U0001f6a2\x7f\x01", "\\"]
    await services.database.write(destinations.store_paces, {name: {name: 1} for name in names})
    assert {name: {name: 1} for name in names} == await services.database.read(destinations.load_paces)
