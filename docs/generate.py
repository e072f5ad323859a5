"""Writes what is generated from the code: config.example.toml, pages of docs, and in packaging the manual pages, the
completion of shells and the bill of materials. Run by `make docs`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from docs import api, completion, events, list_settings, manual, materials, metrics, roles, tables

from pressrun.cli import reference as cli_reference
from pressrun.cli.main import pressrun
from pressrun.config.generated import example_config, reference

ROOT = Path(__file__).parent.parent


def contents() -> dict[str, str]:
    """The text of each file by its path."""
    return {
        "config.example.toml": example_config(),
        "docs/api.md": api.reference(),
        "docs/configuration.md": reference(),
        "docs/cli.md": cli_reference.reference(pressrun),
        "docs/events.md": events.reference(),
        "docs/list-settings.md": list_settings.reference(),
        "docs/metrics.md": metrics.reference(),
        "docs/roles.md": roles.reference(),
        "docs/tables.md": tables.reference(),
        **{f"packaging/man/{name}": text for name, text in manual.pages(pressrun).items()},
        **{f"packaging/completion/{name}": text for name, text in completion.scripts(pressrun).items()},
        "packaging/pressrun.cdx.json": materials.bill(),
    }


def main() -> int:
    """Write the files and say so; with `--check`, only name those that are stale, and end with 1 if there are any."""
    stale = {name: text for name, text in contents().items() if _read(ROOT / name) != text}
    for name, text in stale.items():
        if sys.argv[1:] == ["--check"]:
            print(f"stale: {name}")
        else:
            (ROOT / name).write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    return 1 if stale and sys.argv[1:] == ["--check"] else 0


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main())
