"""packaging/pressrun.cdx.json: what an installation from requirements/run.txt is made of, in CycloneDX 1.6.

Versions and hashes are those that pip verifies; licences come from the packages themselves, which must be installed in
the environment that runs this (`make docs`). Nothing is fetched.
"""

from __future__ import annotations

import json
import re
from email.message import Message
from importlib import metadata
from pathlib import Path
from typing import Any, cast

from pressrun import __version__

_ROOT = Path(__file__).parent.parent
_PIN = re.compile(r"^([A-Za-z0-9_.-]+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)
_HASH = re.compile(r"sha256:([0-9a-f]{64})")
_REQUIRED = re.compile(r"[A-Za-z0-9_.-]+")
_FILES = ("run.txt", "postgresql.txt")

# For packages that name their licence by a classifier alone, or in words of their own: the identifiers of SPDX.
_CLASSIFIED = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: ISC License (ISCL)": "ISC",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "License :: OSI Approved :: The Unlicense (Unlicense)": "Unlicense",
}


def bill() -> str:
    """The file. Raises PackageNotFoundError, or ValueError for a package of another version or without a licence."""
    pins = {name: pin for file in _FILES for name, pin in _pins(_ROOT / "requirements" / file).items()}
    ours = {"type": "application", "name": "pressrun", "version": __version__, "bom-ref": f"pressrun@{__version__}"}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours | {"licenses": [{"license": {"id": "MIT"}}]}},
        "components": [_component(name, *pin) for name, pin in sorted(pins.items())],
        "dependencies": [
            {"ref": ours["bom-ref"], "dependsOn": _required("pressrun", pins)},
            *({"ref": _ref(name, pins), "dependsOn": _required(name, pins)} for name in sorted(pins)),
        ],
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _pins(path: Path) -> dict[str, tuple[str, list[str]]]:
    """The version and the hashes of each package in a file that pip-compile wrote."""
    found = _PIN.finditer(path.read_text(encoding="utf-8"))
    return {_name(one[1]): (one[2], _HASH.findall(one[3])) for one in found}


def _component(name: str, version: str, hashes: list[str]) -> dict[str, Any]:
    if metadata.version(name) != version:
        raise ValueError(f"{name} is {metadata.version(name)} here and {version} in requirements: make .venv/.dev")
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/{name}@{version}",
        "name": name,
        "version": version,
        "licenses": [{"expression": _licence(name)}],
        "purl": f"pkg:pypi/{name}@{version}",
        # One hash for each file that the version was published in.
        "externalReferences": [
            {
                "type": "distribution",
                "url": f"https://pypi.org/project/{name}/{version}/",
                "hashes": [{"alg": "SHA-256", "content": one} for one in hashes],
            }
        ],
    }


def _licence(name: str) -> str:
    fields = cast("Message", metadata.metadata(name))
    if expression := fields.get("License-Expression"):
        return str(expression)
    found = {_CLASSIFIED[one] for one in fields.get_all("Classifier", []) if one in _CLASSIFIED}
    if not found and fields.get("License") in _CLASSIFIED.values():
        found = {str(fields.get("License"))}
    if not found:
        raise ValueError(f"{name} names no licence that docs/materials.py knows")
    return " OR ".join(sorted(found))


def _required(name: str, pins: dict[str, tuple[str, list[str]]]) -> list[str]:
    """The packages among `pins` that a package asks for, by their names here."""
    named = (_REQUIRED.match(one) for one in metadata.requires(name) or [])
    return sorted({_ref(_name(one[0]), pins) for one in named if one is not None and _name(one[0]) in pins})


def _ref(name: str, pins: dict[str, tuple[str, list[str]]]) -> str:
    return f"pkg:pypi/{name}@{pins[name][0]}"


def _name(text: str) -> str:
    """As the index spells it."""
    return re.sub(r"[-_.]+", "-", text).lower()
