"""Writes what is generated from the code: config.example.toml and five pages of docs. Run by `make docs`."""

from __future__ import annotations

from pathlib import Path

import events
import metrics
import tables

from pressrun.cli import reference as cli_reference
from pressrun.cli.main import pressrun
from pressrun.config.generated import example_config, reference

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Write the files and say so."""
    written = {
        "config.example.toml": example_config(),
        "docs/configuration.md": reference(),
        "docs/cli.md": cli_reference.reference(pressrun),
        "docs/events.md": events.reference(),
        "docs/metrics.md": metrics.reference(),
        "docs/tables.md": tables.reference(),
    }
    for name, text in written.items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
