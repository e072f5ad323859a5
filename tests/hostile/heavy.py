"""Editions that take an author a second to write, and a builder of editions as long as it is allowed to take."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_HEAD = "---\nsubject: S\n---\n"
_ROWS = "<tr><td>a<td>b"
_PARTS = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=a\n\n"


def _footnotes(size: int) -> str:
    numbers = range(size // 28)
    return "".join(f"[^{n}]" for n in numbers) + "\n\n" + "".join(f"[^{n}]: a\n" for n in numbers)


def _rules(size: int) -> str:
    numbers = range(size // 60)
    sheet = "".join(f".a{n} .b{n}>c{{color:red}}\n" for n in numbers)
    return f"<style>{sheet}</style>" + "".join(f"<p class='a{n} b{n}'>x" for n in numbers)


def _columns(size: int) -> str:
    cells = size // 8
    return "|" + "a|" * cells + "\n|" + "-|" * cells + ("\n|" + "b|" * cells) * 2 + "\n"


_KINDS: Mapping[str, Callable[[int], str]] = {
    "quotes.md": lambda size: ">" * size + "a",
    "brackets.md": lambda size: "[" * size,
    "emphasis.md": lambda size: "*a_" * (size // 3),
    "links.md": lambda size: "[a](" * (size // 4),
    "references.md": lambda size: "[a]: b\n" + "[a]" * (size // 3),
    "footnotes.md": _footnotes,
    "columns.md": _columns,
    "fields.md": lambda size: "{{" * (size // 2),
    "field.md": lambda size: "{{ a | default: b }}" * (size // 20),
    "divisions.html": lambda size: "<div>" * (size // 5) + "x",
    "bold.html": lambda size: "<b><i><p>" * (size // 9) + "x",
    "fonts.html": lambda size: "<font color=red>" * (size // 16) + "<p>x" * 100,
    "tables.html": lambda size: "<table><tr><td>" * (size // 15) + "x",
    "rows.html": lambda size: f"<table>{_ROWS * (size // len(_ROWS))}</table>",
    "spans.html": lambda size: "<table>" + "<tr><td rowspan=65000 colspan=1000>a" * (size // 36) + "</table>",
    "bullets.html": lambda size: "<ul><li>" * (size // 8) + "x",
    "rules.html": _rules,
    "selectors.html": lambda size: f"<style>{'* * * * {color:red}' * (size // 20)}</style>" + "<div>" * 200 + "x",
    "blocks.html": lambda size: f"<style>{'a{' * (size // 2)}</style>x",
    "styles.html": lambda size: f"<p style='{'color:red;' * (size // 10)}'>x",
    "less.html": lambda size: "<" * size,
    "entities.html": lambda size: "&CounterClockwiseContourIntegral" * (size // 32),
    "words.txt": lambda size: "https://" * (size // 8),
    "parts.eml": lambda size: f"Subject: a\n{_PARTS}" + "--a\n\nx\n" * (size // 7),
    "nested.eml": lambda size: "Subject: a\n" + "".join(
        f"Content-Type: multipart/mixed; boundary=a{n}\n\n--a{n}\n" for n in range(size // 50)
    ),
    "words.eml": lambda size: "Subject: " + "=?utf-8?q?a?= " * (size // 14) + "\n\nx",
    "keys.md": lambda size: "---\nsubject: a\nattachments: [" + "a," * (size // 2) + "]\n---\nx",
    "mapping.md": lambda size: "---\nsubject: " + "[" * size + "\n---\nx",
    "picture.md": lambda size: "![a](bomb.png)",
}  # fmt: skip

# A picture that says it is 60,000 by 60,000 pixels: whoever unpacks it needs 10 GB.
BOMB = bytes.fromhex("89504e470d0a1a0a0000000d494844520000ea600000ea60080200000000000000")


def heavy_edition(name: str, size: int) -> bytes:
    """One of these of about `size` octets."""
    text = _KINDS[name](size)
    return (text if name.endswith(".eml") or text.startswith("---") else _HEAD + text).encode()


HEAVY = tuple(_KINDS)
ENDLESS = heavy_edition("tables.html", 900_000)  # hours
