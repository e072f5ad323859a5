"""Rows of an import as a file holds them, unchecked; `line` is the line of the file that the row begins at."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class ImportRow(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A subscriber; `attributes` are the columns without a meaning of their own."""

    line: int
    email: str
    name: str = ""
    language: str = ""
    subscribed_at: str = ""
    consent_source: str = ""
    consent_ip: str = ""
    state: str = ""
    attributes: Mapping[str, str] = {}

    @property
    def mailbox(self) -> str:
        """The address as the file has it."""
        return self.email


class UnreadRow(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A row that cannot be read, or means nobody who could be imported, and why."""

    line: int
    reason: str


class SuppressionRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A suppression. An empty reason means `operator`, an empty date now."""

    line: int
    address: str
    reason: str = ""
    since: str = ""

    @property
    def mailbox(self) -> str:
        """The address as the file has it."""
        return self.address
