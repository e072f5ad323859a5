"""[admin] and [oidc]: what must fit together, and what is lawful but unwise."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from pressrun.config.named_files import NamedFiles
from pressrun.config.section_files import check_together, find_authorities, read_secret
from pressrun.config.sections import Document, Section
from pressrun.core.network.endpoint import TcpEndpoint, UnixEndpoint, is_loopback
from pressrun.core.setting import settings_of
from pressrun.web.settings import AdminSettings, OidcSettings


def admin_settings(document: Document) -> AdminSettings:
    """Where the pages of /admin and the API are."""
    section = document.find("admin")
    if section is None:
        return AdminSettings()
    has_own_address = check_together(section, "listen", "base_url")
    if "auth_header" in section.values and not has_own_address:
        section.error(
            "auth_header",
            "auth_header without listen",
            "listen and base_url beside it: at the address of [http] anybody could send that header",
        )
    _warn_of_risks(section, document.values("http").get("trusted_proxies", ("127.0.0.1", "::1")))
    own = [each.field for each in settings_of(AdminSettings) if each.field in section.values]
    return AdminSettings(**{name: section.values[name] for name in own})


def _warn_of_risks(section: Section, trusted: tuple[str, ...]) -> None:
    listen, header = section.values.get("listen"), section.values.get("auth_header")
    url = section.values.get("base_url", "")
    if isinstance(listen, UnixEndpoint) and "unix" not in trusted:
        section.warn(
            "listen",
            'is a Unix socket, but http.trusted_proxies does not include "unix". X-Forwarded-For is not trusted, so '
            "all clients share each per-client limit" + (f", and {header} is not believed" if header else ""),
        )
    if header and isinstance(listen, TcpEndpoint) and is_loopback(listen.host):
        section.warn(
            "auth_header",
            "every program on this machine can connect to that address and log in as anybody. Use a Unix socket, whose "
            'file the proxy\'s group alone can open, and trust "unix"',
        )
    if url.startswith("http:") and not is_loopback(urlsplit(url).hostname or ""):
        section.warn("base_url", "without https, passwords and sessions travel in the clear, and no passkey works")


def oidc_settings(document: Document, files: NamedFiles) -> OidcSettings | None:
    """The issuer by which people log in, if there is one."""
    section = document.find("oidc")
    if section is None or not check_together(section, "issuer", "client_id", "client_secret_file"):
        return None
    if find_spec("joserfc") is None:
        remedy = (
            "the package that reads what an issuer signs: pip install 'pressrun[oidc]', or apt install python3-joserfc"
        )
        section.error("issuer", "no package joserfc", remedy)
    values: dict[str, Any] = dict(section.values)
    if "client_secret" in values:
        values["client_secret"] = read_secret(section, "client_secret_file", values["client_secret"], files)
    if "ca_file" in values:
        values["ca_file"] = find_authorities(section, files)
    is_whole = all(values.get(name) for name in ("issuer", "client_id", "client_secret"))
    return OidcSettings(**values) if is_whole else None
