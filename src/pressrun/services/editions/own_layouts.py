"""The operator's own layouts: rendering one for an edition, and a specimen that shows whether it can be used."""

from __future__ import annotations

from msgspec.structs import asdict, replace

from pressrun.core.addresses.address import parse_address
from pressrun.core.errors import LayoutError
from pressrun.core.site import Site
from pressrun.message.content.merge import NAMED_FIELD
from pressrun.message.editions.orders import BuildOrder
from pressrun.message.layouts.built_in import LAYOUT_NAMES, built_in_layout
from pressrun.message.layouts.design import Design, RenderedLayout
from pressrun.message.own_layouts.values import template_values
from pressrun.message.profile import ListProfile
from pressrun.message.sources.edition_file import parse_edition
from pressrun.message.sources.edition_source import EditionFile
from pressrun.message.wire.mailbox import Mailbox
from pressrun.services.ports import LayoutRenderer

_SPECIMEN = b"---\nsubject: A specimen\npreheader: To look at\n---\nText of a specimen.\n"


def render_own(profile: ListProfile, file: EditionFile, site: Site, layouts: LayoutRenderer) -> ListProfile:
    """The profile with the operator's own layout rendered for an edition; unchanged for a built-in layout."""
    name, keys = profile.design.layout, file.keys
    if name in LAYOUT_NAMES:
        return profile
    values = template_values(
        profile,
        site,
        subject=keys.subject.text if keys.subject else "",
        preheader=keys.preheader.text if keys.preheader else "",
        language=keys.language.text if keys.language else profile.language,
    )
    made = layouts.render(name, values.plain, asdict(values.marks))
    rendered = RenderedLayout(name=name, made=made, marks=values.marks)
    return replace(profile, design=replace(profile.design, rendered=rendered))


def list_layouts(layouts: LayoutRenderer) -> list[dict[str, str]]:
    """`layout ls`: the layouts that a list can use, built-in ones first."""
    built_in = [{"name": name, "kind": "built-in", "summary": built_in_layout(name).summary} for name in LAYOUT_NAMES]
    own = [{"name": name, "kind": "own", "summary": ""} for name in layouts.names() if name not in LAYOUT_NAMES]
    return [*built_in, *own]


def specimen_in(name: str, site: Site, layouts: LayoutRenderer) -> BuildOrder:
    """A sample edition to be built in the operator's own layout; raises LayoutError, Unavailable."""
    if name not in layouts.names():
        known = ", ".join([*LAYOUT_NAMES, *layouts.names()])
        raise LayoutError(f"no such layout: {name}. Choose one of {known}, or write layouts/{name}.html in data_dir")
    profile = ListProfile(
        name="specimen",
        title="Specimen",
        from_=Mailbox("", parse_address("specimen@specimen.invalid")),
        postal_address="1 Specimen Street",
        design=replace(Design(), layout=name),
    )
    file = parse_edition(_SPECIMEN, ".md")
    printed = render_own(profile, file, site, layouts)
    rendered = printed.design.rendered
    assert rendered is not None
    columns = frozenset(NAMED_FIELD.findall(rendered.made))  # each list has its own columns
    return BuildOrder(
        file=file, assets={}, profile=printed, site=site, slug="specimen", edition_id="0", known_columns=columns
    )
