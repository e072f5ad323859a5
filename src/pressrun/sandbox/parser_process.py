"""The parser process: `python -m pressrun.sandbox.parser_process DESCRIPTOR MEMORY_BYTES CPU_SECONDS`.

It parses one mail after another from the socket that it was started with, until that is closed. It opens nothing, and
whatever a mail does to it ends with the process.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Sequence

from pressrun.core.errors import UnreadableMail
from pressrun.message.editions.posted import Posted, read_posted, rehearse
from pressrun.message.incoming.reading import IncomingMail, read_mail
from pressrun.message.reports.reading import read_report
from pressrun.message.reports.report import Report
from pressrun.runtime.frames import encode_frame, receive_frame
from pressrun.sandbox.confinement import allow_time, confine
from pressrun.sandbox.frames import HelperReady, Question, Readable, ReadAs, Unreadable, question_reader

# The daemon builds the edition once more, and is busy for as long.
_BUILD_SECONDS = 1.5


def _read_edition(content: bytes) -> Posted:
    posted = read_posted(content)
    started_at = time.process_time()
    rehearse(posted)
    if time.process_time() - started_at > _BUILD_SECONDS:
        raise UnreadableMail(f"the edition takes longer than {_BUILD_SECONDS:g} s to build. Make it simpler or shorter")
    return posted


_READERS: dict[ReadAs, Callable[[bytes], IncomingMail | Report | Posted]] = {
    ReadAs.COMMAND: read_mail,
    ReadAs.EDITION: _read_edition,
    ReadAs.REPORT: read_report,
}


def answer(question: Question) -> Readable | Unreadable:
    """Parse the mail of one question."""
    try:
        return Readable(_READERS[question.read_as](question.content))
    except UnreadableMail as problem:
        return Unreadable(str(problem), None if problem.remark is None else dict(problem.remark))
    except (MemoryError, RecursionError) as problem:
        return Unreadable(f"the mail is too much to be parsed ({type(problem).__name__})")


def serve(connection: socket.socket, cpu_seconds: int) -> None:
    """Answer questions until the other side closes."""
    questions = question_reader()
    connection.sendall(encode_frame(HelperReady()))
    while (question := receive_frame(connection, questions)) is not None:
        allow_time(cpu_seconds)
        connection.sendall(encode_frame(answer(question)))


def main(arguments: Sequence[str]) -> None:
    """Confine this process and serve."""
    descriptor, memory_bytes, cpu_seconds = (int(text) for text in arguments)
    confine(memory_bytes=memory_bytes)
    with socket.socket(fileno=descriptor) as connection:
        serve(connection, cpu_seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
