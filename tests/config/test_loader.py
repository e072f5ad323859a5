"""Loading a configuration: required keys, defaults, warnings, and where files are found."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from pressrun.config import changed_needing_restart, examine, keep_until_restart, load_settings, locate_config
from pressrun.config.generated import example_config
from pressrun.config.sections import parse
from pressrun.core.errors import BadConfiguration, NoInput
from pressrun.core.network.endpoint import SystemdEndpoint, TcpEndpoint, UnixEndpoint
from pressrun.core.quantities import Rate
from pressrun.delivery.relay.settings import RelaySettings, RelayTimeouts
from pressrun.inbound.settings import SmtpSettings
from pressrun.services.limit_settings import LimitSettings
from pressrun.services.settings import BounceSettings, DeliverySettings, DomainSettings, TokenSettings
from pressrun.web.settings import HttpSettings

_TOP = 'data_dir = "data"\nbase_url = "https://news.example.org"\nmail_domain = "News.Example.org"\n'
_LEAST = f"""{_TOP}
[http]
listen = "127.0.0.1:8080"

[[relay]]
host = "127.0.0.1"
port = 25
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_least_configuration_takes_every_default(tmp_path: Path) -> None:
    """Five keys are enough; paths are relative to the file; no table [smtp] means no inbound mail, and a warning."""
    settings = load_settings(_write(tmp_path, _LEAST), {})
    assert settings.data_dir == tmp_path / "data"
    assert settings.site.base_url == "https://news.example.org"
    assert settings.site.mail_domain == "news.example.org"
    assert not settings.site.receives_mail
    assert settings.http == HttpSettings(listen=TcpEndpoint("127.0.0.1", 8080))
    assert settings.smtp is None
    assert settings.relays == (RelaySettings(name="relay-1", host="127.0.0.1", port=25),)
    assert settings.delivery == DeliverySettings()
    assert settings.bounces == BounceSettings()
    assert settings.limits == LimitSettings()
    assert settings.tokens == TokenSettings()
    assert settings.dkim == ()
    assert [warning.split(":")[0] for warning in settings.warnings] == ["no [smtp]"]


def test_a_file_is_parsed_once_for_all_who_read_it(tmp_path: Path) -> None:
    """And nobody who reads it changes what the next one gets."""
    text = example_config()
    load_settings(_write(tmp_path, text), {})
    parsed = parse(text)
    assert isinstance(parsed, tuple)
    assert parse(text) is parsed
    assert tomllib.loads(text) == parsed[0]


def test_every_table_reaches_its_settings_type(tmp_path: Path) -> None:
    """Quantities become seconds, bytes, rates and shares; domains become lower-case A-labels."""
    text = (
        _TOP
        + """
operator = "Ops@Example.org"
[http]
listen = "unix:/run/pressrun/http.sock"
trusted_proxies = ["10.0.0.0/8", "unix"]
max_body = "2 KiB"
timeout = "1500ms"
[smtp]
listen = "systemd"
lmtp = "[::1]:8024"
max_message_size = "1 MB"
authserv_id = "mx.example.org"
trusted_relays = ["unix"]
[[relay]]
name = "primary"
host = "mail.example.org"
port = 587
security = "starttls"
rate = ["100/s", "20000/h"]
weight = 3
final_timeout = "20m"
[delivery]
rate = "50/s"
retry = ["1m", "2h"]
pause_at_hard = "7.5%"
late_grace = "0s"
[delivery.domain."BÜCHER.example"]
rate = "20/s"
connections = 5
[limits]
logins = "5/10min"
smtp_connections = 7
smtp_idle = "9s"
smtp_recipients = 11
smtp_memory = "12 MiB"
smtp_errors = 5
"""
    )
    settings = load_settings(_write(tmp_path, text), {})
    assert settings.site.operator == "Ops@example.org"
    assert settings.http == HttpSettings(
        listen=UnixEndpoint("/run/pressrun/http.sock"),
        trusted_proxies=("10.0.0.0/8", "unix"),
        max_body_bytes=2048,
        request_seconds=1.5,
    )
    assert settings.smtp == SmtpSettings(
        listen=SystemdEndpoint(),
        lmtp=TcpEndpoint("::1", 8024),
        max_message_bytes=1_000_000,
        authserv_id="mx.example.org",
        trusted_relays=("unix",),
        connections=7,
        idle_seconds=9.0,
        recipients=11,
        errors=5,
        memory_bytes=12 * 1024 * 1024,
    )
    assert settings.relays == (
        RelaySettings(
            name="primary",
            host="mail.example.org",
            port=587,
            security="starttls",
            rates=(Rate(100, 1.0), Rate(20000, 3600.0)),
            weight=3,
            timeouts=RelayTimeouts(final_dot_seconds=1200.0),
        ),
    )
    assert settings.delivery == DeliverySettings(
        rates=(Rate(50, 1.0),),
        retry_seconds=(60.0, 7200.0),
        pause_at_hard=0.075,
        late_grace_seconds=0.0,
        domains={"xn--bcher-kva.example": DomainSettings(rates=(Rate(20, 1.0),), connections=5)},
    )
    assert settings.limits.logins == Rate(5, 600.0)
    assert settings.warnings == ()


@pytest.mark.parametrize(
    ("table", "listen", "lmtp"),
    [
        ("", TcpEndpoint("127.0.0.1", 8025), None),
        ('lmtp = "127.0.0.1:8024"', None, TcpEndpoint("127.0.0.1", 8024)),
    ],
)
def test_a_bare_smtp_table_listens_at_the_usual_place(
    tmp_path: Path, table: str, listen: TcpEndpoint | None, lmtp: TcpEndpoint | None
) -> None:
    """[smtp] without an address listens on 127.0.0.1:8025; with only `lmtp`, it serves only LMTP."""
    smtp = load_settings(_write(tmp_path, f"{_LEAST}[smtp]\n{table}\n"), {}).smtp
    assert smtp is not None
    assert (listen, lmtp) == (smtp.listen, smtp.lmtp)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (_LEAST.replace("https:", "http:"), "without https"),
        (_LEAST + 'ca_file = "ca.pem"\n', 'has no effect with security = "none"'),
        (
            _LEAST.replace('"127.0.0.1"\nport', '"mail.example.org"\nport') + 'username = "u"\npassword_file = "pw"\n',
            "unencrypted",
        ),
        (_LEAST + 'username = "u"\npassword_file = "pw"\n', "every user of this machine can read that file"),
        ('operator = "büro@example.org"\n' + _LEAST + "[smtp]\n", "Only a relay with SMTPUTF8"),
        ('operator = "ops@news.example.org"\n' + _LEAST, "is at mail_domain"),
        (_LEAST + '[smtp]\ntrusted_relays = ["127.0.0.1"]\n', "has no effect without authserv_id"),
        (_LEAST.replace("127.0.0.1:8080", "unix:/run/pressrun/http.sock"), "all clients share each per-client limit"),
    ],
)
def test_what_is_probably_not_meant_is_warned_about(tmp_path: Path, text: str, warning: str) -> None:
    """A valid configuration can have warnings."""
    (tmp_path / "pw").write_text("correct horse\n")
    (tmp_path / "pw").chmod(0o644)
    if "ca_file" in text:
        ca_file = Path("/etc/ssl/certs/ca-certificates.crt")
        if not ca_file.exists():
            pytest.skip("there are no CA certificates (apt-get install ca-certificates)")
        (tmp_path / "ca.pem").write_bytes(ca_file.read_bytes())
    warnings = load_settings(_write(tmp_path, text), {}).warnings
    assert [line for line in warnings if warning in line]


def test_a_unix_socket_whose_proxy_is_trusted_is_no_cause_for_a_warning(tmp_path: Path) -> None:
    """The other half of the warning above."""
    listen = 'listen = "unix:/run/pressrun/http.sock"\ntrusted_proxies = ["unix"]'
    warnings = load_settings(_write(tmp_path, _LEAST.replace('listen = "127.0.0.1:8080"', listen)), {}).warnings
    assert [warning.split(":")[0] for warning in warnings] == ["no [smtp]"]


def test_http_on_this_machine_is_no_cause_for_a_warning(tmp_path: Path) -> None:
    """http://127.0.0.1 is for a try on one machine."""
    text = _LEAST.replace("https://news.example.org", "http://127.0.0.1:8080") + "[smtp]\n"
    assert load_settings(_write(tmp_path, text), {}).warnings == ()


def test_a_relay_never_shows_its_password(tmp_path: Path) -> None:
    """The password is read without its line end and stays out of every repr."""
    (tmp_path / "pw").write_text("correct horse\n")
    settings = load_settings(_write(tmp_path, _LEAST + 'username = "u"\npassword_file = "pw"\n'), {})
    assert settings.relays[0].password == "correct horse"
    assert "correct horse" not in repr(settings)


_SERVER = "postgresql://pressrun@one.example,two.example:5433/news?target_session_attrs=read-write"


def test_a_database_on_a_server_has_an_address_and_a_password_that_nothing_shows(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("correct horse\n")
    settings = load_settings(_write(tmp_path, f'database = "{_SERVER}"\npassword_file = "pw"\n{_LEAST}'), {})
    assert _SERVER == settings.database
    assert settings.database_password is not None
    assert "correct horse" == settings.database_password.read()
    assert "correct horse" not in f"{settings} {settings.data}"
    assert "postgresql://one.example,two.example:5433/news" == str(settings.data.database)


@pytest.mark.parametrize("places", ["[2001:db8::1],two.example:5433", "one.example,[2001:db8::1]:5433", "[::1]"])
def test_any_host_of_a_database_may_be_an_ipv6_address(tmp_path: Path, places: str) -> None:
    """With a user before it, whose name is no password."""
    settings = load_settings(_write(tmp_path, f'database = "postgresql://me@{places}/news"\n{_LEAST}'), {})
    assert f"postgresql://me@{places}/news" == settings.database
    assert not any("holds a password" in warning for warning in settings.warnings)


@pytest.mark.parametrize(
    "address",
    [
        "me:horse@db.example/news",
        "me:horse@one.example,[2001:db8::1]/news",
        "db.example/news?user=me&password=horse",
    ],
)
def test_a_password_in_the_address_of_the_database_is_warned_of(tmp_path: Path, address: str) -> None:
    settings = load_settings(_write(tmp_path, f'database = "postgresql://{address}"\n{_LEAST}'), {})
    assert any("holds a password" in warning for warning in settings.warnings)
    assert "horse" not in f"{settings} {settings.data} {settings.data.database}"


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('database = "mysql://me:horse@db.example/news"', "that does not begin with postgresql://"),
        ('database = "/var/lib/news.sqlite3"', "that does not begin with postgresql://"),
        ('database = "postgresql://"', "without a host or name"),
        ('database = "postgresql://me:horse@db example/news"', "with blanks in it"),
        ('database = "postgresql://me:%horse@db.example/news"', "signs that must be escaped"),
        ('database = "postgresql://me:@horse@db.example/news"', "signs that must be escaped"),
        ('database = "postgresql://me:/horse@db.example/news"', "signs that must be escaped"),
        ('password_file = "pw"', "password_file without database"),
        ('database = "postgresql://me:horse@db.example/news"\npassword_file = "pw"', "and a password in database"),
        ('database = "postgresql:///news?password=horse"\npassword_file = "pw"', "and a password in database"),
        ('database = "postgresql://me@db.example/news"\npassword_file = "none"', "no such file"),
    ],
)
def test_a_bad_address_or_password_of_a_database_is_an_error_that_shows_neither(
    tmp_path: Path, lines: str, problem: str
) -> None:
    (tmp_path / "pw").write_text("horse\n")
    errors = [str(error) for error in examine(_write(tmp_path, f"{lines}\n{_LEAST}"), {})]
    assert 1 == len(errors)
    assert problem in errors[0]
    assert "horse" not in errors[0]


def test_a_secret_in_place_of_a_name_is_an_error_that_does_not_show_it(tmp_path: Path) -> None:
    """Also one that is longer than the name of any file."""
    path = _write(tmp_path, f'{_LEAST}username = "u"\npassword_file = "{"horse" * 60}"\n')
    errors = [str(error) for error in examine(path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})]
    assert 1 == len(errors)
    assert "relay[1].password_file: " in errors[0]
    assert "horse" not in errors[0]


def test_a_name_that_is_no_file_is_a_credential(tmp_path: Path) -> None:
    """systemd's LoadCredential= names are found in $CREDENTIALS_DIRECTORY; a file beside the configuration wins."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "smtp_password").write_text("from systemd")
    path = _write(tmp_path, _LEAST + 'username = "u"\npassword_file = "smtp_password"\n')
    environ = {"CREDENTIALS_DIRECTORY": str(store)}
    assert load_settings(path, environ).relays[0].password == "from systemd"
    (tmp_path / "smtp_password").write_text("from a file")
    assert load_settings(path, environ).relays[0].password == "from a file"


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    """Some editors begin a file with one."""
    path = tmp_path / "config.toml"
    path.write_bytes(b"\xef\xbb\xbf" + _LEAST.encode())
    assert examine(path, {}) == []


def test_brackets_nested_without_end_are_an_error(tmp_path: Path) -> None:
    """A file that no parser can follow is refused like any other."""
    errors = examine(_write(tmp_path, f"x = {'[' * 100_000}"), {})
    assert len(errors) == 1


def test_the_configuration_is_looked_for_in_order(tmp_path: Path) -> None:
    """--config, then $PRESSRUN_CONFIG, then ./config.toml; exit code 66 if a given one is missing, 78 without any."""
    here = _write(tmp_path, _LEAST)
    other = tmp_path / "other.toml"
    other.write_text(_LEAST)
    environ = {"PRESSRUN_CONFIG": str(other)}
    assert locate_config(str(here), environ, tmp_path) == here
    assert locate_config("other.toml", {}, tmp_path) == other
    assert locate_config(None, environ, tmp_path) == other
    assert locate_config(None, {}, tmp_path) == here
    with pytest.raises(NoInput, match="pressrun init"):
        locate_config("nowhere.toml", {}, tmp_path)
    with pytest.raises(NoInput, match=r"\$PRESSRUN_CONFIG"):
        locate_config(None, {"PRESSRUN_CONFIG": "nowhere.toml"}, tmp_path)


def test_no_configuration_at_all_says_how_to_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error mentions `pressrun init`."""
    monkeypatch.setattr("pressrun.config.loader._SYSTEM_WIDE", tmp_path / "etc" / "config.toml")
    with pytest.raises(BadConfiguration, match="pressrun init"):
        locate_config(None, {}, tmp_path)


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    """A folder gets the same error as a missing file."""
    with pytest.raises(NoInput):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ('"data"', '"elsewhere"', ["data_dir"]),
        ("127.0.0.1:8080", "127.0.0.1:8081", ["http.listen"]),
        ("port = 25", "port = 26\n[delivery]\nrate = '1/s'\n[limits]\nlogins = '1/s'\n[log]\nlevel = 'debug'", []),
        ("port = 25", "port = 25\n[smtp]", ["smtp"]),
        ('news.example.org"\nmail', 'www.example.org"\nmail', ["base_url"]),
    ],
)
def test_what_needs_a_restart_is_told(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    """Rates, limits, relays and the log level change at once; addresses and names do not."""
    before = load_settings(_write(tmp_path, _LEAST), {})
    after = load_settings(_write(tmp_path, _LEAST.replace(old, new) if old else _LEAST), {})
    assert expected == changed_needing_restart(before, after)


@pytest.mark.parametrize(
    "changed",
    [
        _LEAST.replace('"data"', '"elsewhere"'),
        _LEAST.replace('news.example.org"\nmail', 'www.example.org"\nmail'),
        _LEAST + "[smtp]\n",
        _LEAST.replace("[http]", "[http]\ntimeout = '9s'"),
    ],
    ids=["data_dir", "base_url", "smtp", "timeout"],
)
def test_what_needs_a_restart_stays_as_it_is_until_then(tmp_path: Path, changed: str) -> None:
    """While all else is taken from the new file, so nothing has two values in one daemon."""
    before = load_settings(_write(tmp_path, _LEAST), {})
    after = load_settings(_write(tmp_path, changed + "[log]\nlevel = 'debug'\n"), {})
    kept = keep_until_restart(before, after)
    assert [] == changed_needing_restart(before, kept)
    assert replace(before, log=after.log, warnings=after.warnings) == kept


def test_limits_of_inbound_mail_need_no_restart(tmp_path: Path) -> None:
    """Limits change at once; listening addresses do not, and the message names the key in the file."""
    before = load_settings(_write(tmp_path, _LEAST + "[smtp]\n"), {})
    after = load_settings(
        _write(
            tmp_path,
            _LEAST + "[smtp]\nlisten = '127.0.0.1:1'\nmax_message_size = '1 MiB'\n[limits]\nsmtp_recipients = 100\n",
        ),
        {},
    )
    assert changed_needing_restart(before, after) == ["smtp.listen"]
