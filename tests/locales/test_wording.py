"""The words of sentences that readers and editors see: one term for each thing, and none of the program's own."""

from __future__ import annotations

import re
from functools import cache

import pytest
from docs.messages import gather

CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|`[^`]*`|\{\w*\}|%\(\w+\)s")  # what is copied, not read
OTHER_WORDS = {
    "email": re.compile(r"\b(?:e-)?mail(?:s|ed)?\b", re.IGNORECASE),
    "newsletter": re.compile(r"\b(?:mailing )?lists?\b", re.IGNORECASE),
    "image": re.compile(r"\bpictures?\b", re.IGNORECASE),
    "latest": re.compile(r"\blast edition\b", re.IGNORECASE),
}


@cache
def english() -> list[str]:
    """All sentences; they are gathered when a test begins, not in every worker that looks for tests."""
    return [
        str(sentence)
        for message in gather()
        if message.id
        for sentence in ([message.id] if isinstance(message.id, str) else message.id)
    ]


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_one_word_for_one_thing(word: str) -> None:
    """A reader subscribes to a newsletter by email; lists and mails are how the program thinks of them."""
    assert [] == [sentence for sentence in english() if OTHER_WORDS[word].search(CODE.sub("", sentence))]


def test_there_is_something_to_look_at() -> None:
    """The test above would be content with no sentences at all."""
    assert len(english()) > 200
    assert OTHER_WORDS["email"].search("Check your mail")
    assert not OTHER_WORDS["email"].search("Check your email, or the emails we emailed")


@pytest.mark.parametrize(
    "phrase", ["you are not subscribed", "already confirmed", "you are already subscribed", "subscribe or unsubscribe"]
)
def test_what_programs_look_for_stays_as_it_is(phrase: str) -> None:
    """These words of answers are promised: they have no contraction, and no other words in their place."""
    assert any(phrase in sentence.lower() for sentence in english())
