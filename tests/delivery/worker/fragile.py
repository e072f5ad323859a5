"""A worker process that one reader's copy ends at once, as a fault in a C library would."""

from __future__ import annotations

import os

from pressrun.delivery.mailer.mailer import Mailer
from pressrun.delivery.queue.jobs import CompositionFailed, Job
from pressrun.delivery.worker.__main__ import main
from pressrun.smtp.handover import Outgoing

POISON = "r1@reader.example"
_compose = Mailer.compose


def _fragile(self: Mailer, job: Job) -> Outgoing | CompositionFailed:
    if job.row.address == POISON:
        os._exit(9)
    return _compose(self, job)


if __name__ == "__main__":
    Mailer.compose = _fragile  # type: ignore[method-assign]
    main()
