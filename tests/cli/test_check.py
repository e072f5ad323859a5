"""`check`: every error at once with what to do about it, and advice that fails nothing."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.authority import DAY, NOW, make_authority
from tests.cli.shell import Called, Shell
from tests.cli.test_permission import NOBODY
from tests.database import execute_at

from pressrun.core.text.wordings import WORDING_FILES
from pressrun.daemon import checks

OK = "Configuration OK"


def checked(shell: Shell) -> Called:
    """78 with errors, by the same rule in text and in JSON."""
    text, as_json = shell.call("check"), shell.call("check", "--json")
    errors, warnings = as_json.json["errors"], as_json.json["warnings"]
    assert text.code == as_json.code == (78 if errors else 0)
    assert (text.out.splitlines()[-1:] == [OK]) is not bool(errors)
    assert len(errors) == sum(error["expected"] in text.err for error in errors)
    assert len(warnings) == text.err.count("warning: ")
    return as_json


def errors_of(shell: Shell) -> list[str]:
    return [f"{error['found']}, {error['expected']}" for error in checked(shell).json["errors"]]


def warnings_of(shell: Shell) -> list[str]:
    warnings: list[str] = checked(shell).json["warnings"]
    return warnings


def with_schema(shell: Shell, version: int) -> None:
    if isinstance(shell.database, Path):
        execute_at(shell.database, f"pragma user_version = {version}")
    else:
        execute_at(shell.database, "update schema_version set version = ?", version)


def damage(shell: Shell) -> None:
    """Overwrite a page in the middle, as a failing disk does."""
    file = _file_of(shell)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
        size = connection.execute("pragma page_size").fetchone()[0]
        root = connection.execute("select rootpage from sqlite_schema where name = 'list'").fetchone()[0]
    with file.open("r+b") as opened:
        opened.seek((root - 1) * size)
        opened.write(b"\xff" * size)


def spoil_index(shell: Shell) -> None:
    """As a failing disk may do to the index for searches."""
    execute_at(shell.database, "insert into archive_search (rowid, words) values (1, 'boats')")
    execute_at(shell.database, "delete from archive_search_data where id > 10")


Faults = dict[str, tuple[Callable[[Shell], object], list[str]]]
FAULTS: Faults = {
    "data folder": (lambda shell: shell.data.chmod(0o777), ["chmod 700 {data}"]),
    "closed data folder": (lambda shell: shell.data.chmod(0o500), ["mode 0500", "chmod 700 {data}"]),
    "keys folder": (lambda shell: (shell.data / "keys").chmod(0o777), ["chmod 700 {data}/keys"]),
    "a key": (lambda shell: (shell.data / "keys" / "link-1").chmod(0o644), ["chmod 600 {data}/keys/link-1"]),
    "a key that is closed": (lambda shell: (shell.data / "keys" / "link-1").chmod(0), ["chmod 600 {data}/keys/link-1"]),
    "a lock that is closed": (lambda shell: (shell.data / "lock").chmod(0o400), ["mode 0400", "chmod 600 {data}/lock"]),
    "no link key": (lambda shell: (shell.data / "keys" / "link-1").unlink(), ["no link key", "restore"]),
    "no suppression key": (
        lambda shell: (shell.data / "keys" / "suppression").unlink(),
        ["suppression is missing", "restore"],
    ),
    "a key cut short": (
        lambda shell: (shell.data / "keys" / "suppression").write_text("12"),
        ["does not hold", "restore"],
    ),
    "a file as socket": (lambda shell: (shell.data / "control.sock").touch(), ["not a socket", "move it away"]),
    "an older schema": (lambda shell: with_schema(shell, 3), ["with schema 3", "pressrun migrate"]),
    "a newer schema": (lambda shell: with_schema(shell, 999), ["schema 999", "Install the newer version again"]),
}
FAULTS_OF_THE_FILE: Faults = {
    "its mode": (lambda shell: _file_of(shell).chmod(0o640), ["chmod 600 {data}/pressrun.sqlite3"]),
    "one that is only read": (lambda shell: _file_of(shell).chmod(0o400), ["chmod 600 {data}/pressrun.sqlite3"]),
    "what it left beside": (
        lambda shell: _leave_log(shell).chmod(0o400),
        ["sqlite3-shm with mode 0400", "chmod 600 {data}/pressrun.sqlite3*"],
    ),
    "another file": (
        lambda shell: _file_of(shell).write_bytes(b"no database at all" * 100),
        ["not a Pressrun database, a database and keys that can be used: restore a backup"],
    ),
    "a spoilt index": (spoil_index, ["is damaged (", "FTS5", "values ('rebuild')"]),
    "a damaged file": (damage, ["is damaged (Tree", "restore a backup"]),
}


def _file_of(shell: Shell) -> Path:
    return shell.data / "pressrun.sqlite3"


def _leave_log(shell: Shell) -> Path:
    """As a killed process does: SQLite made it with the mode that the database had."""
    path = shell.data / "pressrun.sqlite3-shm"
    path.touch(mode=0o600)
    return path


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_data_is_an_error_with_its_remedy(shell: Shell, name: str) -> None:
    _require_error(shell, *FAULTS[name])


@pytest.mark.only_on("sqlite", "it is about the file of the database")
@pytest.mark.parametrize("name", FAULTS_OF_THE_FILE)
def test_a_fault_of_the_file_is_an_error_with_its_remedy(shell: Shell, name: str) -> None:
    _require_error(shell, *FAULTS_OF_THE_FILE[name])


def _require_error(shell: Shell, spoil: Callable[[Shell], object], words: list[str]) -> None:
    shell.make_list()
    spoil(shell)
    [error] = errors_of(shell)
    assert "\n" not in error
    assert [] == [word for word in words if word.format(data=shell.data) not in error], error


def test_an_expired_certificate_for_mail_is_a_warning(shell: Shell, tmp_path: Path) -> None:
    shell.make_list()
    tls = tmp_path / "tls"
    tls.mkdir()
    authority, text = make_authority(tls), shell.config.read_text(encoding="utf-8")
    for end, number in ((NOW + DAY, 0), (NOW - DAY, 1)):
        before = set(tls.glob("*.pem"))
        authority.server(until=end)
        (file,) = set(tls.glob("*.pem")) - before
        smtp = f'\n[smtp]\ncertificate_file = "{file}"\nkey_file = "{file}"\n'
        shell.config.write_text(text.replace("\n[smtp]\n", smtp), encoding="utf-8")
        assert [] == errors_of(shell)
        assert number == sum(f"the certificate of [smtp] in {file} expired" in told for told in warnings_of(shell))


@pytest.mark.only_on("postgresql", "it is about the database on a server")
def test_the_schema_of_a_server_is_named_beside_a_folder_that_nobody_may_write_to(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.make_list()
    with_schema(shell, 3)
    shell.data.chmod(0o500)
    monkeypatch.setattr(os, "access", lambda _, mode, **__: mode & os.W_OK == 0)  # as for all but root
    mode, schema = errors_of(shell)
    assert ("mode 0500" in mode, "with schema 3" in schema) == (True, True)


@pytest.mark.only_on("sqlite", "nothing is asked of a server while the file has errors")
def test_all_faults_are_told_at_once(shell: Shell) -> None:
    """Those of the file, of the data and of a socket, each at its own line."""
    shell.make_list()
    (shell.data / "keys").chmod(0o777)
    _file_of(shell).chmod(0o666)
    with_schema(shell, 3)
    shell.config.chmod(0o666)
    text = shell.config.read_text(encoding="utf-8")
    shell.config.write_text(text.replace("\n[http]\n", "\n[http]\ncolour = 1\n"), encoding="utf-8")
    errors = errors_of(shell)
    assert 4 == len(errors), errors
    assert {"", "data_dir", "http.colour"} == {error["key"] for error in checked(shell).json["errors"]}


LOSSES: dict[str, tuple[Callable[[Path], object], str]] = {
    "the keys": (shutil.rmtree, "{keys} is missing"),
    "link keys": (lambda keys: (keys / "link-1").unlink(), "{keys}/link-1 is missing"),
    "the key of suppressions": (lambda keys: (keys / "suppression").unlink(), "{keys}/suppression is missing"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_missing_keys_are_named_beside_all_else(shell: Shell, loss: str) -> None:
    """As after a copy by hand that left some files out, from a machine with an earlier version."""
    shell.make_list()
    keys = shell.data / "keys"
    lose, words = LOSSES[loss]
    lose(keys)
    shell.data.chmod(0o755)
    if keys.exists():
        keys.chmod(0o755)
    with_schema(shell, 3)
    errors = errors_of(shell)
    assert (3 + keys.exists(), 1) == (len(errors), sum(words.format(keys=keys) in error for error in errors)), errors


@pytest.mark.only_on("sqlite", "it is about the file of the database")
def test_missing_keys_are_named_beside_a_damaged_file(shell: Shell) -> None:
    shell.make_list()
    damage(shell)
    (shell.data / "keys" / "suppression").unlink()
    damaged, missing = errors_of(shell)
    assert ("is damaged" in damaged, "suppression is missing" in missing) == (True, True)


@pytest.mark.only_on("sqlite", "nothing is asked of a server while the file has errors")
def test_a_folder_that_others_use_is_not_to_be_closed(shell: Shell) -> None:
    """As with data_dir = "/etc": whoever follows the advice must still have a machine."""
    place = shell.folder / "etc"
    place.mkdir(mode=0o755)
    (place / "passwd").touch()
    _name_data_dir(shell, str(place))
    [error] = errors_of(shell)
    assert f"{place} with mode 0755, a folder of Pressrun's own, with nothing else in it" == error


@pytest.mark.parametrize("name", ["", " ", "da\\u0000ta", "config.toml", "config.toml/data", "loop", "x" * 300])
def test_a_data_dir_that_can_be_no_folder_is_one_error_of_every_verb(shell: Shell, name: str) -> None:
    """Nothing else is said about one, and nothing ends in a traceback."""
    (shell.folder / "loop").symlink_to("loop")
    assert "config.toml" == shell.config.name
    _name_data_dir(shell, name)
    [error] = checked(shell).json["errors"]
    assert ("data_dir", 78, 78) == (error["key"], shell.call("list", "ls").code, shell.call("serve").code)


def _name_data_dir(shell: Shell, name: str) -> None:
    text = shell.config.read_text(encoding="utf-8")
    shell.config.write_text(text.replace('data_dir = "data"', f'data_dir = "{name}"'), encoding="utf-8")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_key_of_root_is_to_be_given_back_and_not_restored(open_shell: Shell) -> None:
    """As after a restore by hand: the daemon's user could not read it."""
    data = open_shell.data
    for path in (data, *data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.chown(data / "keys" / "link-1", 0, 0)
    [error] = errors_of(open_shell)
    assert f"chown nobody {data}/keys/link-1" in error
    assert "restore" not in error


def _give_away(shell: Shell) -> None:
    """The data are those of a user other than root, who can read the configuration."""
    shell.config.chmod(0o644)
    for path in (shell.data, *shell.data.rglob("*")):
        os.chown(path, NOBODY, NOBODY)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_folder_of_root_with_the_data_of_another_is_the_one_fault(open_shell: Shell) -> None:
    """As after `mkdir` or `chown` by root: not everything else belongs to the wrong user."""
    _give_away(open_shell)
    os.chown(open_shell.data, 0, 0)
    [error] = errors_of(open_shell)
    assert f"{open_shell.data}, which belongs to root, a file of nobody: chown nobody {open_shell.data}" == error


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("mode", [0o000, 0o300, 0o500, 0o600])
def test_a_data_folder_that_its_owner_cannot_use_is_the_one_fault(open_shell: Shell, mode: int) -> None:
    """Also one that they cannot enter, so that nothing in it can be looked at."""
    _give_away(open_shell)
    open_shell.data.chmod(mode)
    assert [f"{open_shell.data} with mode {mode:04o}, 0700: chmod 700 {open_shell.data}"] == errors_of(open_shell)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("also_wrong", [False, True])
def test_a_configuration_that_the_owner_of_the_data_cannot_read_is_an_error(
    open_shell: Shell, monkeypatch: pytest.MonkeyPatch, also_wrong: bool
) -> None:
    """Root can read it, so root's check would find nothing, and the service would not start; with other faults, too."""
    _give_away(open_shell)
    monkeypatch.setattr("pressrun.config.loader._SYSTEM_WIDE", open_shell.config)
    open_shell.config.chmod(0o600)
    if also_wrong:
        (open_shell.data / "keys").chmod(0o755)
    error, *others = errors_of(open_shell)
    assert f"{open_shell.config}, which user nobody cannot read" in error
    assert f"chmod 640 {open_shell.config}" in error
    assert also_wrong is any("chmod 700" in other for other in others)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("is_installed", [False, True])
def test_a_configuration_in_a_folder_of_root_may_be_tried_and_not_used(
    open_shell: Shell, monkeypatch: pytest.MonkeyPatch, is_installed: bool
) -> None:
    """Programs such as Ansible have a new file checked in a folder of their own, and then move it to its place."""
    _give_away(open_shell)
    closed = open_shell.folder / "closed"
    closed.mkdir(mode=0o700)
    open_shell.config = open_shell.config.rename(closed / "config.toml")
    text = open_shell.config.read_text(encoding="utf-8")
    open_shell.config.write_text(text.replace('data_dir = "data"', f'data_dir = "{open_shell.data}"'), encoding="utf-8")
    if is_installed:
        monkeypatch.setattr("pressrun.config.loader._SYSTEM_WIDE", open_shell.config)
    errors, warnings = errors_of(open_shell), warnings_of(open_shell)
    assert is_installed is any(f"in {closed}, which user nobody cannot enter" in error for error in errors)
    assert is_installed is not any(f"in {closed}, which user nobody cannot enter" in warning for warning in warnings)
    assert is_installed is bool(errors)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("is_credential", [False, True])
def test_a_password_that_only_root_can_read_is_an_error_unless_it_is_a_credential(
    open_shell: Shell, monkeypatch: pytest.MonkeyPatch, is_credential: bool
) -> None:
    """The service reads files by itself, and is handed credentials."""
    _give_away(open_shell)
    store = open_shell.folder / "store"
    store.mkdir()
    monkeypatch.setattr("pressrun.config.named_files._STORES", (store,))
    password = (store if is_credential else open_shell.folder) / "password"
    password.write_text("secret", encoding="ascii")
    password.chmod(0o600)
    text = open_shell.config.read_text(encoding="utf-8")
    named = '[[relay]]\nusername = "us"\npassword_file = "password"'
    open_shell.config.write_text(text.replace("\n[[relay]]", f"\n{named}", 1), encoding="utf-8")
    errors = errors_of(open_shell)
    assert is_credential is (errors == [])
    assert all("which user nobody cannot read" in error for error in errors)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    ("problem", "unusable", "has_alarm"),
    [
        (None, [], False),
        ("user nobody cannot read {}. Run", [""], True),
        ("user nobody cannot read {}. Run", None, True),  # from a service of an earlier version
        ("{}: line 3: http.colour: found 1", ["http.colour"], False),
    ],
)
def test_a_service_that_can_read_its_files_knows_better(
    open_shell: Shell, monkeypatch: pytest.MonkeyPatch, problem: str | None, unusable: list[str] | None, has_alarm: bool
) -> None:
    """Whatever else is wrong with the file."""
    _give_away(open_shell)
    monkeypatch.setattr("pressrun.config.loader._SYSTEM_WIDE", open_shell.config)
    open_shell.config.chmod(0o600)
    problems = [] if problem is None else [problem.format(open_shell.config)]
    if problem is not None:
        text = open_shell.config.read_text(encoding="utf-8")
        open_shell.config.write_text(text.replace("\n[http]\n", "\n[http]\ncolour = 1\n"), encoding="utf-8")
    answer = {"source": str(open_shell.config), "problems": problems, "signatures": {}, "needs_restart": []}
    answer |= {} if unusable is None else {"unusable": unusable}
    monkeypatch.setattr(checks, "call_if_running", lambda *_: answer)
    errors = errors_of(open_shell)
    assert has_alarm is any("which user nobody cannot read" in error for error in errors)
    assert len(problems) + has_alarm == len(errors)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("user", ["nobody", "somebody"])
def test_the_groups_of_the_unit_are_those_of_the_service(
    open_shell: Shell, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    """While it does not run, too: SupplementaryGroups= gives its user groups that they do not have otherwise."""
    _give_away(open_shell)
    monkeypatch.setattr("pressrun.config.loader._SYSTEM_WIDE", open_shell.config)
    os.chown(open_shell.config, 0, 4321)
    open_shell.config.chmod(0o640)
    programs = open_shell.folder / "programs"
    programs.mkdir()
    (programs / "systemctl").write_text(f"#!/bin/sh\necho User={user}\necho SupplementaryGroups=4321 no-such-group\n")
    (programs / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    assert (user == "nobody") is (errors_of(open_shell) == [])


def test_what_is_unwise_is_advice(shell: Shell) -> None:
    """No signature, a relay that is away, a file that everybody can read, data that are not there yet."""
    shell.config.chmod(0o644)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # and does not listen
        port = unused.getsockname()[1]
        text = shell.config.read_text(encoding="utf-8")
        shell.config.write_text(text.replace("port = 25", f"port = {port}"), encoding="utf-8")
        warnings = warnings_of(shell)
    for words in ("no [dkim]", f"(127.0.0.1:{port}) is not usable now", "chmod 640", "does not exist yet"):
        assert 1 == sum(words in warning for warning in warnings), (words, warnings)


@pytest.mark.parametrize(("place", "warned"), [("/bin/true", False), ("/nowhere", True), ("/", True)])
def test_a_program_for_alerts_that_nobody_can_run_is_advice(shell: Shell, place: str, warned: bool) -> None:
    """A folder may be entered, which is the same permission."""
    text = shell.config.read_text(encoding="utf-8")
    shell.config.write_text(text.replace("\n[alerts]\n", f'\n[alerts]\nexec = ["{place}"]\n'), encoding="utf-8")
    assert warned is any(f'cannot execute "{place}"' in warning for warning in warnings_of(shell))


@pytest.mark.parametrize(
    ("key", "place"),
    [('listen = "127.0.0.1:8080"', 'listen = "unix:{taken}"'), ("# group = false", 'group = true\nsocket = "{taken}"')],
)
def test_a_socket_that_cannot_be_created_is_an_error(shell: Shell, key: str, place: str) -> None:
    taken = shell.write("taken", "precious")
    text = shell.config.read_text(encoding="utf-8")
    shell.config.write_text(text.replace(key, place.format(taken=taken)), encoding="utf-8")
    [error] = errors_of(shell)
    assert "is not a socket" in error


def test_a_second_relay_at_the_same_host_is_noticed(shell: Shell) -> None:
    """Whoever adds a table to what `init` wrote may have meant to change it."""
    with shell.config.open("a", encoding="utf-8") as file:
        file.write('\n[[relay]]\nhost = "127.0.0.1"\nport = 10025\n')
    assert 1 == sum(
        "is a further relay at 127.0.0.1, where relay-1 has port 25" in warning for warning in warnings_of(shell)
    )


def test_a_table_that_is_added_a_second_time_is_told_in_words(shell: Shell) -> None:
    with shell.config.open("a", encoding="utf-8") as file:
        file.write('\n[smtp]\nlmtp = "systemd"\n')
    lines = shell.config.read_text(encoding="utf-8").splitlines()
    first, second = (number for number, line in enumerate(lines, 1) if line == "[smtp]")
    [error] = checked(shell).json["errors"]
    assert ("smtp", second) == (error["key"], error["line"])
    assert f"the table [smtp] a second time; it is already in line {first}" == error["found"]


def test_a_mistake_in_a_file_of_wordings_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the file and the key; the files as they come have none."""
    subject = checks.Subject(source=Path("pressrun.toml"), data=None, file_mode=0o640)
    assert [] == list(checks.check_assets(subject))
    monkeypatch.setattr("pressrun.core.text.wordings.read_asset", lambda _name: {"full": {"English": ["(full"]}})
    errors = [str(error) for error in checks.check_assets(subject)]
    assert len(WORDING_FILES) == len(errors)
    assert "assets/refusals/full.toml: full.English: '(full': missing )" in errors[0]


def test_each_check_has_a_name_and_a_sentence() -> None:
    """Others can go through the list and say what was checked."""
    every = (*checks.CHECKS, *checks.SETTINGS_CHECKS)
    assert len(every) == len({check.__name__ for check in every})
    assert all(check.__doc__ for check in every)
