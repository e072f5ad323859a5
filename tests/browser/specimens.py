"""One edition in every layout, as a mail program shows it.

`python -m tests.browser.specimens DIR` pictures them all; with `docs/layouts` the small ones that the docs show.

The editions hold what is hard: a table and a program wider than a phone, a word that does not end, both directions of
writing, an opening picture, a link that stands alone.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import asdict, replace
from tests.browser.chromium import Browser, Scheme, open_browser
from tests.browser.pictures import harbour, logo
from tests.message import builders

from pressrun.core.colour import Colour
from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.finding import errors_of
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.layouts.design import Design, Logo, RenderedLayout
from pressrun.message.own_layouts.template import render_template
from pressrun.message.own_layouts.values import template_values

_SAMPLES = Path("docs/layouts")
WIDTHS = (320, 375, 1280)

ENGLISH = """\
![The harbour at half past six, the sun low over the hills](dawn.png)

Good morning {{ name | default: reader }},

the tide tables for June are out, and the **north quay** opens again on Monday after eleven weeks of work. Read
[what changes for you](https://harbour.example/quay), or write back: a person reads every answer.

## What was done

The piles were driven anew, the crane runs on *electricity*, and there are four more places for visitors:

1. Berths 14 to 17 take boats up to twelve metres.
2. Water and power stand at each place.
    - The meters take the card of the harbour office.
3. The old ladder at berth 9 is gone.

> We had planned for fourteen weeks. The weather, for once, was on our side.

[See the new places](https://harbour.example/places)

## Tides of the week

| Day | High water | Height | Low water | Height | Remarks |
|:----|-----------:|-------:|----------:|-------:|---------|
| Monday | 06:12 | 3.4 m | 12:31 | 0.9 m | Spring tide, bridge closed |
| Tuesday | 06:58 | 3.6 m | 13:19 | 0.7 m | |
| Wednesday | 07:45 | 3.7 m | 14:06 | 0.6 m | Regatta from nine o'clock |

### For those who compute

```
curl --silent https://harbour.example/tides.json | jq '.days[] | select(.height > 3.5) | {day, high, height}'
```

The address is `https://harbour.example/tides.json`, and the longest place name on the coast is
Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogochuchaf.

---

Fair winds, and until next week,
_Ada from the harbour office_
"""

ARABIC = """\
![الميناء عند السادسة والنصف صباحا، والشمس منخفضة فوق التلال](dawn.png)

صباح الخير {{ name | default: قارئنا }}،

صدرت جداول المد والجزر لشهر يونيو، ويُفتح **الرصيف الشمالي** من جديد يوم الاثنين بعد أحد عشر أسبوعًا من العمل. اقرأ
[ما الذي يتغيّر](https://harbour.example/quay) أو اكتب إلينا.

## ما الذي أُنجز

1. المراسي من ١٤ إلى ١٧ تتسع للقوارب حتى اثني عشر مترًا.
2. الماء والكهرباء في كل مكان.

> كنا قد خططنا لأربعة عشر أسبوعًا. وكان الطقس هذه المرة إلى جانبنا.

[شاهد الأماكن الجديدة](https://harbour.example/places)

| اليوم | المد | الارتفاع |
|-------|-----:|---------:|
| الاثنين | 06:12 | 3.4 |
| الثلاثاء | 06:58 | 3.6 |

رياحًا طيبة، وإلى الأسبوع القادم.
"""

_FOOTER = "The Harbour Letter is written by the harbour office on Fridays.\nQuestions: https://harbour.example/contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """An edition in one layout."""

    name: str
    built: BuiltEdition
    html: str  # pictures stand in it as data


def specimens(*, accent: Colour | None = None) -> Iterator[Specimen]:
    """Every layout with a logo in English, without one in Arabic."""
    mark = logo()
    shown = Logo(name="harbour.png", media_type="image/png", content=mark, width=360, height=112)
    for name in LAYOUT_NAMES:
        yield _specimen(
            f"{name}-ltr",
            ENGLISH,
            "The north quay opens on Monday",
            "en",
            Design(layout=name, accent=accent, logo=shown),
        )
        yield _specimen(
            f"{name}-rtl", ARABIC, "الرصيف الشمالي يُفتح يوم الاثنين", "ar", Design(layout=name, accent=accent)
        )


def layout_of_the_docs() -> str:
    """The template that docs/layouts.md offers to begin with."""
    page = (Path(__file__).parent.parent.parent / "docs" / "layouts.md").read_text(encoding="utf-8")
    return page.partition("```html\n")[2].partition("```")[0]


def own_specimens() -> Iterator[Specimen]:
    """The same editions in the layout of the docs, rendered in this process."""
    mark = Logo(name="harbour.png", media_type="image/png", content=logo(), width=360, height=112)
    for name, body, subject, language, shown in (
        ("own-ltr", ENGLISH, "The north quay opens on Monday", "en", mark),
        ("own-rtl", ARABIC, "الرصيف الشمالي يُفتح يوم الاثنين", "ar", None),
    ):
        base = replace(builders.profile(language=language), design=Design(logo=shown))
        template = template_values(base, builders.site(), subject=subject, preheader="", language=language)
        made = render_template(layout_of_the_docs(), template.plain, asdict(template.marks))
        rendered = RenderedLayout(name="own", made=made, marks=template.marks)
        yield _specimen(name, body, subject, language, Design(layout="own", logo=shown, rendered=rendered))


def _specimen(name: str, body: str, subject: str, language: str, design: Design) -> Specimen:
    title = "The Harbour Letter" if language == "en" else "رسالة الميناء"
    about = "Tides, berths and the weather, every Friday." if language == "en" else "المد والجزر والطقس، كل جمعة."
    list_profile = replace(
        builders.profile(title=title, language=language),
        design=design,
        footer=_FOOTER,
        description=about,
    )
    source = builders.edition(body, "preheader: Eleven weeks of work are over", subject=subject)
    built = builders.build(source, assets={"dawn.png": harbour()}, list_profile=list_profile)
    assert not errors_of(built.findings), built.findings
    return Specimen(name=name, built=built, html=_with_pictures(built))


def _with_pictures(built: BuiltEdition) -> str:
    """The HTML part with its enclosed pictures in place, as a mail program shows it."""
    message = builders.read(built.skeleton.copy(builders.values()))
    page = builders.part(bytes(message), "html")
    for part in message.walk():
        content_id, content = part.get("Content-ID"), part.get_payload(decode=True)
        if content_id is not None and isinstance(content, bytes):
            data = f"data:{part.get_content_type()};base64,{base64.b64encode(content).decode()}"
            page = page.replace(f"cid:{content_id.strip('<>')}", data)
    return page


async def _picture(browser: Browser, specimen: Specimen, width: int, scheme: Scheme, path: Path) -> None:
    async with browser.window(width=width, scheme=scheme) as window:
        await window.show(specimen.html)
        await window.picture(path)


async def picture_all(folder: Path) -> None:
    """Every specimen at every width, light and dark, and with images off."""
    schemes: tuple[Scheme, Scheme] = ("light", "dark")
    all_specimens = [*specimens(), *own_specimens()]
    async with open_browser() as browser:
        for specimen in all_specimens:
            for width in WIDTHS:
                for scheme in schemes:
                    await _picture(browser, specimen, width, scheme, folder / f"{specimen.name}-{width}-{scheme}.png")
            async with browser.window(width=375, with_images=False) as window:
                await window.show(specimen.html)
                await window.picture(folder / f"{specimen.name}-375-without-images.png")


async def picture_for_docs(folder: Path) -> None:
    """The beginning of each layout, small."""
    async with open_browser() as browser:
        for specimen in specimens():
            if specimen.name.endswith("-ltr"):
                async with browser.window(width=660, height=700) as window:
                    await window.show(specimen.html)
                    await window.page.screenshot(path=folder / f"{specimen.name.removesuffix('-ltr')}.png")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run((picture_for_docs if target == _SAMPLES else picture_all)(target))
