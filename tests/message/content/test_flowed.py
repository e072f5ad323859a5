"""Plain text that may be wrapped anew (RFC 3676)."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.message.builders import build, edition, part, read, values

from pressrun.message.content.flowed import WIDEST_LINE, flow, unflow

LONG = "The tide is in, and the boats are out, and nobody on the quay can say when they are coming back to us."


def flowed(text: str) -> str:
    wrapped = flow(text)
    assert wrapped is not None
    return wrapped


def test_a_long_paragraph_is_broken_at_its_blanks() -> None:
    """Each line but the last ends in the blank where it was broken."""
    lines = flowed(LONG).split("\n")
    assert 2 == len(lines)
    assert lines[0].endswith(" ")
    assert LONG == "".join(lines)


@pytest.mark.parametrize(
    "kept",
    [
        "    " + "code " * 30,
        "cell   cell   " * 10,
        "| a | " + "b " * 60 + "|",
        "https://a.example/" + "x" * 200,
        "潮が満ちて船は沖へ出ていきました。" * 8,
        "short",
        "-" * 90,
    ],
)
def test_what_is_laid_out_keeps_its_lines(kept: str) -> None:
    """Tables, code, addresses and scripts without blanks are not broken, however long."""
    assert flow(kept) is None
    assert kept.rstrip() in (line.removeprefix(" ") for line in flowed(f"{LONG}\n\n{kept}").split("\n"))


def test_quotes_keep_their_depth() -> None:
    """A broken line of a quotation is quoted as deep as the first."""
    lines = flowed(f"> {LONG}\n>> {LONG}").split("\n")
    assert ["> ", "> ", ">> ", ">> "] == [re.sub(r"[^> ].*", "", line) for line in lines]
    assert f"> {LONG}\n>> {LONG}" == unflow("\n".join(lines), delete_blank=False)


def test_a_block_is_stuffed_as_a_whole() -> None:
    """Where one line needs a blank before it all around it get one, so that columns stay in line."""
    wrapped = flowed(f"{LONG}\n\n  1  a\n100  b\n\nFrom here\n\n>x")
    assert "\n\n   1  a\n 100  b\n\n From here\n\n> x" in wrapped


def test_the_line_of_a_signature_stays() -> None:
    """`-- ` is no paragraph that goes on, and no word may come to stand alone like it."""
    assert "\n-- \nThe quay" in flowed(f"{LONG}\n-- \nThe quay")
    for length in range(60, 80):
        lines = flowed("x" * length + " -- " + "y" * 60 + " z").split("\n")
        assert not {"-- ", " -- "} & set(lines)


@given(
    st.lists(st.sampled_from(["a", "word", "-- ", ">", " ", "  ", "\n", "\n\n", "From ", "漢字", LONG, "\t", "\xa0"]))
)
def test_what_is_read_is_what_was_written(pieces: list[str]) -> None:
    """Unfolded again it is the same text, but for blanks at the end of lines and the form of quote marks."""

    def plain(text: str) -> list[str]:
        lines = [line if line == "-- " else line.rstrip(" ") for line in text.split("\n")]
        return [re.sub(r"^(>+) ?", r"\1 ", line).rstrip(" ") if line[:1] == ">" else line for line in lines]

    text = "".join(pieces)
    wrapped = flow(text)
    if wrapped is None:
        return
    assert plain(text) == plain(unflow(wrapped, delete_blank=False))
    assert all(len(line) <= WIDEST_LINE + 1 for line in wrapped.split("\n") if line.endswith(" ") and line != "-- ")


def test_delsp_takes_the_blank_away() -> None:
    """Text that comes with delsp=yes has its blanks only to be broken at."""
    assert "潮が満ちて" == unflow("潮が \n満ちて", delete_blank=True)


def test_only_a_text_that_gains_by_it_says_so() -> None:
    """The parameter stands where lines are broken, and a reader of it gets the paragraph back."""
    short, long = (
        build(edition(body), ".txt").skeleton.copy(values()) for body in ("Short.", f"{LONG}\n\n  table  x\n")
    )
    assert "format" not in str(read(short)["Content-Type"])
    assert 'text/plain; charset="utf-8"; format="flowed"; delsp="no"' == str(read(long)["Content-Type"])
    assert LONG in unflow(part(long, "plain").replace("\r\n", "\n"), delete_blank=False)
