"""The helper process: `python -m pressrun.sandbox.helper_process DESCRIPTOR MEMORY_BYTES CPU_SECONDS`.

It parses mails, reads and builds editions and shows copies of them, one task after another from the socket that it was
started with, until that is closed. It opens nothing, and any damage ends with the process.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Sequence

from pressrun.core.errors import BadInput, UnreadableMail
from pressrun.locales.catalogues import words_in
from pressrun.message.editions.orders import carry_out, read_source
from pressrun.message.editions.posted import Posted, read_posted, rehearse
from pressrun.message.editions.read_back import show_message
from pressrun.message.incoming.parser import PARSER_FAULTS
from pressrun.message.incoming.reading import IncomingMail, read_mail
from pressrun.message.reports.reading import read_report
from pressrun.message.reports.report import Report
from pressrun.message.sources.written_source import change_source
from pressrun.runtime.frames import receive_frame
from pressrun.sandbox.confinement import allow_time, confine
from pressrun.sandbox.frames import (
    Answer,
    BuildTask,
    EditionTask,
    KeysTask,
    Made,
    NotMade,
    Question,
    ReadAs,
    ShowTask,
    SourceTask,
    Task,
    answer_frame,
    task_reader,
)

# This build is only a trial (the edition is built again for its list), and mail from others waits until it is over.
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


def answer(question: Question) -> Answer[IncomingMail | Report | Posted]:
    """Parse the mail of one question."""
    try:
        return Made(_READERS[question.read_as](question.content))
    except UnreadableMail as problem:
        return NotMade(str(problem), None if problem.remark is None else dict(problem.remark))
    except (MemoryError, RecursionError) as problem:
        return NotMade(f"the mail is too much to be parsed ({type(problem).__name__})")


def _make(task: EditionTask) -> object:
    match task:
        case SourceTask(source=source, suffix=suffix, longest_text=longest_text):
            return read_source(source, suffix, longest_text=longest_text)
        case BuildTask(order=order):
            return carry_out(order, words_in(*order.languages))
        case KeysTask(source=source, keys=keys, body=body):
            return change_source(source, keys, body)
        case ShowTask(message=message):
            return show_message(message)


def make(task: EditionTask) -> Answer[object]:
    """Do something with an edition."""
    try:
        return Made(_make(task))
    except BadInput as problem:
        return NotMade(str(problem))
    except (*PARSER_FAULTS, MemoryError) as problem:
        return NotMade(f"the edition is too much to be built ({type(problem).__name__}). Make it simpler or shorter")


def frame_of(task: Task) -> bytes:
    """The frame of the answer to a task."""
    if isinstance(task, Question):
        return answer_frame(answer(task))
    try:
        return answer_frame(make(task))
    except (BadInput, MemoryError) as problem:
        return answer_frame(NotMade(f"the built edition is too large ({problem}). Make it shorter"))
    except UnicodeEncodeError:
        return answer_frame(NotMade("the edition contains half characters (lone surrogates). Save it as UTF-8"))


def serve(connection: socket.socket, cpu_seconds: int) -> None:
    """Carry out tasks until the other side closes."""
    tasks = task_reader()
    connection.sendall(answer_frame(Made(None)))
    while (task := receive_frame(connection, tasks)) is not None:
        allow_time(cpu_seconds)
        connection.sendall(frame_of(task))


def main(arguments: Sequence[str]) -> None:
    """Confine this process and serve."""
    descriptor, memory_bytes, cpu_seconds = (int(text) for text in arguments)
    confine(memory_bytes=memory_bytes)
    with socket.socket(fileno=descriptor) as connection:
        serve(connection, cpu_seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
