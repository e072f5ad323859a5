"""Layouts that an operator writes: what a template can do, what it cannot, and what must stand in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import asdict, replace
from tests.message.builders import PNG, build, edition, part, profile, read, site, values

from pressrun.core.errors import LayoutError
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.finding import errors_of
from pressrun.message.layouts.design import Design, Logo, RenderedLayout
from pressrun.message.own_layouts.template import LARGEST_OUTPUT, render_template
from pressrun.message.own_layouts.values import template_values
from pressrun.message.profile import ListProfile
from pressrun.message.sources.edition_file import parse_edition

HARBOUR = (Path(__file__).parent / "harbour.html").read_text(encoding="utf-8")
SOUND = "<body>{{ content }}{{ footer }}</body>"


def printed(template: str, source: str, *, list_profile: ListProfile | None = None) -> BuiltEdition:
    """An edition in this layout, rendered in this process: only for templates that end."""
    base = list_profile or profile()
    keys = parse_edition(source.encode(), ".md").keys
    assert keys.subject is not None
    filling = template_values(base, site(), subject=keys.subject.text, preheader="", language=base.language)
    made = render_template(template, filling.plain, asdict(filling.marks))
    design = replace(base.design, layout="own", rendered=RenderedLayout(name="own", made=made, marks=filling.marks))
    return build(source, list_profile=replace(base, design=design))


def html_of(built: BuiltEdition, **columns: str) -> str:
    return part(built.skeleton.copy(values(columns=columns)), "html")


def errors(template: str, source: str = "") -> list[str]:
    return [finding.message for finding in errors_of(printed(template, source or edition("Text.")).findings)]


def render(template: str) -> str:
    filling = template_values(profile(), site(), subject="S", preheader="", language="en")
    return render_template(template, filling.plain, asdict(filling.marks))


# ------------------------------------------------------------------------------------------- what it makes


def test_a_layout_holds_the_edition_and_each_readers_own_values() -> None:
    """Content with its inline styles, the footer, merge fields of the layout and of the subject as slots."""
    built = printed(HARBOUR, edition("Hello {{ name }}.", subject="News for {{ name | default: you }}"))
    assert errors_of(built.findings) == []
    markup = html_of(built, town="Kiel <x>")
    assert '<p style="margin:0">Hello Rosa.</p>' in markup
    assert ">News for Rosa</h1>" in markup
    assert "For Kiel &lt;x&gt;" in markup
    assert f'href="{values().unsubscribe_url}"' in markup
    assert "1 Quay Street" in markup
    assert "For our harbour" in html_of(built)
    assert "News for you" in (built.html or "")


def test_the_heading_is_the_subject_or_the_authors_own() -> None:
    """`{{ headline }}` is empty where the content has a heading of the first rank."""
    assert html_of(printed(HARBOUR, edition("# Own\n\nText."))).count("<h1") == 1
    assert html_of(printed(HARBOUR, edition("Text."))).count("<h1") == 1


def test_the_logo_of_the_list_is_there_for_a_layout_of_ones_own() -> None:
    """By its Content-ID, in the size that it is shown."""
    logo = Logo(name="logo.png", media_type="image/png", content=PNG, width=480, height=112)
    own = replace(profile(), design=Design(logo=logo))
    copy = printed(HARBOUR, edition("Text."), list_profile=own).skeleton.copy(values())
    (enclosed,) = [mime_part for mime_part in read(copy).walk() if mime_part.get_content_type() == "image/png"]
    assert f'src="cid:{enclosed["Content-ID"].strip("<>")}"' in part(copy, "html")
    assert 'width="240" height="56"' in part(copy, "html")


def test_outlook_gets_a_column_of_600_pixels() -> None:
    """Comments of the layout are taken out, so the column is asked for by name."""
    markup = html_of(printed(f"{{{{ column_start }}}}<!-- mine -->{SOUND}{{{{ column_end }}}}", edition("Text.")))
    assert '<!--[if mso]><table role="presentation" width="600"' in markup
    assert "mine" not in markup


def test_language_and_direction_reach_a_layout_of_ones_own() -> None:
    """It can name the sides by `start` and `end`."""
    own = replace(profile(), language="ar")
    markup = html_of(printed("{{ direction }} {{ start }} {{ end }}" + SOUND, edition("Text."), list_profile=own))
    assert "rtl right left" in markup
    assert '<div role="article" aria-label="The Harbour Letter" lang="ar" dir="rtl" ' in markup


def test_our_dark_sheet_comes_where_a_ground_is_named() -> None:
    """Text that turned light on a ground that did not could not be read."""
    assert "prefers-color-scheme" not in html_of(printed(SOUND, edition("Text.")))
    named = SOUND.replace("<body>", '<body><div class="pr-card">').replace("</body>", "</div></body>")
    assert "prefers-color-scheme" in html_of(printed(named, edition("Text.")))


def test_what_a_list_says_of_itself_is_text() -> None:
    """Neither markup nor a merge field nor a mark can come in by a title or a description."""
    title = 'A <b>"title"</b> {{ email }} [[content]]'
    markup = html_of(printed("<p>{{ list.title }}</p>" + SOUND, edition("Text."), list_profile=profile(title=title)))
    assert '<p>A &lt;b&gt;"title"&lt;/b&gt; {{ email }} [[content]]</p>' in markup
    assert values().to.typed not in markup.partition("<body")[2]


# ------------------------------------------------------------------------------------------- what it must hold


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("{{ footer }}", "{{ content }} appears nowhere"),
        ("{{ content }}{{ content }}{{ footer }}", "{{ content }} appears more than once"),
        ('<div style="display: none">{{ content }}</div>{{ footer }}', "{{ content }} appears nowhere"),
        ("<!-- {{ content }} -->{{ footer }}", "{{ content }} appears nowhere"),
        ('<p title="{{ content }}">x</p>{{ content }}{{ footer }}', "inside a tag"),
        ("{{ content }}{{ postal_address }}", "no unsubscribe link"),
        ("{{ content }}{{ postal_address }}{{ unsubscribe_url }}", "no unsubscribe link"),
        ('{{ content }}{{ postal_address }}<a href="{{ unsubscribe_url }}"></a>', "no unsubscribe link"),
        ('{{ content }}{{ postal_address }}<a href="{{ preferences_url }}">x</a>', "no unsubscribe link"),
        (
            '{{ content }}{{ postal_address }}<p style="font-size:0px"><a href="{{ unsubscribe_url }}">x</a></p>',
            "no unsubscribe link",
        ),
        ('{{ content }}<a href="{{ unsubscribe_url }}">x</a>', "postal address is missing"),
        ('{{ content }}<p style="opacity:0.0">{{ footer }}</p>', "postal address is missing"),
        ('{{ content }}{{ footer }}<img src="https://x.example/a.png" alt="x">', "Nothing is loaded from elsewhere"),
        ('{{ content }}{{ footer }}<img src="cid:x">', "image has no alt text"),
        ("{{ content }}{{ footer }}{{ field('street') }}", "No subscriber has a field “street”"),
    ],
)
def test_what_is_missing_stops_a_send(template: str, words: str) -> None:
    """Each finding names the layout, and how to mend it."""
    assert any(words in error for error in errors(template)), errors(template)


@pytest.mark.parametrize(
    "template",
    [SOUND, '{{ content }}{{ postal_address }}<a href="{{ unsubscribe_url }}">Leave</a>', HARBOUR],
)
def test_what_holds_everything_is_sound(template: str) -> None:
    """The footer, or its two duties one by one."""
    assert errors(template) == []


def test_what_could_run_is_taken_out_and_said() -> None:
    """A layout is cleaned as an author's HTML is."""
    template = '<script>x()</script><p onclick="x()" style="background:url(https://x.example)">' + SOUND
    built = printed(template, edition("Text."))
    markup = html_of(built)
    for gone in ("<script", "x()", "url("):
        assert gone not in markup
    assert any("layout own: A script is removed" in finding.message for finding in built.findings)


# ------------------------------------------------------------------------------------------- what it cannot do


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ list.__init__ }}",
        "{{ list.items() }}",
        "{{ 'x'.upper() }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ field.__globals__ }}",
        "{{ range.__self__ }}",
        "{% set m %}x{% endset %}{{ m.__html__ }}",
        "{% macro m() %}{% endmacro %}{{ m.__call__ }}",
        "{{ self.__dict__ }}",
        "{{ cycler('a') }}",
        "{{ lipsum() }}",
        "{{ namespace(a=1) }}",
        "{{ dict(a=1) }}",
        "{{ list | attr('__class__') }}",
        "{{ 'a' | xmlattr }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [0] * 1000000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ range(1001) }}",
        "{% include 'other.html' %}",
        "{% extends 'other.html' %}",
        "{% import 'other.html' as o %}",
        "{{ unknown }}",
        "{{ list.unknown }}",
        "{% for %}",
        "{{ 1 / 0 }}",
        "{{ field('a}}b') }}",
    ],
)
def test_nothing_but_values_can_be_reached(template: str) -> None:
    """No attribute, no call, no other file, no text of a length that a short one asks for; always with the line."""
    with pytest.raises(LayoutError, match=r"^line 2: ."):
        render("<p>\n" + template)


def test_what_is_too_long_is_stopped() -> None:
    """Programs cut a mail of that size, unsubscribe link and all."""
    with pytest.raises(LayoutError, match=f"more than {LARGEST_OUTPUT // 1024} KiB"):
        render("{% for a in range(1000) %}{% for b in range(1000) %}xxxx{% endfor %}{% endfor %}")


def test_what_a_layout_needs_works() -> None:
    """Conditions, loops with their counters, macros, filters, plain arithmetic."""
    template = (
        "{% macro cell(n) %}[{{ n * 2 }}]{% endmacro %}{% for n in range(3) %}{{ cell(n) }}{{ loop.index }}"
        "{% if not loop.last %},{% endif %}{% endfor %} {{ list.title | upper }}"
        " {{ list.description | default('-', true) }}"
    )
    assert render(template) == "[0]1,[2]2,[4]3 THE HARBOUR LETTER -"
