"""The manual pages: pressrun(1) from the verbs and their help, pressrun.toml(5) from the declarations of the keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from pressrun import __version__
from pressrun.cli.reference import walk
from pressrun.cli.shared.verb import Verb
from pressrun.cli.verb_table import VERBS
from pressrun.config.generated import shown_default
from pressrun.config.settings import TABLES, Shape, Table
from pressrun.core.setting import Setting

_RELEASED = re.compile(rf"^## {re.escape(__version__)}, (\d{{4}}-\d\d-\d\d)$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_CHANGES = Path(__file__).parent.parent / "CHANGELOG.md"

_COMMAND = r"""
.SH NAME
pressrun \- announcement mailing lists, from the sign-up form to the inbox
.SH SYNOPSIS
.B pressrun
.RB [ \-\-config
.IR FILE ]
.I VERB
.RI [ OPTIONS ]
.RI [ ARGUMENTS ]
.SH DESCRIPTION
One daemon,
.BR "pressrun serve" ,
runs lists where one person writes and many read; the other verbs are what its operator types.
Results go to stdout, progress and diagnostics to stderr.
Every verb works whether or not the daemon is running: a writing verb is carried out by the daemon where there is one,
and a reading verb opens the database read-only.
A verb that root runs acts as the owner of the data.
.PP
Verbs that reach everybody or cannot be undone say what they are about to do and ask on a terminal; elsewhere they need
.BR \-\-yes .
With
.B \-\-json
a verb prints one JSON document, in the case of an error
.IR {"error":\ "..."} ,
with the same exit status.
.SH OPTIONS
.TP
.BI \-\-config\  FILE
The configuration. Default: $PRESSRUN_CONFIG, then ./config.toml, then /etc/pressrun/config.toml.
.TP
.B \-\-version
Print the version.
.TP
.BR \-h ,\  \-\-help
Print help, of a verb where one is named.
.SH VERBS
"""
_COMMAND_END = r"""
.SH EXIT STATUS
.TS
l l.
0	done
1	failed; stderr says why
64	usage
65	bad input data
66	no such input file
69	relay or database unavailable
73	output already exists
75	try again: database in use, or no daemon running
77	not permitted
78	bad configuration
.TE
.SH ENVIRONMENT
.TP
.B PRESSRUN_CONFIG
The configuration, where
.B \-\-config
does not name one.
.TP
.B NO_COLOR
No colours on a terminal.
.SH FILES
.TP
.I /etc/pressrun/config.toml
The configuration; see
.BR pressrun.toml (5).
.TP
.I /var/lib/pressrun
The data of an installed service: database, keys, outbox, layouts, copies of the database from before upgrades.
.SH SEE ALSO
.BR pressrun.toml (5),
.BR systemctl (1)
"""
_CONFIGURATION = r"""
.SH NAME
pressrun.toml \- the configuration of pressrun
.SH SYNOPSIS
.I /etc/pressrun/config.toml
.SH DESCRIPTION
A file in TOML.
.B pressrun init
writes a commented one to start from, and
.B pressrun check
reports every error at once, with its line.
Only
.BR data_dir ,
.BR base_url ,
.BR mail_domain ,
.B listen
of
.B [http]
and one
.B [[relay]]
with
.B host
and
.B port
are required.
.PP
A duration is a number with ms, s, m, h or d.
A size takes B, KB, MB, KiB, MiB or GiB.
A rate is N/s, N/min, N/h, N/day, or over a duration, N/15min: at most N in any such window.
The name of a file is relative to the configuration, or that of a systemd credential.
.PP
.B systemctl reload pressrun
applies a changed file, or none of it and says why.
Keys that are marked so need a restart.
"""
_CONFIGURATION_END = r"""
.SH SEE ALSO
.BR pressrun (1),
.BR systemd.exec (5)
"""


def pages(root: click.Command) -> dict[str, str]:
    """Both pages by the name of their file, in the language of man(7)."""
    verbs = "\n".join(line for ctx in walk(root) if _path(ctx) in VERBS for line in _verb(ctx))
    tables = "\n".join(line for table in TABLES for line in _table(table))
    return {
        "pressrun.1": f"'\\\" t\n{_title('pressrun', '1')}{_COMMAND}{verbs}{_COMMAND_END}",
        "pressrun.toml.5": f"{_title('pressrun.toml', '5')}{_CONFIGURATION}{tables}{_CONFIGURATION_END}",
    }


def _title(name: str, section: str) -> str:
    """The first line; its date is that of the release, so that a page changes only with what it says."""
    released = _RELEASED.search(_CHANGES.read_text(encoding="utf-8"))
    assert released is not None, f"CHANGELOG.md has no line `## {__version__}, DATE`"
    return f'.\\" Written by `make docs`.\n.TH {name} {section} {released[1]} "Pressrun {__version__}"'


def _path(ctx: click.Context) -> str:
    return ctx.command_path.removeprefix(f"{ctx.find_root().command_path} ")


def _verb(ctx: click.Context) -> Iterator[str]:
    path = _path(ctx)
    words = " ".join(ctx.get_usage().split()).removeprefix(f"Usage: {ctx.command_path} ")
    yield f".SS {_words(path)}"
    yield f".B {_words(f'pressrun {path}')}"
    yield f".RI {_quoted(words)}"
    text = VERBS[path][1] if isinstance(ctx.command, click.Group) else ctx.command.help or ""
    for paragraph in text.split("\n\n"):
        yield ".PP"
        yield from _paragraph(paragraph)
    for parameter in ctx.command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and record[1] and "--help" not in parameter.opts:
            yield ".TP"
            yield f".B {_words(record[0])}"
            yield _text(record[1])
    for term, meaning in ctx.command.terms if isinstance(ctx.command, Verb) else ():
        yield ".TP"
        yield f".B {_words(term)}"
        yield _text(meaning)


def _paragraph(paragraph: str) -> Iterator[str]:
    """The lines of one paragraph of a help text; click keeps those of a marked one as they are."""
    kept, fill = ([".nf"], [".fi"]) if paragraph.startswith("\b") else ([], [])
    yield from kept
    lines = paragraph.removeprefix("\b").strip("\n").split("\n")
    yield from map(_text, lines if kept else [" ".join(line.strip() for line in lines)])
    yield from fill


def _table(table: Table) -> Iterator[str]:
    yield f".SH {_quoted(_header(table))}"
    yield _text(table.help)
    for key in table.keys:
        yield ".TP"
        yield f".B {_words(key.key)}"
        yield _text(f"{key.help} {key.reason}".strip())
        yield ".br"
        yield _text(_default(key))


def _header(table: Table) -> str:
    if not table.name:
        return "TOP OF THE FILE"
    shapes = {Shape.MANY: f"[[{table.name}]]", Shape.NAMED: f'[{table.name}."NAME"]'}
    return shapes.get(table.shape, f"[{table.name}]")


def _default(key: Setting) -> str:
    restart = " A change needs a restart." if key.needs_restart else ""
    return f"{'Required' if key.is_required else f'Default: {shown_default(key)}'}.{restart}"


def _text(text: str) -> str:
    """A line of running text; what stands between backquotes is bold."""
    line = _CODE.sub(r"\\fB\1\\fP", _words(text))
    return f"\\&{line}" if line.startswith((".", "'")) else line


def _words(text: str) -> str:
    """Text with nothing in it that roff would take for its own; a hyphen is the character that people type."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")


def _quoted(text: str) -> str:
    return '"' + _words(text).replace('"', '""') + '"'
