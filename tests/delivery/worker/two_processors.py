"""A press process that believes it has two processors, whatever the machine: it has two signers."""

from __future__ import annotations

import os

from pressrun.delivery.worker.__main__ import main

if __name__ == "__main__":
    os.sched_getaffinity = lambda pid: {0, 1}
    main()
