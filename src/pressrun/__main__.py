"""The program: `pressrun`, and `python -m pressrun`.

Loading it takes a moment, in which an interrupt ends it, too, without a traceback.
"""

from __future__ import annotations

import os
import signal

_INTERRUPTED = 128 + signal.SIGINT  # the exit code by which shells report that the signal ended a program


def main() -> None:
    """Run one call and end the process with its exit code."""
    is_heeded = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else it is ignored, as by nohup
    if is_heeded:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from pressrun.cli.main import main as run_verb  # noqa: PLC0415 - loads nearly everything

    try:
        if is_heeded:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        run_verb()
    except KeyboardInterrupt:  # before the verb has begun, or after it has ended
        os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
