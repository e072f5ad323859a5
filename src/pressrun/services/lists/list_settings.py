"""The settings of a list, each declared once.

`list set` and its help, the API and docs/list-settings.md follow from this table. A new setting is an entry here, and a
column: in the schema, in store.lists.ShownSettings, and in the statements that name all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

from msgspec import Struct

from pressrun.core.access.rights import Right
from pressrun.core.errors import BadInput, InvalidFields, UsageError
from pressrun.services.lists import setting_kinds as kinds
from pressrun.services.lists.setting_kinds import Value, ValueKind


class ListSetting(Struct, frozen=True, kw_only=True):
    """One setting: its kind, its default as one would type it, and what it does.

    An empty value is None if it `is_optional`. `right` is what a change requires. If it `is_built_in`, an edition
    copies it when it is built, and keeps it. `in_requests` is false for what only a shell can name, such as files.
    """

    kind: ValueKind
    help: str
    default: str = ""
    is_optional: bool = False
    right: Right = Right.SETTINGS
    is_built_in: bool = False
    in_requests: bool = True

    def read(self, text: str) -> Value:
        """The value that somebody typed; raises BadInput."""
        return None if self.is_optional and not text.strip() else self.kind.read(text)


LIST_SETTINGS: Mapping[str, ListSetting] = {
    "title": ListSetting(kind=kinds.TITLE, is_built_in=True, help="Name shown to readers."),
    "from": ListSetting(
        kind=kinds.MAILBOX,
        is_built_in=True,
        help='From field of editions. Default: `"TITLE" <NAME@mail_domain>`, with the current title.',
    ),
    "owner": ListSetting(
        kind=kinds.ADDRESS,
        is_optional=True,
        is_built_in=True,
        help="List owner, who gets mail to `NAME-owner@mail_domain`. Default: the operator.",
    ),
    "reply_to": ListSetting(
        kind=kinds.MAILBOX, is_optional=True, is_built_in=True, help="Where replies to editions go. Default: the owner."
    ),
    "description": ListSetting(kind=kinds.TEXT, is_built_in=True, help="A few sentences for the list's page."),
    "postal_address": ListSetting(
        kind=kinds.TEXT, is_built_in=True, help="Shown in every edition; many laws require it."
    ),
    "require_postal_address": ListSetting(
        kind=kinds.FLAG, default="true", help="true: an edition is only sent if it shows a postal address."
    ),
    "language": ListSetting(
        kind=kinds.LANGUAGE,
        default="en",
        is_built_in=True,
        help="Tag of the language of pages, emails and editions, such as pt-BR.",
    ),
    "family": ListSetting(
        kind=kinds.FAMILY,
        is_optional=True,
        help="Lists in the same family are one newsletter in several languages. Each has its own language, and "
        "/FAMILY leads visitors to the list in theirs.",
    ),
    "archive": ListSetting(
        kind=kinds.one_of("public", "members", "off"),
        default="public",
        is_built_in=True,
        help="Who may read past editions.",
    ),
    "listed": ListSetting(kind=kinds.FLAG, default="true", help="true: the front page shows the list."),
    "closed": ListSetting(
        kind=kinds.FLAG,
        default="false",
        right=Right.OPERATE,
        help="true: no more sign-ups or editions, and those under way are cancelled. false: open again.",
    ),
    "front": ListSetting(
        kind=kinds.one_of("full", "teaser"),
        default="full",
        help="How much of the latest edition the list's page shows: all of it, or its beginning.",
    ),
    "cadence": ListSetting(
        kind=kinds.LINE, help='How often editions come out, in one line for readers, such as "Every Thursday".'
    ),
    "ask_name": ListSetting(kind=kinds.FLAG, default="false", help="true: the sign-up form also asks for a name."),
    "typeface": ListSetting(
        kind=kinds.one_of("sans", "serif", "mono"),
        default="sans",
        is_built_in=True,
        help="Typeface of the list's pages.",
    ),
    "layout": ListSetting(
        kind=kinds.LAYOUT, default="letter", is_built_in=True, help="How editions look; see `pressrun layout ls`."
    ),
    "colour": ListSetting(
        kind=kinds.COLOUR,
        is_optional=True,
        is_built_in=True,
        help="Colour of editions and pages. Default: the layout's.",
    ),
    "logo": ListSetting(
        kind=kinds.PICTURE,
        is_built_in=True,
        in_requests=False,
        help="A PNG, JPEG or GIF file that editions and pages show beside or instead of the title.",
    ),
    "footer": ListSetting(kind=kinds.TEXT, is_built_in=True, help="Lines of plain text below every edition."),
    "welcome": ListSetting(
        kind=kinds.EDITION,
        in_requests=False,
        help="An edition file that every new reader gets once, after confirming. Its images and attachments are stored "
        "with it, and later changes to these settings apply to the email, too. Default: off.",
    ),
    "hours": ListSetting(
        kind=kinds.HOURS,
        is_optional=True,
        help="Editions are sent only during these hours, such as 08:00-20:00; notices at any time. Default: all day.",
    ),
    "timezone": ListSetting(kind=kinds.TIME_ZONE, default="UTC", help="Time zone of `hours`, such as Europe/Berlin."),
    "relay": ListSetting(
        kind=kinds.RELAY,
        is_optional=True,
        in_requests=False,
        help="The only relay that the list's email may use. Default: any relay.",
    ),
    "post_by_mail": ListSetting(
        kind=kinds.one_of("approve", "direct", "off"),
        default="approve",
        help="Editions by email. approve: sent once the editor approves them by a link. direct: sent at once if the "
        "email is proven to be the editor's, otherwise as with approve. off: not accepted.",
    ),
    "approval": ListSetting(
        kind=kinds.one_of("none", "second-person"),
        default="none",
        right=Right.OPERATE,
        help="second-person: an edition goes out only once somebody who did not write it has approved it. none: "
        "anybody who may send it can do so alone.",
    ),
    "leaving_note": ListSetting(
        kind=kinds.FLAG, default="true", help="true: people who unsubscribe get an email with a link to undo it."
    ),
}
"""The settings by their keys."""
_COLUMNS = {"from": "from_address"}  # every other key has the name of its column


def plain_key(name: str) -> str:
    """A key as it is known, however it was typed."""
    return name.strip().lower().replace("-", "_")


def read_settings(settings: Mapping[str, str]) -> dict[str, Value]:
    """The values by their column names; raises UsageError for an unknown key, and InvalidFields for all bad values."""
    values: dict[str, Value] = {}
    faults: list[tuple[str, str]] = []
    for name, text in settings.items():
        key = plain_key(name)
        if key not in LIST_SETTINGS:
            near = get_close_matches(key, LIST_SETTINGS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"keys are {', '.join(LIST_SETTINGS)}"
            raise UsageError(f"unknown setting {name!r}; {hint}")
        try:
            values[_COLUMNS.get(key, key)] = LIST_SETTINGS[key].read(text)
        except BadInput as problem:
            faults.append((key, str(problem)))
    if faults:
        raise InvalidFields(faults)
    return values
