"""What moving in from another program needs besides the services for lists, subscribers and suppressions."""

from __future__ import annotations

from dataclasses import dataclass

from pressrun.services.operating.archive_import import ArchiveImport
from pressrun.services.operating.redirect_admin import RedirectAdmin


@dataclass(frozen=True, slots=True, kw_only=True)
class MovingIn:
    """The redirect map, and the import of old archives."""

    redirects: RedirectAdmin
    archive: ArchiveImport
