"""`dkim`: the key that signs what goes out, and the DNS record to publish."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from pressrun.cli.groups import VerbGroup
from pressrun.cli.invocation import Invocation, json_option, pass_invocation
from pressrun.cli.output import echo, note, print_json
from pressrun.cli.owner import acting_as_owner
from pressrun.core.address import parse_address
from pressrun.core.errors import MalformedAddress, NotPermitted, UsageError

if TYPE_CHECKING:
    from pressrun.operations.dkim_keys import PublishedKey

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LONGEST_NAME = 253  # RFC 1035 §2.3.4, without the final dot


@click.group("dkim", cls=VerbGroup)
def group() -> None:
    """DKIM keys: create, show."""


@group.command()
@click.argument("domain", metavar="[DOMAIN]", required=False)
@click.option("--selector", metavar="NAME", help="Selector [default: pressrun, or pressrun-ed25519].")
@click.option("--type", "type_name", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True)
@json_option
@pass_invocation
def create(invocation: Invocation, *, domain: str | None, selector: str | None, type_name: str, as_json: bool) -> None:
    """Create a key and print its DNS record. Never overwrites a file.

    DOMAIN is the domain of your From addresses, or its parent [default: mail_domain]. The key signs nothing
    until [dkim] in the configuration names it.
    """
    from pressrun.operations.dkim_keys import DEFAULT_SELECTORS, KeyType, create_dkim_key  # noqa: PLC0415

    key_type = KeyType(type_name)
    name = DEFAULT_SELECTORS[key_type] if selector is None else selector
    signing = _read_domain(invocation.settings.site.mail_domain if domain is None else domain)
    _check_names(name, signing)
    root = invocation.settings.data_dir
    with acting_as_owner(root):
        try:
            created = create_dkim_key(root / "dkim", domain=signing, selector=name, key_type=key_type)
        except OSError as problem:
            why = (problem.strerror or "an error").lower()
            raise NotPermitted(f"cannot write {root / 'dkim'}: {why}") from None
    if as_json:
        print_json(_plain(created))
    else:
        echo("\n".join(_told(created, invocation)))


@group.command()
@json_option
@pass_invocation
def show(invocation: Invocation, *, as_json: bool) -> None:
    """Print the DNS record of each key in the configuration."""
    from pressrun.operations.dkim_keys import published_key  # noqa: PLC0415

    found = [published_key(one) for one in invocation.settings.dkim]
    if as_json:
        print_json([_plain(one) for one in found])
        return
    if not found:
        note("no [dkim] in the configuration, so mail goes out unsigned. Create a key with `pressrun dkim create`")
    for one in found:
        echo("\n".join([f"; {one.key_file}", *_record(one)]))


def _plain(key: PublishedKey) -> dict[str, object]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "key_file": str(key.key_file),
        "record": {"name": key.record_name, "value": key.record_value},
    }


def _record(key: PublishedKey) -> list[str]:
    """The TXT record as a zone file has it."""
    from pressrun.operations.dkim_keys import txt_strings  # noqa: PLC0415

    strings = [f'    "{part}"' for part in txt_strings(key.record_value)]
    return [f"{key.record_name}. IN TXT (", *strings, ")"]


def _told(created: PublishedKey, invocation: Invocation) -> list[str]:
    table = "[dkim]"
    if invocation.settings.dkim:
        table = "[[dkim]]    # with several keys, each table has double brackets, the first one too"
    return [
        f"wrote {created.key_file}",
        "",
        f"1. Publish this record in the DNS of {created.domain}:",
        "",
        *_record(created),
        "",
        f"2. When the record is visible, add to {invocation.config_path}, then reload:",
        "",
        table,
        f'domain = "{created.domain}"',
        f'selector = "{created.selector}"',
        f'key_file = "{created.key_file}"',
    ]


def _read_domain(text: str) -> str:
    try:
        return parse_address(f"postmaster@{text}").domain
    except MalformedAddress:
        raise UsageError(f"{text!r} is not a full domain name such as example.org") from None


def _check_names(selector: str, domain: str) -> None:
    if _SELECTOR.fullmatch(selector) is None:
        raise UsageError(
            f"{selector!r} is not a valid selector. Use a-z, 0-9 and - (not first or last), at most 63 characters"
        )
    if len(f"{selector}._domainkey.{domain}") > _LONGEST_NAME:
        raise UsageError(
            f"the DNS record's name would be longer than {_LONGEST_NAME} characters. Choose a shorter selector"
        )
