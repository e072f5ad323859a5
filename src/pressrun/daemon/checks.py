"""The checks of `pressrun check`: can everything that a configuration names be used? One function each.

A check yields errors, each at its line of the file, and warnings about what works and is probably a mistake. It changes
nothing, and works beside a running daemon.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from pressrun.assets import AssetError
from pressrun.config import ConfigError, find_closed_files, is_system_wide
from pressrun.config.settings import Settings
from pressrun.control.client import call_if_running
from pressrun.core.addresses.doubtful import doubtful_addresses
from pressrun.core.bounces.advice import reply_rules
from pressrun.core.errors import PressrunError
from pressrun.core.network.endpoint import Endpoint, UnixEndpoint
from pressrun.core.pacing.providers import providers
from pressrun.core.text.charsets import check_charsets
from pressrun.core.text.wordings import WORDING_FILES, check_wordings
from pressrun.core.timestamps import rfc3339
from pressrun.daemon.descriptors import shortage
from pressrun.daemon.reload import signature_digests
from pressrun.delivery.relay.probe import ProbedRelay, examine_relay
from pressrun.doctor.engine import engine_facts
from pressrun.message.finding import sentences
from pressrun.message.layouts.built_in import LAYOUT_NAMES, built_in_layout, shared_pieces
from pressrun.operations.sources.states import state_words
from pressrun.runtime.certificates import read_file
from pressrun.runtime.clock import utc_now
from pressrun.services.reports.list_check import examine_lists, list_of_operator
from pressrun.store.location import open_current
from pressrun.store.upkeep.data_check import find_data_problems
from pressrun.store.upkeep.datadir import DataDir, command_to_make
from pressrun.store.upkeep.key_files import keys_of

RUNTIME_FOLDER = Path("/run/pressrun")  # of the shipped unit
PROBE_SECONDS = 5.0  # for a relay to greet us; a slower one would delay mail, too


class ConfigWarning(Struct, frozen=True):
    """Something that works and is probably a mistake; `needs_restart` when only a restart is missing."""

    text: str
    needs_restart: bool = False


Finding = ConfigError | ConfigWarning


class Subject(Struct, frozen=True, kw_only=True):
    """The configuration to check."""

    source: Path
    data: DataDir | None
    file_mode: int  # of the configuration
    lines: Sequence[str] = ()  # of the configuration, which the owner of the data may not be able to read

    def error(self, key: str, actual: str, expected: str) -> ConfigError:
        """An error at the line of a key, the first of that name."""
        return ConfigError(self._line_of(key.rpartition(".")[2]), key, actual, expected)

    def _line_of(self, name: str) -> int:
        return next((number for number, line in enumerate(self.lines, 1) if line.lstrip().startswith(name)), 1)


def check_file(subject: Subject) -> Iterator[Finding]:
    """Only the owner may change the configuration, other users need not read it, and the service can."""
    yield from _closed_files(subject)
    mode = stat.S_IMODE(subject.file_mode)
    if mode & stat.S_IWOTH:
        actual = f"{subject.source} with mode {mode:04o}, which every user can change"
        yield ConfigError(1, "", actual, f"mode 0640 (chmod 640 {subject.source})")
    elif mode & stat.S_IROTH:
        yield ConfigWarning(f"every user of this machine can read {subject.source}. Run chmod 640 on it")


def _closed_files(subject: Subject) -> list[Finding]:
    """What root can read and the owner of the data, as whom the service runs, cannot.

    A service that runs knows better what it can read. A configuration elsewhere may be one that is tried before it
    takes the place of the other, as Ansible does, so this is a warning.
    """
    closed = [] if os.geteuid() == os.getuid() else find_closed_files(subject.source)
    answer = _answer_of_service(subject) if closed else None
    if answer is not None and "unusable" in answer:  # a service of an earlier version does not tell
        closed = [error for error in closed if error.key in answer["unusable"]]
    is_tried = not is_system_wide(subject.source)
    return [_as_warning(error) if is_tried and not error.key else error for error in closed]


def _as_warning(error: ConfigError) -> ConfigWarning:
    return ConfigWarning(f"{error.actual}. The service needs {error.expected}")


def _answer_of_service(subject: Subject) -> Mapping[str, Any] | None:
    """What the service would find if it read this file now; None if none runs with it."""
    if subject.data is None:
        return None
    answer: Mapping[str, Any] | None = call_if_running(subject.data.control_socket, "reload.try")
    return answer if answer is not None and answer["source"] == str(subject.source) else None


def check_settings(_subject: Subject, settings: Settings) -> Iterator[Finding]:
    """Warnings from reading the file."""
    yield from map(ConfigWarning, settings.warnings)


def check_signatures(_subject: Subject, settings: Settings) -> Iterator[Finding]:
    """Unsigned mail is allowed, but large providers refuse it in bulk."""
    if not settings.dkim:
        yield ConfigWarning(
            "no [dkim]: mail goes out unsigned, and large providers refuse unsigned bulk mail. Create a key with "
            "`pressrun dkim create`"
        )


def check_descriptors(_subject: Subject, settings: Settings) -> Iterator[Finding]:
    """The process may open enough files for the configured connections."""
    message = shortage(settings)
    if message is not None:
        yield ConfigWarning(message)


def check_data(subject: Subject) -> Iterator[Finding]:
    """Folder, database, schema and keys, and their permissions."""
    data = subject.data
    if data is None:
        return
    if not data.root.exists():
        yield from _check_place_of_data(subject, data.root)
    for fault in find_data_problems(data):
        yield subject.error("database" if fault.is_on_server else "data_dir", fault.state, fault.remedy)


def _check_place_of_data(subject: Subject, root: Path) -> Iterator[Finding]:
    above = next(folder for folder in root.parents if folder.exists())
    if os.access(above, os.W_OK | os.X_OK, effective_ids=True):
        yield ConfigWarning(f"{root} does not exist yet. The first start creates it, with a new database and new keys")
    else:
        expected = f"a folder of this user. To make that one, run as root: {command_to_make(root)}"
        yield subject.error("data_dir", f"{root}, which this user cannot create in {above}", expected)


def check_lists(subject: Subject, settings: Settings) -> Iterator[Finding]:
    """The settings of lists fit this configuration."""
    data = subject.data
    if data is None:
        return
    try:
        if not data.database.exists():
            return
        with open_current(data.database) as tx:
            yield from map(ConfigWarning, examine_lists(tx, settings.site, keys_of(data, tx)))
            taken = list_of_operator(tx, settings.site)
        if taken is not None:
            actual = f"{settings.site.operator}, the address of the list {taken}, which accepts editions there"
            yield subject.error("operator", actual, 'the mailbox of a person, as in "ops@example.org"')
    except (PressrunError, PermissionError):
        return  # check_data reports what is wrong with it


def check_assets(_subject: Subject) -> Iterator[Finding]:
    """The data that come with the program, such as wordings and providers, have no mistakes; people may edit them."""
    loads: list[Callable[[], object]] = [providers, reply_rules, check_charsets, doubtful_addresses]
    loads += [engine_facts, sentences, shared_pieces, state_words]
    loads += [partial(built_in_layout, name) for name in LAYOUT_NAMES]
    loads += [partial(check_wordings, file) for file in WORDING_FILES]
    for load in loads:
        try:
            load()
        except AssetError as problem:
            yield ConfigError(1, "", str(problem), "the file as it was installed")


def check_sockets(subject: Subject, settings: Settings) -> Iterator[Finding]:
    """Each Unix socket can be created."""
    if subject.data is not None:
        yield from _check_control_socket(subject, subject.data.control_socket)
    places: dict[str, Endpoint | None] = {"http.listen": settings.http.listen, "admin.listen": settings.admin.listen}
    if settings.smtp is not None:
        places |= {"smtp.listen": settings.smtp.listen, "smtp.lmtp": settings.smtp.lmtp}
    for key, place in places.items():
        if isinstance(place, UnixEndpoint):
            yield from _check_socket(subject, key, Path(place.path))
    if settings.control.group:
        yield from _check_socket(subject, "control.socket", settings.control.socket)


def _check_control_socket(subject: Subject, control: Path) -> Iterator[Finding]:
    can_enter = os.access(control.parent, os.X_OK, effective_ids=True)  # check_data reports a folder that is closed
    if can_enter and control.exists() and not control.is_socket():
        yield subject.error("data_dir", f"{control}, which is not a socket", "nothing there, or a socket: move it away")


def _check_socket(subject: Subject, key: str, path: Path) -> Iterator[Finding]:
    folder = path.parent
    if not folder.exists():
        who = "systemd creates it with the service" if folder == RUNTIME_FOLDER else "nothing creates it"
        yield ConfigWarning(f"{key}: {folder} does not exist yet; {who}. Create it before you start a daemon by hand")
    elif path.exists() and not stat.S_ISSOCK(path.stat().st_mode):
        yield subject.error(key, f"{path}, which exists and is not a socket", "an unused path")
    elif not os.access(folder, os.W_OK | os.X_OK, effective_ids=True):
        yield subject.error(
            key, f"{path}, in a folder where the owner of the data cannot write", "a folder of that user"
        )


def check_certificate(_subject: Subject, settings: Settings) -> Iterator[Finding]:
    """The certificate of [smtp] has not expired. With an unusable one, the configuration does not load."""
    file = None if settings.smtp is None else settings.smtp.certificate_file
    if file is None:
        return
    try:
        period = read_file(file)
    except (OSError, ValueError):  # OpenSSL may be able to read it
        return
    if period.ends_at <= utc_now():
        yield ConfigWarning(
            f"the certificate of [smtp] in {file} expired at {rfc3339(period.ends_at)}. Mail servers that "
            "verify certificates do not deliver to this one. Renew it"
        )


def check_relays(_subject: Subject, settings: Settings) -> Iterator[Finding]:
    """Each relay greets us, and TLS and the log-in work; nothing is sent."""
    domain = settings.site.mail_domain

    async def examine_all() -> list[ProbedRelay]:
        probes = (examine_relay(relay, helo_name=domain, seconds=PROBE_SECONDS) for relay in settings.relays)
        return await asyncio.gather(*probes)

    for relay, probed in zip(settings.relays, asyncio.run(examine_all()), strict=True):
        if probed.problem is not None:
            yield ConfigWarning(f"relay {relay.name} ({relay.host}:{relay.port}) is not usable now: {probed.problem}")


def check_service(subject: Subject, settings: Settings) -> Iterator[Finding]:
    """The running service can use the file, too: it has the credentials of its start, not the current ones."""
    answer = None if _closed_files(subject) else _answer_of_service(subject)
    if answer is None:
        return
    restart = "Credentials are only handed over at a start: run systemctl restart pressrun"
    for problem in answer["problems"]:
        yield ConfigWarning(f"the running service cannot use this file: {problem}. {restart}", needs_restart=True)
    for key in answer["needs_restart"]:
        yield ConfigWarning(f"the running service has another {key}. Restart it to apply yours", needs_restart=True)
    digests = signature_digests(settings)
    for name, digest in answer["signatures"].items():
        if digests.get(name, digest) != digest:
            yield ConfigWarning(
                f"the running service still signs for {name} with another key. {restart}", needs_restart=True
            )


CHECKS = (check_file, check_data, check_assets)
SETTINGS_CHECKS = (
    *(check_settings, check_sockets, check_certificate, check_lists, check_signatures, check_descriptors),
    *(check_relays, check_service),
)


def check_all(subject: Subject, settings: Settings | None) -> Iterator[Finding]:
    """The findings of all checks. `settings` is None if the file has errors: checks that need them are skipped."""
    for check in CHECKS:
        yield from check(subject)
    if settings is not None:
        for settings_check in SETTINGS_CHECKS:
            yield from settings_check(subject, settings)
