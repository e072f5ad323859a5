"""A builder that works in the process of the test, for editions that the test has written itself."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pressrun.core.errors import EditionError
from pressrun.core.site import Site
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.editions.orders import BuildOrder, ReadSource
from pressrun.message.editions.read_back import ShownMessage
from pressrun.message.sources.written_source import Keys
from pressrun.runtime.frames import encode_frame
from pressrun.sandbox.frames import (
    BuildTask,
    EditionTask,
    KeysTask,
    NotMade,
    ShowTask,
    SourceTask,
    answer_reader,
    task_reader,
)
from pressrun.sandbox.helper import HelperLimits
from pressrun.sandbox.helper_process import frame_of
from pressrun.sandbox.layouts import OwnLayouts
from pressrun.services.context import ServiceContext
from pressrun.services.editions.edition_builder import EditionBuilder
from pressrun.services.editions.edition_preparer import EditionPreparer
from pressrun.services.editions.sender_check import SenderCheck

T = TypeVar("T")


class InlineMaker:
    """Answers as a helper process does, in its frames."""

    @classmethod
    def of(cls, _limits: HelperLimits) -> InlineMaker:
        """As one with processes is made."""
        return cls()

    async def close(self) -> None:
        """There is no process."""

    async def read(self, source: bytes, source_name: str, *, longest_text: int | None = None) -> ReadSource:
        return _answer(SourceTask(source, PurePosixPath(source_name).suffix, longest_text), ReadSource)

    async def build(self, order: BuildOrder) -> BuiltEdition:
        return _answer(BuildTask(order), BuiltEdition)

    async def change_keys(self, source: bytes, keys: Keys, body: str | None) -> bytes:
        return _answer(KeysTask(source, keys, body), bytes)

    async def show(self, message: bytes) -> ShownMessage:
        return _answer(ShowTask(message), ShownMessage)


def builder_at(site: Site, layouts: Path = Path("/nowhere")) -> EditionBuilder:
    """A builder for a site, with the operator's layouts in a folder."""
    return EditionBuilder(site=site, layouts=OwnLayouts(layouts), maker=InlineMaker())


@lru_cache(maxsize=256)  # most tests send the same few editions, and a task has one answer
def _answer_frame(frame: bytes) -> bytes:
    (received,) = task_reader().read(frame)
    return frame_of(received)


def _answer(task: EditionTask, wanted: type[T]) -> T:
    (answer,) = answer_reader(wanted).read(_answer_frame(encode_frame(task)))
    if isinstance(answer, NotMade):
        raise EditionError(answer.reason)
    return answer.value


def preparer_of(context: ServiceContext, builder: EditionBuilder) -> EditionPreparer:
    """A preparer whose check of the sender queries no DNS."""
    sender_check = SenderCheck(site=context.site, settings=context.settings, records=None, clock=context.clock)
    return EditionPreparer(context=context, builder=builder, sender_check=sender_check)
