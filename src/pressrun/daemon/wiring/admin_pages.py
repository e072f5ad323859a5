"""The pages of people who log in, wired to the services."""

from __future__ import annotations

from pressrun.config.settings import Settings
from pressrun.daemon.wiring.services import Services
from pressrun.web.admin.frame import AdminFrame
from pressrun.web.admin.issuer import build_issuer
from pressrun.web.admin.table import admin_rows
from pressrun.web.context import WebContext
from pressrun.web.http.security import Table


def build_admin_rows(settings: Settings, services: Services, web: WebContext) -> Table:
    issuer = None if settings.oidc is None else build_issuer(settings.oidc)
    frame = AdminFrame(
        web,
        services.door,
        services.log_ins,
        auth_header=settings.admin.auth_header,
        issuer="" if issuer is None else issuer.label,
    )
    return admin_rows(frame, issuer)
