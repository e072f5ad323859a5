"""`python -m pressrun` is the same program as `pressrun`."""

from __future__ import annotations

from pressrun.cli.main import main

if __name__ == "__main__":
    main()
