"""The page and the pictures of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench.contest import Contender
from tests.bench.figures import Found
from tests.bench.machine import machine_facts, program_versions
from tests.bench.plot import Bar, bars, number_of

_NEAR = ("smtp-source", "unsigned-chunking", "unsigned", "signed-chunking", "signed", "xverp", "mailman", "mlmmj")
_FAR = ("far-chunking", "far-pipelining", "far-lock-step")
_OPENING = """\
# Delivery, measured

One edition of Pressrun goes through the command line, the daemon and SMTP, and is compared with similar programs, all
in one run on one machine and in turn: A B C, A B C, …. Each reader gets a copy of {octets:,} octets with an individual
return path. With Pressrun the copy also has a token, a merge field and a row in the database, claimed before it goes
out. Rates are measured from the first to the last copy, by the clock of the sink, `tests/bench/sink.c`. Each run must
have brought every reader exactly one copy. There are ten connections, which are kept open, as with `smtp-source -d`.
Everything that one program leaves to be written is on the disk before the next one begins.
"""
_CLOSING = """\
`40 ms` is the round trip that `tests/bench/delay_proxy.py` adds, with ten connections. In rows that do not name
CHUNKING, the sink does not offer it. smtp-source sends the octets of a copy of Pressrun; the others send a mail of
the same size. They give no reader a token and merge nothing, except for Mailman's headers. Memory is VmHWM in
millions of octets, of the daemon itself and of a worker; the helper for incoming mail is not counted.
Pages are measured with 20 GETs and 20 one-click POSTs a second, each by another reader, over new connections. For
"start to ready", the rows are made by SQL, and the daemon is started with its files in the page cache.
[faults.md](faults.md) says what kills cost.
"""


def table(contenders: Sequence[Contender]) -> list[str]:
    """All rows; those of programs that could not take part have the reason."""
    lines = ["| | readers | median | least – most | |", "|---|---:|---:|---:|---|"]
    for contender in contenders:
        if contender.missing is not None:
            lines.append(f"| {contender.name} | | left out | | {contender.missing} |")
            continue
        readers = f"{contender.readers:,}" if contender.readers else ""
        low, high = number_of(min(contender.samples)), number_of(max(contender.samples))
        lines.append(
            f"| {contender.name} | {readers} | {number_of(contender.median)} {contender.unit} | {low} – {high} |"
            f" {contender.note} |"
        )
    return lines


def verdicts(results: Sequence[Found]) -> list[str]:
    """The figures to reach."""
    lines = ["| | wanted | aim | found | least – most | |", "|---|---:|---:|---:|---:|---|"]
    for result in results:
        sign = "≤" if result.wanted.is_ceiling else "≥"
        unit = "×" if result.wanted.unit == "×" else f" {result.wanted.unit}"
        lines.append(
            f"| {result.wanted.name} | {sign} {result.wanted.least:g}{unit} | {result.wanted.aim:g}{unit} |"
            f" {number_of(result.value)}{unit} | {number_of(result.low)} – {number_of(result.high)} |"
            f" {result.verdict} |"
        )
    return lines


def write(
    folder: Path,
    contenders: Sequence[Contender],
    results: Sequence[Found],
    *,
    octets: int,
    rounds: int,
    command: str,
    busy: str,
) -> None:
    """`delivery.md` and its pictures."""
    pictures = _pictures(contenders)
    for name, picture in pictures.items():
        (folder / f"{name}.svg").write_text(picture, encoding="utf-8")
    facts = [*machine_facts(), f"{program_versions()}, from Debian."]
    lines = [
        _OPENING.format(octets=octets),
        *(f"![{name}]({name}.svg)\n" for name in pictures),
        "## Figures to reach\n",
        "The figures are medians of the ratios within each round.\n",
        *verdicts(results),
        "\n## All figures\n",
        *table(contenders),
        "",
        _CLOSING,
        *(f"- {fact}" for fact in facts),
        f"- {datetime.now(UTC):%Y-%m-%d}, medians of {rounds} rounds. {busy}\n",
        f"    {command}\n",
    ]
    (folder / "delivery.md").write_text("\n".join(lines), encoding="utf-8")


def _pictures(contenders: Sequence[Contender]) -> Mapping[str, str]:
    known = {contender.key: contender for contender in contenders if contender.samples}
    near = [_bar(known[key]) for key in _NEAR if key in known]
    far = [_bar(known[key]) for key in _FAR if key in known]
    pictures = {}
    if near:
        pictures["loopback"] = bars("Personal copies a second, loopback", "/s", near)
    if far:
        pictures["far"] = bars("Personal copies a second, 40 ms round trip, 10 connections", "/s", far)
    return pictures


def _bar(contender: Contender) -> Bar:
    return Bar(
        name=contender.name.replace("Pressrun, 40 ms, ", "Pressrun, "),
        value=contender.median,
        low=min(contender.samples),
        high=max(contender.samples),
        is_ours=contender.name.startswith("Pressrun"),
    )
