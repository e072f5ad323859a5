"""The sign-up form as a weapon: how many mails reach a victim, and what everybody else notices.

  python -m tests.bench.bombing [--sign-ups 1000] [--defence none|work|hold]

A real daemon with its relay, at its default limits. One victim is signed up from as many networks as sign-ups, under
every spelling of the mailbox, to five lists, by the web and by mail; then as many victims by one client, while another
one signs up too; then as many victims from as many networks, and once more by somebody who reads our form first and
waits as a person would. With `work`, a hundred sign-ups an hour are mailed without work; with `hold`, what is more than
usual is held. Who signs up meanwhile uses our page, and does the work if it is asked for. Prints a Markdown table; ends
with 1 where a victim gets more than three mails, or the operator hears of it other than once.
"""

from __future__ import annotations

import argparse
import http.client
import re
import smtplib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.machine import load, machine_facts
from tests.database import select_at
from tests.e2e.instance import DOMAIN, Instance, opened_instance, until
from tests.proof_of_work import do_work
from tests.sink import compile_sink

from pressrun.core.addresses.address import parse_address

LISTS = ("news", "boats", "tides", "winds", "charts")
MOST_A_DAY = 3
FORM_SECONDS = 2.1  # a little more than `form_time`
DEFENCES: dict[str, dict[str, object]] = {
    "none": {},
    "work": {"proof_of_work_above": "100/h"},
    "hold": {"hold_sign_ups_above": 5},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack, and what came of it."""

    name: str
    sign_ups: int
    mails: int
    most_to_one: int
    refused: int
    waited: float  # seconds until somebody else had their confirmation; 0: nobody asked


class Client(AbstractContextManager["Client"]):
    """Signs up on the web, as from any network: the daemon believes its proxy, which stands on this machine."""

    def __init__(self, instance: Instance) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", instance.http_port, timeout=60)

    def __exit__(self, *exc: object) -> None:
        self._connection.close()

    def read_form(self, name: str) -> dict[str, str]:
        """What our page has a browser post besides what a person types; returns when a person could have typed it."""
        self._connection.request("GET", f"/{name}")
        page = self._connection.getresponse().read().decode()
        time.sleep(FORM_SECONDS)
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
        return {**fields, "bits": "".join(re.findall(r'data-bits="(\d+)"', page))}

    def sign_up(self, name: str, address: str, network: str, form: Mapping[str, str] | None = None) -> int:
        """The status of the answer."""
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Forwarded-For": network}
        fields = urlencode({**(form or {}), "email": address})
        self._connection.request("POST", f"/{name}/subscribe", fields, headers)
        response = self._connection.getresponse()
        response.read()
        return response.status


def spellings(number: int) -> str:
    """One of very many names of the victim's mailbox."""
    local = "".join(letter + "." * (number >> at & 1) for at, letter in enumerate("vict")) + "im"
    domain = ("gmail.com", "googlemail.com", "GMail.com")[number % 3]
    return f"{local if number % 2 else local.upper()}+{number}@{domain}"


def network(number: int) -> str:
    """One of very many networks."""
    return f"2001:db8:{number:x}::1" if number % 2 else f"198.18.{number >> 8 & 255}.{number & 255}"


class Siege:
    """Attacks on one instance, and what its relay got of each."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._seen = 0

    def one_victim(self, number: int) -> Attack:
        """From as many networks, to five lists in turn, half by the web and half by mail."""
        with Client(self._instance) as client, smtplib.SMTP("127.0.0.1", self._instance.smtp_port) as line:
            for index in range(number):
                name, address = LISTS[index // 2 % len(LISTS)], spellings(index)
                if index % 2:
                    client.sign_up(name, address, network(index))
                    continue
                to = f"{name}-subscribe@{DOMAIN}"
                line.sendmail(address, to, f"From: {address}\r\nTo: {to}\r\nSubject: x\r\n\r\nx\r\n")
        return self._outcome("one victim, web and mail", number)

    def many_victims(self, number: int, *, one_client: bool = False, with_form: bool = False) -> Attack:
        """As many victims as sign-ups, and somebody else who signs up meanwhile, on our page."""
        tag = "one" if one_client else "form" if with_form else "many"
        bystander, waited, refused = f"bystander-{tag}@other.example", 0.0, 0
        with Client(self._instance) as client, Client(self._instance) as other:
            form = client.read_form("news") if with_form else {}
            for index in range(number):
                place = "203.0.113.9" if one_client else network(index)
                refused += client.sign_up("news", f"victim{index}@{tag}{index % 50}.example", place, form) == 429
                if index == number // 2:
                    own = _worked(other.read_form("news"), bystander)
                    began = time.monotonic()
                    other.sign_up("news", bystander, "192.0.2.77", own)
                    self._instance.await_mails(1, to=bystander)
                    waited = time.monotonic() - began
        name = "one client" if one_client else "as many networks"
        way = ", with our form" if with_form else ""
        return self._outcome(f"as many victims, from {name}{way}", number, bystander, waited, refused)

    def _outcome(self, name: str, sign_ups: int, bystander: str = "", waited: float = 0.0, refused: int = 0) -> Attack:
        until(lambda: self._is_quiet() or None, 300)
        mails = self._instance.accepted()
        victims = Counter(parse_address(address).mailbox for address in mails[self._seen :] if address != bystander)
        self._seen = len(mails)
        return Attack(
            name=name,
            sign_ups=sign_ups,
            mails=victims.total(),
            most_to_one=max(victims.values(), default=0),
            refused=refused,
            waited=waited,
        )

    def _is_quiet(self) -> bool:
        query = (
            "select not exists (select 1 from pending_request)"
            " and not exists (select 1 from inbound where state = 'received')"
            " and not exists (select 1 from delivery where state in ('queued', 'claimed', 'deferred'))"
        )
        [(is_quiet,)] = select_at(self._instance.database, query)
        return bool(is_quiet)


def _worked(form: dict[str, str], address: str) -> dict[str, str]:
    """The form as a browser posts it: with its work done, if it asks for some."""
    if not form["bits"]:
        return form
    return {**form, "proof": do_work(form["challenge"], address, int(form["bits"]))}


def attacks_told(instance: Instance) -> tuple[int, float]:
    """How often the log told of an attack, and what the metrics say."""
    assert instance.daemon is not None
    return len(instance.daemon.events("subscription.attack")), gauge_of(instance, "pressrun_sign_up_attack")


def gauge_of(instance: Instance, name: str) -> float:
    """What the metrics say of something without labels."""
    sample = next(line for line in instance.get("/metrics").text.splitlines() if line.startswith(f"{name} "))
    return float(sample.split()[1])


def main() -> int:
    """Read the command line, attack and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sign-ups", type=int, default=1000)
    parser.add_argument("--defence", choices=sorted(DEFENCES), default="none")
    options = parser.parse_args()
    busy = load()
    with tempfile.TemporaryDirectory(prefix="pressrun-bombing-") as name:
        root = Path(name)
        with opened_instance(root / "instance", compile_sink(root), limits=DEFENCES[options.defence]) as instance:
            for title in LISTS:
                instance.create_list(title)
            instance.start()
            siege = Siege(instance)
            attacks = [
                siege.one_victim(options.sign_ups),
                siege.many_victims(options.sign_ups, one_client=True),
                siege.many_victims(options.sign_ups),
                siege.many_victims(options.sign_ups, with_form=True),
            ]
            told, gauge = attacks_told(instance)
            held = len(instance.json("held", "ls"))
    print("| attack | sign-ups | answered 429 | mails to victims | most to one | a bystander's mail after |")
    print("|---|---:|---:|---:|---:|---:|")
    for attack in attacks:
        after = f"{attack.waited:.1f} s" if attack.waited else ""
        print(
            f"| {attack.name} | {attack.sign_ups:,} | {attack.refused:,} | {attack.mails:,}"
            f" | {attack.most_to_one} | {after} |"
        )
    print("", f"`subscription.attack` in the log: {told}. `pressrun_sign_up_attack`: {gauge:g}.", sep="\n")
    print(f"Held: {held}.")
    print(f"Load of the machine before: {busy:.1f}.", *machine_facts(), sep="\n")
    return (
        0
        if attacks[0].mails <= MOST_A_DAY and max(attack.most_to_one for attack in attacks) <= MOST_A_DAY and told == 1
        else 1
    )


if __name__ == "__main__":
    sys.exit(main())
