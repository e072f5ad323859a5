"""The program: `pressrun`, and `python -m pressrun`.

Loading it takes a moment, in which an interrupt ends it, too, without a traceback.
"""

from __future__ import annotations

import os
import signal
import sys

_INTERRUPTED = 128 + signal.SIGINT  # the exit code by which shells report that the signal ended a program


def main() -> None:
    """Run one call and end the process with its exit code."""
    _require_utf8_mode()
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


def _require_utf8_mode() -> None:
    """Begin again in UTF-8 mode where the locale has another character set, as every Python since 3.15 does (PEP 686).

    Otherwise exports would depend on the locale, and files whose names it cannot write could not be opened.
    """
    if sys.getfilesystemencoding() != "utf-8":
        os.environ["PYTHONUTF8"] = "1"  # for the processes that the daemon starts
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - the same program


if __name__ == "__main__":
    main()
