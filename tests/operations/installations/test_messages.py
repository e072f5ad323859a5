"""Messages of old archives, whatever state they are in."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pressrun.core.errors import NoInput
from pressrun.operations.installations import messages
from pressrun.operations.installations.messages import BadMessage, OldMessage, read_messages

NOW = 1_780_000_000
THEN = 1_588_334_400  # 2020-05-01T12:00:00Z
FIRST = b"From olga@x.example  Fri May  1 12:00:00 2020\n"
HEADER = b"Received: from a by b\nFrom: Olga <olga@x.example>\nSubject: High\n water\nMessage-ID: <1@x.example>\n"


def read(path: Path, content: bytes) -> list[OldMessage | BadMessage]:
    path.write_bytes(content)
    return list(read_messages(path, NOW))


def test_a_message_keeps_what_describes_it_and_no_address_of_its_header(tmp_path: Path) -> None:
    """The time is that of the Date field, in UTC."""
    content = FIRST + HEADER + b"Date: Fri, 1 May 2020 14:00:00 +0200\nContent-Type: text/plain\n\n>From here\nbody\n"
    (message,) = read(tmp_path / "a.mbox", content)
    assert isinstance(message, OldMessage)
    assert (THEN, "1@x.example") == (message.published_at, message.identity)
    assert b"Subject: High\r\n water\r\nContent-Type: text/plain\r\n\r\nFrom here\r\nbody\r\n" == message.source


@pytest.mark.parametrize("date", [b"", b"Date: yesterday\n", b"Date: Fri, 1 May 2093 12:00:00 +0000\n"])
def test_without_a_date_that_can_be_right_the_line_above_counts(tmp_path: Path, date: bytes) -> None:
    (message,) = read(tmp_path / "a.mbox", FIRST + HEADER + date + b"\nbody\n")
    assert isinstance(message, OldMessage)
    assert message.published_at == THEN


def test_a_bad_message_is_named_by_its_number_and_the_next_ones_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No date at all, or too many octets."""
    monkeypatch.setattr(messages, "LARGEST_MESSAGE", 2000)
    undated = b"From x  Thu Jan  1 00:00:00 1970\nSubject: x\n\nx\n\n"
    content = undated + FIRST + HEADER + b"\n" + b"x\n" * 2000 + b"\n" + FIRST + HEADER + b"\ngood\n"
    results = read(tmp_path / "a.mbox", content)
    assert [BadMessage, BadMessage, OldMessage] == [type(message) for message in results]
    assert [1, 2, 3] == [message.number for message in results]
    assert isinstance(results[1], BadMessage)
    assert "larger" in results[1].reason


def test_a_line_that_only_begins_like_a_message_is_text(tmp_path: Path) -> None:
    """Many programs write such lines as they are."""
    text = b"\nDear all,\n\nFrom here on it rises.\nFrom there it falls 12:00 2020\n"
    (message,) = read(tmp_path / "a.mbox", FIRST + HEADER + text)
    assert isinstance(message, OldMessage)
    assert b"From here on" in message.source


def test_a_line_that_no_server_writes_is_text_and_takes_no_time(tmp_path: Path) -> None:
    """The pattern alone would look for its end for minutes."""
    long = b"From a" + b" Mon Jan  1 00:00" * 60_000
    (message,) = read(tmp_path / "a.mbox", FIRST + HEADER + b"\n\n" + long + b"\n")
    assert isinstance(message, OldMessage)
    assert long in message.source


def test_a_folder_is_read_by_number_and_a_compressed_file_like_any(tmp_path: Path) -> None:
    """NUL is left out, since no database keeps it in text."""
    folder = tmp_path / "archive"
    folder.mkdir()
    for number in (2, 10, 1):
        (folder / str(number)).write_bytes(HEADER + b"Date: Fri, 1 May 2020 12:00:00 +0000\n\n%d\0\n" % number)
    results = list(read_messages(folder, NOW))
    assert [b"1\r\n", b"2\r\n", b"10\r\n"] == [
        message.source.split(b"\r\n\r\n")[1] for message in results if isinstance(message, OldMessage)
    ]
    packed = tmp_path / "a.mbox.gz"
    packed.write_bytes(gzip.compress(FIRST + HEADER + b"\nbody\n"))
    assert 1 == len(list(read_messages(packed, NOW)))
    packed.write_bytes(packed.read_bytes()[:-12])
    with pytest.raises(NoInput, match=r"a\.mbox\.gz"):
        list(read_messages(packed, NOW))


def test_a_file_that_cannot_be_read_is_named_and_the_next_ones_go_on(tmp_path: Path) -> None:
    """By its file name, as the numbers have gaps where somebody removed messages."""
    for number in (2, 5):
        (tmp_path / str(number)).write_bytes(HEADER + b"Date: Fri, 1 May 2020 12:00:00 +0000\n\nx\n")
    (tmp_path / "3").symlink_to("nothing")
    (tmp_path / "4").write_bytes(b"undated\n\nx\n")
    results = list(read_messages(tmp_path, NOW))
    assert [OldMessage, BadMessage, BadMessage, OldMessage] == [type(message) for message in results]
    assert [str(tmp_path / name) for name in "2345"] == [message.place for message in results]
    assert isinstance(results[1], BadMessage)
    assert "cannot be read: no such file or directory" == results[1].reason


def test_without_a_message_id_the_content_identifies_it(tmp_path: Path) -> None:
    """And without a subject it has a title all the same."""
    (message,) = read(tmp_path / "a.mbox", FIRST + b"Subject: \n\nbody\n")
    assert isinstance(message, OldMessage)
    assert 64 == len(message.identity)
    assert message.source.startswith(b"Subject: (no subject)\r\n")
