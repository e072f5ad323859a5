"""A press process that a certain reader's copy ends at once, as a fault in a library of C's would."""

from __future__ import annotations

import os

from pressrun.delivery.mailer.making import Maker
from pressrun.delivery.queue.jobs import Job
from pressrun.delivery.worker.__main__ import main
from pressrun.smtp.handover import Outgoing

POISON = "r1@reader.example"
_make = Maker.make


def _fragile(self: Maker, job: Job) -> Outgoing:
    if job.row.address == POISON:
        os._exit(9)
    return _make(self, job)


if __name__ == "__main__":
    Maker.make = _fragile  # type: ignore[method-assign]
    main()
