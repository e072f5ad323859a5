"""DKIM: is the key that we sign with the one that is published? RFC 6376 §3.6.1, RFC 8301, RFC 8463."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as BadBase64

from pressrun.core.network.dmarc import parse_tags
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, failed, passed, txt_record, warned
from pressrun.operations.dkim_keys import PublishedKey, published_key
from pressrun.operations.dns import DnsStatus

LARGEST_RECORD = 4096  # characters; a key of 4096 bits takes 750
_WEAK_BITS, _ENOUGH_BITS = 1024, 2048  # RFC 8301 §3.2


async def check_dkim(subject: DoctorSubject) -> list[DoctorFinding]:
    """Each key of `[dkim]` against its record."""
    keys = [published_key(settings) for settings in subject.settings.dkim]
    if not keys:
        remedy = "Run `pressrun dkim create`, then publish the record and add the [dkim] table that it prints"
        return [warned("mail goes out unsigned: there is no [dkim] in the configuration", remedy)]
    findings = [finding for key in keys for finding in await _check(subject, key)]
    if all(key.key_type == "ed25519" for key in keys):
        findings.append(
            warned(
                "all keys are Ed25519, which many receivers cannot verify",
                "Add an RSA key: `pressrun dkim create --type rsa`",
            )
        )
    return findings


async def _check(subject: DoctorSubject, key: PublishedKey) -> list[DoctorFinding]:
    answer = await subject.dns.query(key.record_name, "TXT")
    wanted = txt_record(key.record_name, key.record_value)
    if answer.status is DnsStatus.UNKNOWN:
        return [warned(f"the DKIM key {key.record_name} could not be looked up: {answer.problem}")]
    records = [record for record in answer.records if "p" in parse_tags(record)]
    if not records:
        return [failed(f"the DKIM key {key.record_name} is not published", f"Add to DNS: {wanted}")]
    if len(records) > 1:
        return [
            failed(
                f"{key.record_name} has {len(records)} keys, and receivers may use any of them", f"Keep only {wanted}"
            )
        ]
    if len(records[0]) > LARGEST_RECORD:
        return [failed(f"{key.record_name} has {len(records[0])} characters", f"Replace it with {wanted}")]
    return _compare(key, records[0], wanted)


def _compare(key: PublishedKey, record: str, wanted: str) -> list[DoctorFinding]:
    tags, ours = parse_tags(record), parse_tags(key.record_value)
    replace = f"Replace the record with {wanted}"
    if not tags["p"]:
        return [failed(f"the DKIM key {key.record_name} is revoked: its record has an empty p=", replace)]
    if tags.get("k", "rsa") != ours["k"] or _octets(tags["p"]) != _octets(ours["p"]):
        return [
            failed(
                f"{key.record_name} publishes a different key from {key.key_file}, so signatures do not verify", replace
            )
        ]
    refused = _refused_use(tags)
    if refused is not None:
        return [failed(f"the record of {key.record_name} does not allow our signatures: {refused}", replace)]
    findings = [passed(f"{key.record_name} publishes the key that we sign with ({_strength(key)})")]
    if "y" in tags.get("t", "").split(":"):
        findings.append(warned(f"{key.record_name} is marked as a test (t=y), so receivers may ignore it", replace))
    if key.key_type == "rsa" and key.bits < _ENOUGH_BITS:
        message = f"the DKIM key {key.record_name} has {key.bits} bits; use at least {_ENOUGH_BITS}"
        remedy = "Run `pressrun dkim create --selector NEW`, publish its record, then change [dkim]"
        findings.append(failed(message, remedy) if key.bits < _WEAK_BITS else warned(message, remedy))
    return findings


def _refused_use(tags: dict[str, str]) -> str | None:
    """What in a record forbids our use of the key."""
    if "v" in tags and tags["v"] != "DKIM1":
        return f"v={tags['v']} is not DKIM1"
    if "h" in tags and "sha256" not in _words(tags["h"]):
        return f"h={tags['h']} lacks sha256"
    if "s" in tags and not {"*", "email"} & set(_words(tags["s"])):
        return f"s={tags['s']} lacks email"
    return None


def _words(value: str) -> list[str]:
    return [word.strip().lower() for word in value.split(":")]


def _octets(value: str) -> bytes | None:
    try:
        return b64decode("".join(value.split()), validate=True)
    except (BadBase64, ValueError):
        return None


def _strength(key: PublishedKey) -> str:
    return "Ed25519" if key.key_type == "ed25519" else f"RSA, {key.bits} bits"
