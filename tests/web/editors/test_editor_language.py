"""Which language the pages speak that only editors see."""

from __future__ import annotations

from tests.database import execute
from tests.web.editors.test_approval import hold
from tests.web.harness import WebHarness, words_of


async def test_the_pages_speak_the_language_of_the_list(web: WebHarness) -> None:
    """Where that of the editor is not known; what the browser prefers does not count."""
    path = await hold(web)
    await execute(web.database, "update list set language = 'es'")
    async with web.client() as client:
        pages = [await client.get(path + rest, headers={"Accept-Language": "de"}) for rest in ("", "/preview")]
    for page in pages:
        assert '<html lang="es"' in page.text
        assert "Línea 4: El asunto tiene varios signos de exclamación." in words_of(page.text)
    assert "Enviar a 2 personas" in pages[0].text
