"""Messages of old archives, whatever state they are in."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pressrun.core.errors import NoInput
from pressrun.operations.installations import messages
from pressrun.operations.installations.messages import BadMessage, OldMessage, check_archive, read_messages

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


@pytest.mark.parametrize("damage", ["cut off", "changed", "locked"])
def test_an_archive_that_cannot_be_read_to_its_end_is_known_before(tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with it, the check and the reading say the same."""
    path = tmp_path / "a.mbox.gz"
    packed = gzip.compress(FIRST + HEADER + b"\n" + bytes(range(256)) * 100)
    path.write_bytes({"cut off": packed[:-12], "changed": packed[:40] + b"\xff" * 40 + packed[80:]}.get(damage, packed))
    if damage == "locked":
        path.unlink()
        path.symlink_to(path)
    with pytest.raises(NoInput, match=r"cannot read the archive .*a\.mbox\.gz") as checked:
        check_archive(path)
    with pytest.raises(NoInput) as read_through:
        list(read_messages(path, NOW))
    assert str(checked.value) == str(read_through.value)


def test_content_says_whether_a_file_is_compressed(tmp_path: Path) -> None:
    """A browser may decompress what it saves, and people rename files. Months that were joined are one archive."""
    packed = b"".join(gzip.compress(FIRST + HEADER + b"\nbody\n\n") for _ in range(2))
    assert 2 == len(read(tmp_path / "a.mbox", packed))
    assert 2 == len(read(tmp_path / "a.mbox.gz", gzip.decompress(packed)))
    for name in ("a.mbox", "a.mbox.gz"):
        check_archive(tmp_path / name)
    check_archive(tmp_path)


def test_a_message_without_a_sender_is_one_of_its_own(tmp_path: Path) -> None:
    """Else its header, with addresses, would be text of the message above it."""
    messages_read = read(tmp_path / "a.mbox", (b"From  Fri May  1 12:00:00 2020\n" + HEADER + b"\nbody\n\n") * 2)
    assert [OldMessage, OldMessage] == [type(message) for message in messages_read]


def test_a_line_between_messages_in_a_text_does_not_split_it(tmp_path: Path) -> None:
    """HyperKitty before 1.3.5 and old servers export it unquoted; no header follows it there."""
    text = b"\nThe file begins:\n\n" + FIRST + b"and goes on.\n\n" + FIRST
    (message,) = read(tmp_path / "a.mbox", FIRST + HEADER + text)
    assert isinstance(message, OldMessage)
    assert 2 == message.source.count(b"From olga")


def test_an_export_of_hyperkitty_is_read_as_it_was_posted(tmp_path: Path) -> None:
    """It puts each text into a part, quotes lines that begin with From, and encodes files."""
    part = b"--=\nContent-Type: %s\nContent-Transfer-Encoding: %s\n\n%s\n"
    body = part % (b'text/plain; charset="utf-8"', b"7bit", b"Dear all,\n\n>" + FIRST + b"ends.\n")
    body += part % (b"text/plain\nContent-Disposition: attachment; filename=a", b"base64", b"RnJvbSB4Cg==\n")
    header = HEADER + b'To: news@lists.example\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="="\n'
    whole = FIRST + header + b"\n" + body + b"--=--\n\n\n"
    first, second = read(tmp_path / "a.mbox.gz", gzip.compress(whole) + gzip.compress(whole))
    assert isinstance(first, OldMessage)
    assert isinstance(second, OldMessage)
    assert b"\r\n\r\n" + FIRST.strip() + b"\r\nends.\r\n" in first.source
    assert b"@x.example>" not in first.source
    assert first.source == second.source
