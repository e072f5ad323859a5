"""`key` and `dkim`: the keys that sign links, and the keys that sign email with the DNS record to publish."""

from __future__ import annotations

import re

import click

from pressrun.acts.arguments import Arguments, KeyRetire
from pressrun.cli.shared.invocation import Invocation, read_rows
from pressrun.cli.shared.new_files import unwritable
from pressrun.cli.shared.output import confirm, echo, print_answer, print_info, print_json, print_rows
from pressrun.cli.shared.owner import acting_as_owner
from pressrun.cli.shared.recording import note
from pressrun.cli.shared.verb import verb, yes_option
from pressrun.cli.shared.write_verbs import execute
from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import MalformedAddress, NotPermitted, UsageError, reason_of
from pressrun.core.quantities import parse_duration
from pressrun.core.signing.keys import LARGEST_KEY_NUMBER
from pressrun.core.timestamps import rfc3339
from pressrun.operations.dkim_keys import (
    DEFAULT_SELECTORS,
    KeyType,
    PublishedKey,
    create_dkim_key,
    created_keys,
    published_key,
)
from pressrun.operations.dns import txt_strings
from pressrun.runtime.clock import utc_now
from pressrun.services.upkeep.link_keys import list_link_keys

_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_LONGEST_NAME = 253  # RFC 1035 §2.3.4, without the final dot


@verb("key rotate")
@yes_option
def rotate(invocation: Invocation, *, is_agreed: bool) -> None:
    confirm("Sign new links with a new key? Backups made before this do not contain it.", is_agreed=is_agreed)
    rotated = execute(invocation, "key.rotate", Arguments())
    print_answer(rotated, f"new links are now signed with key {rotated['number']}", as_json=invocation.as_json)


@verb("key retire")
@click.argument("number", metavar="N", type=click.IntRange(1, LARGEST_KEY_NUMBER))
@click.option("--after", metavar="DURATION", required=True, help="How long its links keep working, such as 30d.")
@yes_option
def retire(invocation: Invocation, *, number: int, after: str, is_agreed: bool) -> None:
    """After DURATION, links and reply addresses signed with key N stop working: confirmations, preferences, approvals,
    members' archives and the return paths of copies. Links to unsubscribe keep working. The newest key cannot retire,
    so run `key rotate` first. You can change the time until then, but not afterwards.
    """
    invocation.require_permission()
    seconds = parse_duration(after)
    confirm(
        f"Stop honouring the links of key {number} in {after}? Only those to unsubscribe will keep working.",
        is_agreed=is_agreed,
    )
    retired = execute(invocation, "key.retire", KeyRetire(number=number, after_seconds=seconds))
    shown = {**retired, "retires_at": rfc3339(retired["retires_at"])}
    print_answer(shown, f"key {number} retires at {shown['retires_at']}", as_json=invocation.as_json)


@verb("key ls")
def list_keys(invocation: Invocation) -> None:
    rows = read_rows(invocation, list_link_keys, utc_now())
    shown = [{**row, "retires_at": None if row["retires_at"] is None else rfc3339(row["retires_at"])} for row in rows]
    print_rows(shown, ("number", "state", "retires_at"), empty="there are no keys yet", as_json=invocation.as_json)


@verb("dkim create")
@click.argument("domain", metavar="[DOMAIN]", required=False)
@click.option("--selector", metavar="NAME", help="Selector [default: pressrun, or pressrun-ed25519].")
@click.option("--type", "type_name", type=click.Choice(["rsa", "ed25519"]), default="rsa", show_default=True)
def create(invocation: Invocation, *, domain: str | None, selector: str | None, type_name: str) -> None:
    """DOMAIN is the domain of your From addresses, or its parent [default: mail_domain]. The key signs nothing
    until [dkim] in the configuration names it.
    """
    key_type = KeyType(type_name)
    name = DEFAULT_SELECTORS[key_type] if selector is None else selector
    signing_domain = _parse_domain(invocation.settings.site.mail_domain if domain is None else domain)
    _check_names(name, signing_domain)
    root = invocation.settings.data_dir
    # No transaction covers the key file, hence a row before it. If that cannot be written, a second one is not tried.
    invocation.is_recorded = not note(invocation, "dkim.create", "begun")
    with acting_as_owner(root):
        try:
            created = create_dkim_key(root / "dkim", domain=signing_domain, selector=name, key_type=key_type)
        except OSError as problem:
            raise unwritable(root / "dkim", problem) from None
    if invocation.as_json:
        print_json(_plain(created))
    else:
        echo("\n".join(_instructions(created, invocation)))


@verb("dkim show")
def show(invocation: Invocation) -> None:
    """A record is published before the configuration names its key, so keys in data_dir that sign nothing yet, or no
    longer, are shown too.
    """
    signing = [published_key(settings) for settings in invocation.settings.dkim]
    records = {(key.record_name, key.record_value) for key in signing}
    idle = [key for key in _created(invocation) if (key.record_name, key.record_value) not in records]
    if invocation.as_json:
        print_json([{**_plain(key), "signs": key in signing} for key in (*signing, *idle)])
        return
    if not signing:
        remedy = "" if idle else ". Create a key with `pressrun dkim create`"
        print_info(f"no [dkim] in the configuration, so email goes out unsigned{remedy}")
    for key in signing:
        echo("\n".join([f"; {key.key_file}", *_record(key)]))
    for key in idle:
        echo("\n".join([f"; {key.key_file} (not in the configuration, so it signs nothing)", *_record(key)]))


def _created(invocation: Invocation) -> list[PublishedKey]:
    folder = invocation.settings.data_dir / "dkim"
    try:
        with acting_as_owner(folder.parent):
            return created_keys(folder)
    except OSError as problem:
        raise NotPermitted(f"{folder} cannot be read: {reason_of(problem)}") from None


def _plain(key: PublishedKey) -> dict[str, object]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "key_file": str(key.key_file),
        "record": {"name": key.record_name, "value": key.record_value},
    }


def _record(key: PublishedKey) -> list[str]:
    """The TXT record as a zone file holds it."""
    strings = [f'    "{part}"' for part in txt_strings(key.record_value)]
    return [f"{key.record_name}. IN TXT (", *strings, ")"]


def _instructions(created: PublishedKey, invocation: Invocation) -> list[str]:
    return [
        f"wrote {created.key_file}",
        "",
        f"1. Publish this record in the DNS of {created.domain}:",
        "",
        *_record(created),
        "",
        *_lines_to_write(created, invocation),
        f'selector = "{created.selector}"',
        f'key_file = "{created.key_file}"',
    ]


def _lines_to_write(created: PublishedKey, invocation: Invocation) -> list[str]:
    """Where the key goes: in place of the one it replaces, or into a new table."""
    present = [published_key(settings) for settings in invocation.settings.dkim]
    if (created.domain, created.key_type) in {(key.domain, key.key_type) for key in present}:
        words = f"change these lines in the [dkim] table of {created.domain} in {invocation.config_path}"
        return [
            f"2. When the record is visible, {words}, then reload.",
            "   Leave the old record for two weeks, because receivers look it up for mail on its way.",
            "",
        ]
    table = "[[dkim]]    # with several keys, every table has double brackets, even the first" if present else "[dkim]"
    return [
        f"2. When the record is visible, add to {invocation.config_path}, then reload:",
        "",
        table,
        f'domain = "{created.domain}"',
    ]


def _parse_domain(text: str) -> str:
    try:
        return parse_address(f"postmaster@{text}").domain
    except MalformedAddress:
        raise UsageError(f"{text!r} is not a full domain name such as example.org") from None


def _check_names(selector: str, domain: str) -> None:
    if _SELECTOR.fullmatch(selector) is None:
        raise UsageError(
            f"invalid selector {selector!r}. Use a-z, 0-9 and - (not first or last), at most 63 characters"
        )
    if len(f"{selector}._domainkey.{domain}") > _LONGEST_NAME:
        raise UsageError(
            f"the DNS record's name would be longer than {_LONGEST_NAME} characters. Choose a shorter selector"
        )
