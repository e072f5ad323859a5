"""Writes what is generated from the code: config.example.toml and docs/configuration.md. Run by `make docs`."""

from __future__ import annotations

from pathlib import Path

from pressrun.config.document import example_config, reference

ROOT = Path(__file__).parent.parent


def main() -> None:
    """Write both files and say so."""
    for name, text in (("config.example.toml", example_config()), ("docs/configuration.md", reference())):
        (ROOT / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
