"""The pages of people who log in, wired to the services."""

from __future__ import annotations

from pressrun.config.settings import Settings
from pressrun.daemon.wiring.services import Services
from pressrun.observe.authorities import log_ca_file
from pressrun.runtime.clock import utc_now
from pressrun.runtime.outgoing_http import OutgoingHttp
from pressrun.web.admin.frame import AdminFrame
from pressrun.web.admin.issuer import Issuer
from pressrun.web.admin.table import admin_rows
from pressrun.web.context import WebContext
from pressrun.web.http.security import Table


def build_admin_rows(settings: Settings, services: Services, web: WebContext) -> Table:
    issuer = build_issuer(settings)
    frame = AdminFrame(
        web,
        services.door,
        services.log_ins,
        auth_header=settings.admin.auth_header,
        issuer="" if issuer is None else issuer.label,
    )
    return admin_rows(frame, issuer)


def build_issuer(settings: Settings) -> Issuer | None:
    """The issuer of `[oidc]`, if there is one."""
    oidc = settings.oidc
    if oidc is None:
        return None
    http = OutgoingHttp(
        networks=oidc.networks,
        ca_file=oidc.ca_file,
        report_ca_file=log_ca_file,
        seconds=oidc.timeout_seconds,
        may_stay_here=oidc.is_on_this_machine,
    )
    return Issuer(oidc, http, utc_now)
