"""Authentication-Results: what proves a From domain, and everything that does not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pressrun.message.incoming.authentication import AuthResult, find_proof, parse_results

ID = "mx.example.org"
FROM = "news.harbour.example"


def proof(*values: str, from_domain: str = FROM) -> str | None:
    return find_proof(values, authserv_id=ID, from_domain=from_domain)


# The forms of OpenDKIM, OpenDMARC, rspamd, Gmail, Microsoft, Exim and mailauth, and of the examples of RFC 8601.
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"{ID}; dkim=pass header.d=harbour.example", "dkim"),
        (f"{ID}; dkim=pass header.d={FROM}", "dkim"),
        (f'{ID}; dkim=pass (2048-bit key; secure) header.d=harbour.example header.i=@x header.b="ab/c=d"', "dkim"),
        (f"{ID}; dkim=pass header.i=@harbour.example header.s=s1 header.b=AbCdEf12; spf=none", "dkim"),
        (f"{ID}; spf=pass (a; b) smtp.mailfrom=x@y.example; dmarc=pass (p=REJECT) header.from={FROM}", "dmarc"),
        (f"{ID}; dmarc=pass (policy=none) header.from={FROM.upper()}", "dmarc"),
        (f"{ID} 1; auth=pass (cram-md5) smtp.auth=x; dkim=pass header.d=harbour.example", "dkim"),
        (f"{ID.upper()}; DKIM=PASS Header.D=Harbour.Example", "dkim"),
        (f'"{ID}"; dkim = pass reason = "good; signature" header.d = harbour.example', "dkim"),
        (f"{ID};\r\n\tdkim=pass (1024-bit key)\r\n\theader.d=harbour.example;\r\n\tarc=none", "dkim"),
        (f"{ID}; dkim/1=pass header.d=harbour.example", "dkim"),
        (f"{ID}; dkim=fail header.d=harbour.example; dkim=pass header.d=harbour.example", "dkim"),
        (f"{ID}; compauth=pass reason=100; dkim=pass (signature was verified) header.d=harbour.example", "dkim"),
        (f"(a comment (nested)) {ID} (x); dkim=pass header.d=harbour.example.", "dkim"),
    ],
)  # fmt: skip
def test_a_proof_is_found(value: str, expected: str) -> None:
    """Whatever server wrote it."""
    assert expected == proof(value)


@pytest.mark.parametrize(
    "value",
    [
        f"{ID}; dkim=fail header.d=harbour.example",
        f"{ID}; dkim=none",
        f"{ID}; none",
        f"{ID}",
        "",
        f"{ID}; dkim=pass header.d=evil.example",
        f"{ID}; dkim=pass header.d=www.news.harbour.example",
        f"{ID}; dkim=pass header.d=arbour.example",
        f"{ID}; dkim=pass header.d=example",
        f"{ID}; dkim=pass header.d=",
        f"{ID}; dkim=pass",
        f"{ID}; dkim=pass header.i=@evil.example header.b=x",
        f"{ID}; dkim=pass header.d=evil.example header.i=@harbour.example",
        f"{ID}; dkim=pass header.d=evil.example header.d=harbour.example",
        f"{ID}; dmarc=pass header.from=harbour.example",
        f"{ID}; dmarc=pass header.d=harbour.example",
        f"{ID}; spf=pass smtp.mailfrom=x@{FROM}",
        f"{ID}; x-dkim=pass header.d=harbour.example",
        f"{ID}; dkim=passed header.d=harbour.example",
        f"{ID}; dkim=pass (header.d=harbour.example)",
        f"{ID}; (dkim=pass header.d=harbour.example)",
        f'{ID}; reason="; dkim=pass header.d=harbour.example"',
        f'{ID}; spf=pass smtp.mailfrom="x; dkim=pass header.d=harbour.example"',
        f"{ID}; dkim=pass header.d=harbour.example (open",
        f'{ID}; dkim=pass header.d=harbour.example "open',
        f"{ID}; dkim=pass header.d=harbour.example )",
        f"{ID} 2; dkim=pass header.d=harbour.example",
        f"{ID} more words; dkim=pass header.d=harbour.example",
        f"{ID}.evil.example; dkim=pass header.d=harbour.example",
        f"other.example; dkim=pass header.d=harbour.example; {ID}; dkim=pass header.d=harbour.example",
        f"{ID}; dkim/2=pass header.d=harbour.example",
        f"{ID}; dkim=pass header.d=harbour.example header.b=a=b",
        f"{ID}; " + "spf=none; " * 200 + "dkim=pass header.d=harbour.example",
        f"{ID}; dkim=pass header.d=harbour.example" + " " * 9000,
    ],
)
def test_nothing_else_is_a_proof(value: str) -> None:
    """Another result, domain or method, what stands in comments and quotes, and what does not follow the grammar."""
    assert proof(value) is None


def test_only_the_topmost_field_of_the_id_counts() -> None:
    """What stands below came with the mail; fields of others are passed over."""
    good, none = f"{ID}; dkim=pass header.d=harbour.example", f"{ID}; dkim=none"
    assert "dkim" == proof("mx2.example.org; dkim=fail", good)
    assert proof(none, good) is None
    assert proof(f"{ID}; (open", good) is None
    assert "dkim" == proof(good, none)


def test_the_entries_of_a_field() -> None:
    """Names in lower case, values as they stand; an entry with an error is left out."""
    value = 'a.example; DKIM=Pass header.D=X.example reason="b; c"; dmarc; spf=none'
    assert (AuthResult("dkim", "pass", {"header.d": "X.example"}), AuthResult("spf", "none", {})) == parse_results(
        value
    )


PIECES = st.sampled_from(
    [
        ID,
        ";",
        " ",
        "=",
        "(",
        ")",
        '"',
        "\\",
        "dkim",
        "pass",
        "header.d",
        "harbour.example",
        "dmarc",
        "header.from",
        FROM,
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200))
@example("\\")
@example('"\\')
def test_any_value_is_read(value: str) -> None:
    """A proof or none, never an error."""
    assert proof(value) in (None, "dkim", "dmarc")
    assert isinstance(parse_results(value), tuple)


@given(st.text(max_size=60))
def test_a_quoted_value_cannot_speak_for_the_server(text: str) -> None:
    """Whatever a sender puts into its address, quoted as the grammar asks."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    assert proof(f'{ID}; spf=pass smtp.mailfrom="{quoted}"; dkim=none') is None


@pytest.mark.parametrize("value", ["(" * 8000, '"' * 8000, ";" * 8000, f"{ID};" + "a=b " * 1900, "\\" * 8000])
def test_hostile_values_are_read_in_no_time(value: str) -> None:
    """Linear, without recursion."""
    assert proof(value) is None
