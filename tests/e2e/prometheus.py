"""A Prometheus of Debian on loopback, with our rules made quick: what fires, and when."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import yaml
from tests.e2e.instance import until
from tests.ports import free_port

CONTRIB = Path(__file__).parents[2] / "contrib"
RULES = CONTRIB / "prometheus" / "pressrun.rules.yml"
PATIENCE_SECONDS = 150.0

# Everything waits for hours or minutes so that no night is spoiled by a hiccup; here for seconds.
_WINDOW = re.compile(r"\[\d+[mhd]\]")
_QUICK = {
    "PressrunRestarting": (" > 3", " > 0"),
    "PressrunLoopFailing": (" > 60", " > 2"),
    "PressrunNotMeasured": (" > 120", " > 25"),
    "PressrunCopiesStuck": (" > 900", " > 5"),
    "PressrunServerErrors": (" > 5", " > 1"),
    "PressrunWalLarge": (" > 268435456", " > 1048575"),
}

# What is broken at a time, by one test each: they run side by side, as all of it takes minutes of waiting.
SURROUNDINGS = frozenset(
    {
        "PressrunAlertProgramFailed",
        "PressrunCopiesStuck",
        "PressrunDatabaseDown",
        "PressrunInboundWaiting",
        "PressrunLoopFailing",
        "PressrunMayNotSend",
        "PressrunNoRelay",
        "PressrunNotMeasured",
        "PressrunNotReady",
        "PressrunRelayDown",
        "PressrunReloadRefused",
        "PressrunRequestsSetAside",
        "PressrunServerErrors",
        "PressrunWalLarge",
    }
)
EDITION = frozenset(
    {
        "PressrunCertificateExpired",
        "PressrunCertificateExpires",
        "PressrunComplaints",
        "PressrunDiskFull",
        "PressrunDiskNearlyFull",
        "PressrunEditionPaused",
        "PressrunMailKept",
        "PressrunManyBounces",
    }
)
PROCESS = frozenset({"PressrunDown", "PressrunEventLoopSlow", "PressrunRestarting", "PressrunSignUpAttack"})
UPKEEP = frozenset({"PressrunBackupOld", "PressrunDoctorFailed"})
ROUNDS = (SURROUNDINGS, EDITION, PROCESS, UPKEEP)


def read_rules() -> list[dict[str, Any]]:
    """The rules as they are shipped."""
    return [rule for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def quick_rules() -> str:
    """The same alerts after seconds, over windows of seconds, and with limits that a test can reach."""
    rules = read_rules()
    for rule in rules:
        shipped, quick = _QUICK.get(rule["alert"], ("", ""))
        assert shipped in rule["expr"], rule["alert"]
        rule["expr"] = _WINDOW.sub("[20s]", rule["expr"].replace(shipped, quick) if shipped else rule["expr"])
        rule["for"] = "1s"
    return yaml.safe_dump({"groups": [{"name": "quick", "interval": "1s", "rules": rules}]})


class Prometheus:
    """Scrapes each second; a context manager."""

    def __init__(self, folder: Path, targets: Iterable[str]) -> None:
        folder.mkdir()
        (folder / "rules.yml").write_text(quick_rules(), encoding="utf-8")
        scrape = {"job_name": "pressrun", "static_configs": [{"targets": [*targets]}]}
        config = {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            "scrape_configs": [scrape],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        self._url = f"http://127.0.0.1:{(port := free_port())}/api/v1/"
        program = shutil.which("prometheus")
        assert program is not None
        options = ("--config.file=prometheus.yml", "--storage.tsdb.path=data")
        with (folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [program, *options, f"--web.listen-address=127.0.0.1:{port}"],
                cwd=folder,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        until(self._has_scraped, 60.0)
        return self

    def __exit__(self, *exc: object) -> None:
        self._process.terminate()
        self._process.wait(30)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        return list(self._get("query?query=" + quote(expression))["result"])

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        return {each["labels"]["alertname"] for each in self._get("alerts")["alerts"] if each["state"] == "firing"}

    def _has_scraped(self) -> bool:
        try:
            return {"1"} == {each["value"][1] for each in self.query("up")}
        except OSError:
            return False

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(self._url + path, timeout=10) as answer:
            return json.load(answer)["data"]


@dataclass(slots=True)
class Watch:
    """How long each alert took to fire after something broke, and to clear after it was mended."""

    prometheus: Prometheus
    fired: dict[str, float] = field(default_factory=dict)
    cleared: dict[str, float] = field(default_factory=dict)
    _broken: dict[str, float] = field(default_factory=dict)

    def broken(self, *names: str) -> None:
        """These should fire from now on."""
        self._broken.update(dict.fromkeys(names, time.monotonic()))

    def await_fired(self) -> None:
        """Wait until each of them does, or has."""
        try:
            until(lambda: not self._missing(), PATIENCE_SECONDS)
        except AssertionError:
            raise AssertionError(f"these did not fire: {self._missing()}") from None

    def await_cleared(self, *names: str) -> None:
        """Wait until each of these, which were mended just now, fires no more."""
        mended, waiting = time.monotonic(), set(names)

        def cleared() -> bool:
            for name in waiting - self.prometheus.firing():
                self.cleared[name] = time.monotonic() - mended
                waiting.discard(name)
            return not waiting

        until(cleared, PATIENCE_SECONDS)

    def table(self) -> str:
        """A line for each alert."""
        rows = [f"{name:28}{self.fired[name]:8.1f} s{self.cleared[name]:8.1f} s" for name in sorted(self.fired)]
        return "\n".join(["alert                       fired after  cleared after", *rows])

    def _missing(self) -> set[str]:
        now = time.monotonic()
        for name in self.prometheus.firing() & (self._broken.keys() - self.fired.keys()):
            self.fired[name] = now - self._broken[name]
        return self._broken.keys() - self.fired.keys()
