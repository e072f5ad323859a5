"""One edition in each of the languages whose mails filters are asked about, with what most editions have in them."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace
from tests.browser.pictures import harbour, logo
from tests.message.builders import build, edition, profile

from pressrun.message.editions.compose import BuiltEdition
from pressrun.message.finding import errors_of
from pressrun.message.layouts.built_in import LAYOUT_NAMES
from pressrun.message.layouts.design import Design, Logo

LOGO = Logo(name="harbour.png", media_type="image/png", content=logo(), width=360, height=112)

# By language: title, subject, line for the inbox, greeting, text, heading, points, button, and how it ends.
_WORDS = {
    "en": (
        "The Harbour Letter",
        "The ferry sails again on Saturday",
        "Every hour until dusk, and dogs travel free",
        "Good morning {{ name | default: reader }},",
        "after eleven weeks in the yard the ferry is back. She sails **every hour** from seven until dusk.",
        "What changes for you",
        ("Dogs and bicycles travel free.", "You pay on board, in coins or by card.", "The last boat leaves at nine."),
        "See the timetable",
        "Until next week, _the harbour office_",
    ),
    "es": (
        "La Carta del Puerto",
        "El sábado vuelve a salir el transbordador",
        "Cada hora hasta el anochecer, y los perros viajan gratis",
        "Buenos días, {{ name | default: lectora, lector }}:",
        "tras once semanas en el astillero, el transbordador vuelve. Sale **cada hora**, de siete al anochecer.",
        "Qué cambia para usted",
        (
            "Perros y bicicletas viajan gratis.",
            "Se paga a bordo, en efectivo o con tarjeta.",
            "El último sale a las 9.",
        ),
        "Ver el horario",
        "Hasta la semana que viene, _la oficina del puerto_",
    ),
    "fr": (
        "La Lettre du port",
        "Le bac repart samedi",
        "Toutes les heures jusqu’à la nuit, et les chiens voyagent gratuitement",
        "Bonjour {{ name | default: à vous }},",
        "après onze semaines au chantier, le bac est de retour. Il part **toutes les heures**, de sept heures au soir.",
        "Ce qui change pour vous",
        (
            "Chiens et vélos voyagent gratuitement.",
            "On paie à bord, en espèces ou par carte.",
            "Dernier départ à 21 h.",
        ),
        "Voir les horaires",
        "À la semaine prochaine, _la capitainerie_",
    ),
    "pt-PT": (
        "A Carta do Porto",
        "No sábado o ferry volta a navegar",
        "De hora a hora até ao anoitecer, e os cães viajam de graça",
        "Bom dia, {{ name | default: caros leitores }}:",
        "após onze semanas no estaleiro, o ferry está de volta. Parte **de hora a hora**, das sete até ao anoitecer.",
        "O que muda para si",
        ("Cães e bicicletas viajam de graça.", "Paga-se a bordo, em numerário ou com cartão.", "O último sai às 21h."),
        "Ver o horário",
        "Até para a semana, _a capitania_",
    ),
    "pt-BR": (
        "A Carta do Porto",
        "No sábado a balsa volta a navegar",
        "De hora em hora até o anoitecer, e cachorros viajam de graça",
        "Bom dia, {{ name | default: leitores }}:",
        "depois de onze semanas no estaleiro, a balsa está de volta. Ela sai **de hora em hora**, das 7 até as 21.",
        "O que muda para você",
        (
            "Cachorros e bicicletas viajam de graça.",
            "O pagamento é a bordo, em dinheiro ou cartão.",
            "A última sai às 21h.",
        ),
        "Ver os horários",
        "Até a semana que vem, _a capitania_",
    ),
}
LANGUAGES = tuple(_WORDS)


def editions() -> Iterator[tuple[str, BuiltEdition]]:
    """Every layout in every language: with the list's logo, and with one picture of its own."""
    for language in LANGUAGES:
        for layout in LAYOUT_NAMES:
            for name, shown in (("logo", LOGO), ("picture", None)):
                yield f"{layout}-{language}-{name}", _built(language, Design(layout=layout, logo=shown))


def body_in(language: str) -> str:
    """The text of the edition, without a picture."""
    _, _, _, greeting, text, heading, points, button, ending = _WORDS[language]
    listed = "\n".join(f"- {point}" for point in points)
    table = "| h | 07:00 | 08:00 |\n|:--|--:|--:|\n| € | 4.50 | 4.50 |"
    call = f"[{button}](https://harbour.example/ferry){{.button}}"
    return f"{greeting}\n\n{text}\n\n## {heading}\n\n{listed}\n\n{table}\n\n{call}\n\n{ending}\n"


def _built(language: str, design: Design) -> BuiltEdition:
    title, subject, preheader, *_ = _WORDS[language]
    picture = "" if design.logo else f"![{subject}](dawn.png)\n\n"
    list_profile = replace(profile(title=title, language=language), design=design)
    source = edition(picture + body_in(language), f"preheader: {preheader}", subject=subject)
    built = build(source, assets={"dawn.png": harbour()}, list_profile=list_profile)
    assert not errors_of(built.findings), built.findings
    return built
