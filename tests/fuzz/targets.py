"""One target for every parser of what comes in: it takes octets and raises only where a promise is broken.

A parser's own error is an answer like any other; a value must keep what its docstring says.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, TypeVar, cast

from tests.core.signed import signed_address, signed_link
from tests.editions.corpus import NAMES, Written, built_from
from tests.fuzz.authored import config, config_folder, config_seeds, html, html_seeds
from tests.fuzz.pages import opened, page_seeds, pages
from tests.fuzz.samples import POSTED, REPORT, mails, replies
from tests.message.content.css_oracle import harm_in

from pressrun.core.addresses.address import parse_address
from pressrun.core.addresses.mail_routes import read_local_part
from pressrun.core.errors import BadInput, EditionError, MalformedAddress, UnreadableMail
from pressrun.core.signing.keys import KEY_BYTES, KeyRing
from pressrun.core.signing.tokens import AddressPurpose, AddressTokens, WebPurpose, WebTokens
from pressrun.core.text.cells import escape_cell, unescape_cell
from pressrun.core.text.searching import MOST_TERMS, parse_query
from pressrun.inbound.client_input import MAX_COMMAND_BYTES, BareLineEnd, ClientInput, LineTooLong, ReceivedContent
from pressrun.inbound.envelope import EnvelopeSender, parse_recipient, parse_sender
from pressrun.message.content.css import clean_sheet, clean_style
from pressrun.message.editions.posted import Posted, read_post_header, read_posted, rehearse
from pressrun.message.incoming.authentication import find_proof, parse_results
from pressrun.message.incoming.autoreply import machine_made, silent_sender, vacation_words
from pressrun.message.incoming.commands import MOST_COMMANDS, parse_commands
from pressrun.message.incoming.header_scan import own_digest, same_mail_digest, scan_header, sole_author
from pressrun.message.incoming.reading import IncomingMail, read_mail
from pressrun.message.reports.reading import read_report
from pressrun.message.reports.report import Report
from pressrun.message.sources.edition_file import parse_edition, referenced_paths
from pressrun.operations.csv_files import parse_suppressions
from pressrun.operations.csv_records import as_csv, read_records
from pressrun.operations.sources.formats import FORMATS, read_members
from pressrun.operations.sources.member import SourceMember
from pressrun.runtime.frames import BadFrame, encode_frame
from pressrun.sandbox.frames import Made, Question, answer_reader, task_reader
from pressrun.smtp.errors import RemoteProtocolError
from pressrun.smtp.reader import ReplyReader
from pressrun.store.editions.search import count_found
from pressrun.store.sqlite.migrate import package_schema
from pressrun.store.sqlite.statements import dialect
from pressrun.store.transaction import Transaction

_DOMAIN = "news.example.org"
_LIMIT = 4096
_KEYS = KeyRing({1: b"k" * KEY_BYTES, 5: b"l" * KEY_BYTES}, b"s" * KEY_BYTES)
_SUFFIXES = (".md", ".html", ".txt", ".eml")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Target:
    """`run` takes any octets; `seeds` are where to begin; `opened` holds what it needs around it."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    opened: Callable[[], AbstractContextManager[None]] = nullcontext


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


# ---------------------------------------------------------------------- mails, in the helper process


def _crosses(value: IncomingMail | Report | Posted) -> None:
    """What was read gets to the daemon, and is the same there."""
    answer = Made(value)
    if list(answer_reader(type(value)).read(encode_frame(answer))) != [answer]:
        raise AssertionError("the value is another one on the other side")


def mail(data: bytes) -> None:
    try:
        _crosses(read_mail(data))
    except UnreadableMail:
        return


def report(data: bytes) -> None:
    try:
        report = read_report(data)
    except UnreadableMail:
        return
    _crosses(report)
    report.of("ada@reader.example")


def posted(data: bytes) -> None:
    """What was read is an edition file, or one with an error that has its line."""
    try:
        read_post_header(data)
        posted = read_posted(data)
    except UnreadableMail:
        return
    _crosses(posted)
    try:
        rehearse(posted)
        referenced_paths(parse_edition(posted.source, f".{posted.source_name.rpartition('.')[2]}"))
    except (EditionError, UnreadableMail):
        return


def frames(data: bytes) -> None:
    """Whatever the other side sends is values or a BadFrame, in whatever pieces it comes."""
    for reader in (task_reader(), answer_reader(IncomingMail), answer_reader(Report)):
        try:
            for place in range(0, len(data), 7):
                list(reader.read(data[place : place + 7]))
        except BadFrame:
            continue


def commands(data: bytes) -> None:
    subject, _, body = _text(data).partition("\n")
    assert len(parse_commands(subject, body)) <= MOST_COMMANDS


def autoreply(data: bytes) -> None:
    lines = (line.partition(":") for line in _text(data).split("\n"))
    fields = [(name.lower(), value) for name, _, value in lines]
    machine_made(fields)
    vacation_words(_text(data))
    for _, value in fields:
        try:
            silent_sender(parse_address(value.strip()), {_DOMAIN})
        except MalformedAddress:
            continue


def trace(data: bytes) -> None:
    seen = scan_header(data)
    assert 0 <= seen.own_start <= len(data) + 2, "the content begins inside of it"
    own = own_digest(data, seen)
    assert len(same_mail_digest(own, mail_from=_text(data[:50]), recipient="news")) == 32
    hop = b"Received: from x by y; z\r\n" + data
    if seen.has_message_id and seen.received < 20 and len(data) < 60_000:
        assert own == own_digest(hop, scan_header(hop)), "one more hop makes another mail of it"


def authentication(data: bytes) -> None:
    """Proof stands in a field of our own server, and says pass."""
    values = data.decode("utf-8", "replace").split("\n")
    proof = find_proof(values, authserv_id="mx.example.org", from_domain="news.harbour.example")
    if proof is not None:
        own = "\n".join(value.lower() for value in values if "mx.example.org" in value.lower())
        assert "pass" in own
        assert "harbour.example" in own
    for value in values:
        parse_results(value)


def author(data: bytes) -> None:
    """Whoever is named stands there, and nobody else does."""
    text = data.decode("utf-8", "replace")
    author = sole_author([text])
    if author is not None:
        assert author.typed.partition("@")[0] in text
    assert sole_author([text, text]) is None


# ---------------------------------------------------------------------- the listeners


def envelope(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    sender = parse_sender(text)
    if isinstance(sender, EnvelopeSender):
        assert not set(sender.path) & set("\0\r\n")
    for utf8 in (False, True):
        recipient = parse_recipient(text, mail_domain=_DOMAIN, utf8=utf8)
        if isinstance(recipient, str):
            assert not set(recipient) & set('@%!:"<>\0 \r\n')
            read_local_part(recipient)


def local_part(data: bytes) -> None:
    text = _text(data)
    route = read_local_part(text)
    if route is not None:
        assert route == read_local_part(text.lower())
        assert text.isascii()


class _Pieces:
    """A stream that has everything at once and so never waits."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter([piece for piece in pieces if piece])

    async def read(self, size: int) -> bytes:
        return next(self._pieces, b"")


async def _no_turn() -> None:
    """Nobody else is there."""


def _result(steps: Coroutine[Any, Any, _T]) -> _T:
    """What a coroutine gives that never waits."""
    try:
        steps.send(None)
    except StopIteration as end:
        return cast(_T, end.value)
    raise AssertionError("it waits for something")


async def _dialogue(pieces: Iterable[bytes]) -> list[bytes | str | ReceivedContent | None]:
    """A content, then lines, then a content again whenever a line says so."""
    received = ClientInput(cast(Any, _Pieces(pieces)), lambda: None, lambda: None, _no_turn)
    read: list[bytes | str | ReceivedContent | None] = [await received.read_content(_LIMIT, lambda size: True)]
    while True:
        try:
            line = await received.read_line()
        except (BareLineEnd, LineTooLong) as problem:
            read.append(type(problem).__name__)
            continue
        if line is None:
            return read
        read.append(line)
        if line.upper() == b"DATA":
            read.append(await received.read_content(_LIMIT, lambda size: True))


def wire(data: bytes) -> None:
    """The same commands and contents however they are cut, and no bare line end among them."""
    size, data = 1 + (data[0] if data else 0), data[1:]
    whole = _result(_dialogue([data]))
    assert whole == _result(_dialogue(data[at : at + size] for at in range(0, len(data), size)))
    for piece in whole:
        text = piece.data if isinstance(piece, ReceivedContent) else piece if isinstance(piece, bytes) else b""
        rest = text.replace(b"\r\n", b"") if isinstance(piece, ReceivedContent) else text
        assert b"\r" not in rest
        assert b"\n" not in rest
        assert len(text) <= (_LIMIT if isinstance(piece, ReceivedContent) else MAX_COMMAND_BYTES)


# ---------------------------------------------------------------------- tokens and addresses


def tokens(data: bytes) -> None:
    """A token that is read is the one that was made."""
    token = _text(data)
    for purpose in WebPurpose:
        numbers = WebTokens(_KEYS).read(purpose, token)
        if numbers is not None:
            rings = [KeyRing({number: key}, b"") for number, key in _KEYS.link_keys.items()]
            made = [WebTokens(ring).make(purpose, *numbers) for ring in rings]
            assert token in made + [signed_link(key, purpose, *numbers) for key in _KEYS.link_keys.values()]
    for kind in AddressPurpose:
        row_id = AddressTokens(_KEYS).read(kind, "news", token)
        if row_id is not None:
            old = [signed_address(key, number, kind, "news", row_id) for number, key in _KEYS.link_keys.items()]
            rings = [KeyRing({number: key}, b"") for number, key in _KEYS.link_keys.items()]
            assert token in old or token in [AddressTokens(ring).make(kind, "news", row_id) for ring in rings]


def address(data: bytes) -> None:
    try:
        parsed = parse_address(_text(data))
    except MalformedAddress:
        return
    assert parsed.typed
    assert not set(f"{parsed.typed}{parsed.wire}{parsed.key}") & set("\r\n\0")
    assert str(parsed).encode("utf-8")
    assert parsed.fold


# ---------------------------------------------------------------------- the relay's words


def reply(data: bytes) -> None:
    """The same replies however they are cut."""
    size, data = 1 + (data[0] if data else 0), data[1:]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    whole, cut = _replies([data]), _replies(pieces)
    # A line without end is given up sooner when it comes in pieces; what was read before is the same.
    assert whole[: len(cut)] == cut[: len(whole)]


def _replies(pieces: Iterable[bytes]) -> list[tuple[int, str, str]]:
    reader, replies = ReplyReader(), []
    try:
        for piece in pieces:
            reader.feed(piece)
            while reader.next_code():
                reply = reader.reply()
                assert all(c.isprintable() or c == "\n" for c in reply.text)
                replies.append((reply.code, reply.enhanced, reply.text))
    except RemoteProtocolError:
        return replies
    return replies


# ---------------------------------------------------------------------- styles


def css(data: bytes) -> None:
    """What is left harms nobody who reads CSS, and is left again."""
    text = data.decode("utf-8", "replace")
    sheet, style = clean_sheet(text).text, clean_style(text).text
    assert harm_in(sheet) == harm_in(style) == []
    assert (sheet, style) == (clean_sheet(sheet).text, clean_style(style).text)


# ---------------------------------------------------------------------- files


def edition(data: bytes) -> None:
    suffix, source = _SUFFIXES[data[0] % len(_SUFFIXES) if data else 0], data[1:]
    try:
        file = parse_edition(source, suffix)
        referenced_paths(file)
        built_from(file, {})
    except EditionError:
        return
    subject = file.keys.subject.text if file.keys.subject else ""
    for text in (file.body, file.html or "", subject, *(enclosure.name for enclosure in file.enclosed)):
        text.encode("utf-8")


def subscribers(data: bytes) -> None:
    """The first octet chooses the program; an active member has an address, and rows come in the order of lines."""
    program = FORMATS[data[0] % len(FORMATS)] if data else "csv"
    line = 0
    try:
        for row in read_members(BytesIO(data[1:]), "members", program, mapped={}).members:
            assert row.line > line
            line = row.line
            assert isinstance(row, SourceMember) or row.reason
    except BadInput:
        return


def _member_seeds() -> list[bytes]:
    """A file of each program, and of plain CSV, behind the octet that chooses the program."""
    files = {
        "mailman3": b"Berg, Karl (Verein) <k@x.example>\n=?utf-8?q?Caf=C3=A9?= <c@x.example>\nm@x.example\n",
        "mailman2": b'"Berg, \\"K\\" (V)" <k@x.example>\n',
        "mlmmj": b"m@x.example\n",
        "sympa": b'attrib <custom_attribute id="a"><value>b &amp; c</value></custom_attribute>\ndate 1500000000\n'
        b"email m@x.example\ngecos M\nreception nomail\nsuspend 1\nbounce_score 90\n\nemail n@x.example\n",
        "listmonk": b'uuid,email,name,attributes,status,subscription_status,created_at\nu,a@x.example,A,"{""b"": [1]}",'
        b"enabled,confirmed,2023-01-02 15:04:05.1 +0000 UTC\n",
        "phplist": b"Email\tIs this subscriber confirmed\tIs this subscriber blacklisted\tForeign Key\n"
        b"a@x.example\t1\t0\t' =x\n",
        "mailchimp": b'"Email Address","First Name","Last Name",CONFIRM_TIME,CLEAN_TIME\n'
        b'a@x.example,A,B,"2015-01-02 10:00:00",\n',
    }
    plain = FORMATS.index("csv")
    return [*(bytes([plain]) + seed for seed in _CSV), *(bytes([FORMATS.index(key)]) + files[key] for key in files)]


def suppressions(data: bytes) -> None:
    try:
        for _ in parse_suppressions(BytesIO(data)):
            continue
    except BadInput:
        return


def cells(data: bytes) -> None:
    text = _text(data)
    assert text == unescape_cell(escape_cell(text))
    assert not unescape_cell(text) or escape_cell(text)[0] not in "=+-@\t\r"
    if "\0" not in text and data == text.encode("utf-8", "replace"):
        file = BytesIO("".join(as_csv(["a", "b"], [["x", text]])).encode())
        assert [["a", "b"], ["x", escape_cell(text)]] == [record.cells for record in read_records(file)]


# ---------------------------------------------------------------------- where to begin


def search(data: bytes) -> None:
    """Any text is a query: every term has something to find, and SQLite takes the expression that is made of them."""
    terms = parse_query(_text(data))
    assert len(terms) <= MOST_TERMS
    for term in terms:
        assert any(sign.isalnum() or sign.isnumeric() for sign in term.words)
    if terms:
        count_found(_index(), 1, terms)


_QUERIES = (
    'boats "high water" caf\u00e9',
    'a" OR list:"l2" NEAR(b c) -d *',
    "\u6771\u4eac\u30bf\u30ef\u30fc",
    '"\u0643\u0650\u062a',
)


@cache
def _index() -> Transaction:
    connection = sqlite3.connect(":memory:")
    connection.executescript(package_schema())
    return Transaction(connection, dialect())


def _edition_seeds() -> list[bytes]:
    keys = b"---\nsubject: High water\nattachments: [a.pdf]\ntext: b.txt\n---\n"
    page = keys + b"\n# High {{ name | default: x }}\n\n![a](b.png)\n"
    html = b'---\nsubject: x\n---\n<html><body><p>hi <img src="a.png"><table><tr><td>x</table><svg/onload=x></html>\n'
    corpus = [bytes([_SUFFIXES.index(written.suffix)]) + written.source for written in map(Written, NAMES)]
    return [
        b"\0" + page,
        b"\1" + html,
        b"\2" + page,
        *corpus,
        *(b"\3" + mail for mail in [REPORT, POSTED, *mails()[:12]]),
    ]


def _token_seeds() -> list[bytes]:
    web = [WebTokens(_KEYS).make(purpose, 7, 12) for purpose in WebPurpose]
    mail = [AddressTokens(_KEYS).make(purpose, "news", 12) for purpose in AddressPurpose]
    web += [signed_link(_KEYS.link_keys[1], purpose, 7, 12) for purpose in WebPurpose]
    mail += [signed_address(_KEYS.link_keys[5], 5, purpose, "news", 12) for purpose in AddressPurpose]
    return [token.encode() for token in web + mail]


def _route_seeds() -> list[bytes]:
    token = AddressTokens(_KEYS).make(AddressPurpose.BOUNCES, "news", 12)
    locals_ = ["news", "news-request", "Postmaster", f"news-bounces+{token}", f"news-confirm+{token}", "a--b-join"]
    return [local.encode() for local in locals_]


def _envelope_seeds() -> list[bytes]:
    own = [b"TO:<" + local + f"@{_DOMAIN}>".encode() for local in _route_seeds()]
    paths = [
        "FROM:<>",
        "FROM:<ada@reader.example> SIZE=10 BODY=8BITMIME SMTPUTF8",
        "TO:<@a:b@c>",
        "FROM:<a%b@c.example>",
    ]
    return own + [path.encode() for path in paths] + ["FROM:<é@grün.example> SMTPUTF8".encode()]


def _wire_seeds() -> list[bytes]:
    text = b"Subject: x\r\n\r\nhello\r\n..\r\n"
    ends = [
        b"\r\n.\r\n",
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\r\n.\0\r\n",
        b"\r\r\n.\r\r\n",
    ]
    return [bytes([size]) + text + end + b"NOOP\r\nDATA\r\nx\r\n.\r\nQUIT\r\n" for end in ends for size in (0, 3, 200)]


def _frame_seeds() -> list[bytes]:
    values = [Question(b"x"), Made(read_mail(b"Subject: x\r\n\r\n")), Made(read_report(REPORT))]
    return [encode_frame(value) for value in values]


_CSV = [
    b"email,name,subscribed_at,town\nada@reader.example,\"Ada, \"\"A\"\"\",2024-01-01,'=1\n",
    b"\xef\xbb\xbfemail;name\r\nx;y\r\n", b"address,reason,since\nada@reader.example,complaint,2024-01-01\n",
    b"a@b.example\n",
]  # fmt: skip
_CSS = [
    '@imp@import;ort "x"; @media (max-width: 600px) { p { color: red } } p:hover { color: #111 }',
    "a{background:\\75rl(x);b:u/**/rl(x);c:image-set('x' 1x);d:calc(1px + (2em))}<!-- .md\\:w:not(.b){e:f!important}",
    "color:red;font:7pt \"A 'b\";position:fixed;--x:{a};content:'\\201C'",
    '@supports (display: grid) and (not (a:b)) {li:nth-child(2n+1)::before{content:"</style>"}',
]
_COMMANDS = [
    b"Re: confirm abcdefghijklmnopqrstuvw2345\nhelp\n> x\nsubscribe\nend\n",
    b"help\n--\n",
    b"\nlists\nleave.\n",
]
_RESULTS = [
    b'mx.example.org 1; dkim/1=pass (ok \\) x) reason="a; b" header.d=harbour.example; spf=none',
    b"mx.example.org;\r\n\tdmarc=pass (p=REJECT) header.from=news.harbour.example\nother.example; dkim=pass header.d=x",
]
_AUTHORS = [b"Grace <grace@harbour.example>", b'"G \\" (x)" <grace@harbour.example>', b"grace@harbour.example"]
_ADDRESSES = ["ada@reader.example", "é@grün.example", '"a b"@c.example', "a@[192.0.2.1]", "a+b@xn--grn-ioa.example"]

TARGETS: dict[str, Target] = {
    "address": Target(address, lambda: [text.encode() for text in _ADDRESSES]),
    "authentication": Target(authentication, lambda: _RESULTS),
    "author": Target(author, lambda: _AUTHORS),
    "autoreply": Target(autoreply, lambda: [content.partition(b"\r\n\r\n")[0][:4000] for content in mails()]),
    "cells": Target(cells, lambda: [b"=1", b"'=1", b"''+x", b"plain", b"'"]),
    "css": Target(css, lambda: [text.encode() for text in _CSS]),
    "commands": Target(commands, lambda: _COMMANDS),
    "config": Target(config, config_seeds, config_folder),
    "edition": Target(edition, _edition_seeds),
    "envelope": Target(envelope, _envelope_seeds),
    "frames": Target(frames, _frame_seeds),
    "html": Target(html, html_seeds),
    "local-part": Target(local_part, _route_seeds),
    "mail": Target(mail, mails),
    "pages": Target(pages, page_seeds, opened),
    "posted": Target(posted, mails),
    "reply": Target(reply, lambda: [bytes([size]) + said for said in replies() for size in (0, 9)]),
    "report": Target(report, mails),
    "search": Target(search, lambda: [query.encode() for query in _QUERIES]),
    "subscribers": Target(subscribers, _member_seeds),
    "suppressions": Target(suppressions, lambda: _CSV),
    "tokens": Target(tokens, _token_seeds),
    "trace": Target(trace, mails),
    "wire": Target(wire, _wire_seeds),
}
