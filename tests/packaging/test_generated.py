"""What `make docs` writes into packaging: it is current, and sound for those who read it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pressrun.cli.verb_table import VERBS

TOP = Path(__file__).parent.parent.parent
PAGES = ("pressrun.1", "pressrun.toml.5")
FREE = {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
OPTIONAL = {"psycopg", "psycopg-binary"}  # an extra, which may be under the LGPL


def test_all_of_it_is_what_the_code_says() -> None:
    """`make docs` writes it anew."""
    done = subprocess.run(
        [sys.executable, "-m", "docs.generate", "--check"], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert (0, "") == (done.returncode, done.stdout + done.stderr)


@pytest.mark.needs("mandoc")
@pytest.mark.parametrize("page", PAGES)
def test_a_manual_page_is_well_formed(page: str) -> None:
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "warning", TOP / "packaging" / "man" / page],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (done.returncode, done.stdout)


def test_the_manual_page_has_every_verb() -> None:
    """Those of the table from which the program itself takes them."""
    page = (TOP / "packaging" / "man" / "pressrun.1").read_text(encoding="utf-8").replace("\\-", "-")
    assert {*VERBS} <= set(re.findall(r"^\.SS (.+)$", page, re.MULTILINE))


def test_the_bill_of_materials_has_every_pin_with_its_hashes() -> None:
    """Those that pip verifies, and licences that go with ours."""
    bill = json.loads((TOP / "packaging" / "pressrun.cdx.json").read_text(encoding="utf-8"))
    files = [(TOP / "requirements" / name).read_text(encoding="utf-8") for name in ("run.txt", "postgresql.txt")]
    pinned = [pin for text in files for pin in re.findall(r"^(\S+)==(\S+)", text, re.MULTILINE)]
    pins = {f"{name.lower()}@{version}" for name, version in pinned}
    hashes = {digest for text in files for digest in re.findall(r"sha256:([0-9a-f]{64})", text)}
    components = bill["components"]
    assert pins == {f"{component['name']}@{component['version']}" for component in components}
    listed = [digest["content"] for each in components for digest in each["externalReferences"][0]["hashes"]]
    assert hashes == set(listed)
    licences = {
        component["name"]: set(re.split(r" (?:OR|AND) ", component["licenses"][0]["expression"]))
        for component in components
    }
    assert {} == {name: of for name, of in licences.items() if not of <= FREE and name not in OPTIONAL}
