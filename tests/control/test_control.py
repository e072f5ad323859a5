"""The control socket, both ends of it, over real sockets."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import stat
import struct
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.acts.call import Call, CarryOut
from pressrun.control import client as client_module
from pressrun.control import server as server_module
from pressrun.control.client import ControlClient, call_if_running
from pressrun.control.protocol import (
    CALLER,
    MAX_FRAME_BYTES,
    Progress,
    VerbFailure,
    VerbRequest,
    VerbResult,
    encode_arguments,
    encode_message,
    error_of,
    failure_of,
    request_reader,
    response_reader,
)
from pressrun.control.server import MAX_CONNECTIONS, MAX_OF_MEMBERS, ControlServer, GroupSocket
from pressrun.core import errors
from pressrun.core.errors import BadInput, EditionError, IncompleteAnswer, PressrunError, Refused, TryAgain
from pressrun.doctor.subject import RunningDaemon
from pressrun.runtime.frames import BadFrame, read_frame
from pressrun.runtime.identity import User
from pressrun.runtime.unix_sockets import bind_unix_socket
from pressrun.store.upkeep.datadir import DataDir

Tell = Callable[[str], None]
VerbHandler = Callable[[msgspec.Raw, Tell], Awaitable[Any]]


async def echo(arguments: msgspec.Raw, tell: Tell) -> Any:
    tell("half way")
    return msgspec.msgpack.decode(arguments)


async def refuse(arguments: msgspec.Raw, tell: Tell) -> Any:
    raise EditionError("an unknown key", line=3)


async def break_down(arguments: msgspec.Raw, tell: Tell) -> Any:
    raise ZeroDivisionError


VERBS: dict[str, VerbHandler] = {"echo": echo, "refuse": refuse, "break": break_down}


def door(verbs: Mapping[str, VerbHandler]) -> CarryOut:
    """What carries out these verbs."""

    async def carry_out(call: Call, tell: Tell) -> Any:
        if call.act not in verbs:
            raise Refused("it is of another version")
        assert isinstance(call.arguments, msgspec.Raw)
        return await verbs[call.act](call.arguments, tell)

    return carry_out


@asynccontextmanager
async def serving(path: Path, verbs: Mapping[str, VerbHandler] = VERBS) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, door(verbs))
    await server.start()
    try:
        yield server
    finally:
        await server.close()


def asked(path: Path, verb: str, arguments: Mapping[str, Any]) -> tuple[Any, list[str]]:
    told: list[str] = []
    client = ControlClient.connect(path)
    assert client is not None
    try:
        return client.call(verb, arguments, told.append), told
    finally:
        client.close()


async def test_a_verb_is_carried_out_and_its_progress_told(tmp_path: Path) -> None:
    async with serving(tmp_path / "control.sock"):
        given_ = {"list": "news", "source": b"\x00\xff", "ids": [1, 2]}
        assert (given_, ["half way"]) == await asyncio.to_thread(asked, tmp_path / "control.sock", "echo", given_)


async def test_a_member_that_another_version_leaves_out_is_named(tmp_path: Path) -> None:
    """Wherever in the answer it is missing. What is there can be read, and more than is read does no harm."""
    given_ = {"name": "ann", "editions": [{"id": 1}], "more": None}
    async with serving(tmp_path / "s"):
        answer, _ = await asyncio.to_thread(asked, tmp_path / "s", "echo", given_)
    assert ("ann", 1, None) == (answer["name"], answer["editions"][0]["id"], answer.get("revoked"))
    for part, member in ((answer, "revoked"), (answer["editions"][0], "state")):
        with pytest.raises(IncompleteAnswer, match=f"no '{member}'.*Restart the service") as caught:
            part[member]
        assert given_ == caught.value.members["answer"]


async def test_an_error_comes_back_as_its_own_class(tmp_path: Path) -> None:
    async with serving(tmp_path / "s"):
        with pytest.raises(EditionError, match=r"^line 3: an unknown key$"):
            await asyncio.to_thread(asked, tmp_path / "s", "refuse", {})
        with pytest.raises(PressrunError, match="See its log"):
            await asyncio.to_thread(asked, tmp_path / "s", "break", {})
        with pytest.raises(Refused, match="another version"):
            await asyncio.to_thread(asked, tmp_path / "s", "unknown", {})
        assert ({}, ["half way"]) == await asyncio.to_thread(asked, tmp_path / "s", "echo", {})


async def test_a_member_that_an_answer_lacks_names_the_verb(tmp_path: Path) -> None:
    """A command may call one that only reads before the one that acts, so it must not be taken for that one."""
    async with serving(tmp_path / "s"):
        answer, _ = await asyncio.to_thread(asked, tmp_path / "s", "echo", {"made": [{}]})
        with pytest.raises(IncompleteAnswer, match=r"^echo was carried out, .* has no 'id'"):
            answer["made"][0]["id"]


def classes() -> list[type[PressrunError]]:
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, PressrunError)]
    return sorted(classes, key=lambda error: error.__name__)


@pytest.mark.parametrize("error", classes(), ids=lambda error: error.__name__)
def test_every_error_keeps_class_message_and_exit_code(error: type[PressrunError]) -> None:
    back = error_of(failure_of(error("what happened")))
    assert (error, "what happened", error.exit_code) == (type(back), str(back), back.exit_code)


def test_an_error_that_only_one_side_knows_is_the_nearest_known_one() -> None:
    class Special(BadInput):
        pass

    assert BadInput is type(error_of(failure_of(Special("x"))))
    assert PressrunError is type(error_of(VerbFailure(error="Future", message="x")))


async def test_the_socket_is_for_the_owner_alone_from_its_first_moment(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        async with serving(tmp_path / "s"):
            assert 0o600 == stat.S_IMODE((tmp_path / "s").stat().st_mode)
    finally:
        os.umask(before)
    assert not (tmp_path / "s").exists()


async def test_a_dead_socket_is_replaced_and_anything_else_is_left_alone(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "s"))
    dead.close()
    assert ControlClient.connect(tmp_path / "s") is None
    async with serving(tmp_path / "s"):
        assert ({}, ["half way"]) == await asyncio.to_thread(asked, tmp_path / "s", "echo", {})
    (tmp_path / "file").write_text("precious")
    with pytest.raises(Refused):
        await ControlServer(tmp_path / "file", door(VERBS)).start()
    assert "precious" == (tmp_path / "file").read_text()


async def test_it_closes_also_where_the_socket_cannot_be_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its disk has become read-only. A server that is not closed keeps the loop, and so the daemon, from ending."""

    def refuse_removal(path: Path, *, missing_ok: bool = False) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    async with serving(tmp_path / "s"):
        monkeypatch.setattr(Path, "unlink", refuse_removal)
    assert (tmp_path / "s").exists()
    assert ControlClient.connect(tmp_path / "s") is None


async def test_a_path_may_be_longer_than_the_kernel_takes(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True)
    async with serving(folder / "control.sock"):
        assert ({}, ["half way"]) == await asyncio.to_thread(asked, folder / "control.sock", "echo", {})
    assert ControlClient.connect(folder / "control.sock") is None


def test_nobody_listens_where_nothing_is(tmp_path: Path) -> None:
    assert ControlClient.connect(tmp_path / "none") is None
    assert ControlClient.connect(tmp_path / "no" / "folder") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else to try the door")
async def test_another_user_is_turned_away() -> None:
    """Even when the modes of folder and file would let them in."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder) / "s"
        async with serving(path):
            for place, mode in ((folder, 0o755), (path, 0o666)):
                await asyncio.to_thread(os.chmod, place, mode)
            stranger = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            os.seteuid(65534)
            try:
                stranger.connect(str(path))
            finally:
                os.seteuid(0)
            reader, writer = await asyncio.open_connection(sock=stranger)
            (answer,) = response_reader().read(await reader.read())
            writer.close()
            await writer.wait_closed()
    assert isinstance(answer, VerbFailure)
    assert "NotPermitted" == answer.error


async def test_nonsense_ends_its_connection_and_no_other(tmp_path: Path) -> None:
    async with serving(tmp_path / "s"):
        for octets in (b"GET / HTTP/1.1\r\n\r\n", struct.pack(">I", 2**31), struct.pack(">I", 3) + b"abc"):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
            writer.write(octets)
            assert b"" == await reader.read()
            writer.close()
            await writer.wait_closed()
        assert ({}, ["half way"]) == await asyncio.to_thread(asked, tmp_path / "s", "echo", {})


async def test_a_verb_whose_client_goes_away_is_finished(tmp_path: Path) -> None:
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(arguments: msgspec.Raw, tell: Tell) -> Any:
        begun.set()
        await go_on.wait()
        done.set()

    async with serving(tmp_path / "s", {"slow": slow}):
        _, writer = await asyncio.open_unix_connection(tmp_path / "s")
        writer.write(encode_message(VerbRequest(verb="slow", arguments=encode_arguments({}))))
        await begun.wait()
        writer.close()
        await writer.wait_closed()
        go_on.set()
        await asyncio.wait_for(done.wait(), 5)


async def test_closing_lets_a_verb_finish_and_answers_it(tmp_path: Path) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(arguments: msgspec.Raw, tell: Tell) -> Any:
        begun.set()
        await go_on.wait()
        return "done"

    server = ControlServer(tmp_path / "s", door({"slow": slow}))
    await server.start()
    web_requests = asyncio.create_task(asyncio.to_thread(asked, tmp_path / "s", "slow", {}))
    await begun.wait()
    closing = asyncio.create_task(server.close())
    await asyncio.sleep(0)
    assert not (tmp_path / "s").exists()
    go_on.set()
    await closing
    assert ("done", []) == await web_requests


async def test_a_daemon_that_dies_is_told_from_one_that_refuses(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def never(arguments: msgspec.Raw, tell: Tell) -> Any:
        begun.set()
        await asyncio.Event().wait()

    server = ControlServer(tmp_path / "s", door({"never": never}))
    await server.start()
    web_requests = asyncio.create_task(asyncio.to_thread(asked, tmp_path / "s", "never", {}))
    await begun.wait()
    await server.close(0.01)
    with pytest.raises(TryAgain, match="may or may not have run"):
        await web_requests


@pytest.fixture
def stuck(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataDir]:
    """The data of a daemon whose socket is there, and which never answers."""
    monkeypatch.setattr(client_module, "ANSWER_SECONDS", 0.2)
    data = DataDir(tmp_path)
    with bind_unix_socket(data.control_socket, mode=0o600):
        yield data


def test_a_daemon_that_is_stuck_holds_up_no_check(stuck: DataDir) -> None:
    """Neither `check` nor `doctor` waits for ever for what is only asked in passing."""
    assert (None, None) == (call_if_running(stuck.control_socket, "reload.try"), RunningDaemon.find(stuck))


def test_a_daemon_that_is_stuck_is_named(stuck: DataDir, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who came by sudo says so first, and nothing else has been asked for by then."""
    monkeypatch.setenv("SUDO_USER", "ada")
    with pytest.raises(TryAgain, match="does not answer"):
        ControlClient.connect(stuck.control_socket)


async def test_so_many_verbs_at_a_time_and_no_more(tmp_path: Path) -> None:
    async with serving(tmp_path / "s"):
        open_ = [await asyncio.open_unix_connection(tmp_path / "s") for _ in range(MAX_CONNECTIONS)]
        with pytest.raises(TryAgain, match="running already"):
            await asyncio.to_thread(asked, tmp_path / "s", "echo", {})
        for _, writer in open_:
            writer.close()
            await writer.wait_closed()


async def test_the_folder_of_the_groups_socket_is_made_for_all_to_enter(tmp_path: Path) -> None:
    """As systemd makes it; without the unit, or in a container, nobody else does."""
    path = tmp_path / "run" / "control.sock"
    server = ControlServer(tmp_path / "s", door(VERBS), GroupSocket(path=path, gid=os.getegid()))
    before = os.umask(0o077)
    try:
        await server.start()
    finally:
        os.umask(before)
    assert (0o755, 0o660) == tuple(stat.S_IMODE(place.stat().st_mode) for place in (path.parent, path))
    await server.close()


async def test_a_folder_of_the_groups_socket_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "run" / "control.sock"
    server = ControlServer(tmp_path / "s", door(VERBS), GroupSocket(path=path, gid=os.getegid()))
    with pytest.raises(Refused, match="Create its folder"):
        await server.start()
    await server.close()


async def test_members_leave_room_for_the_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many connections they open and never use."""
    member = User(uid=os.geteuid() + 1, name="eva", groups=frozenset({os.getegid()}))
    server = ControlServer(tmp_path / "s", door(VERBS), GroupSocket(path=tmp_path / "g", gid=os.getegid()))
    monkeypatch.setattr(server_module, "peer_of", lambda _: member)
    await server.start()
    open_ = [await asyncio.open_unix_connection(tmp_path / "g") for _ in range(2 * MAX_CONNECTIONS)]
    with pytest.raises(TryAgain, match=f"{MAX_OF_MEMBERS} verbs are running"):
        await asyncio.to_thread(asked, tmp_path / "g", "echo", {})
    monkeypatch.undo()
    assert ({}, ["half way"]) == await asyncio.to_thread(asked, tmp_path / "s", "echo", {})
    for _, writer in open_:
        writer.close()
        await writer.wait_closed()
    await server.close()


async def test_a_claim_that_is_no_text_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(tmp_path / "s"):
        reader, writer = await asyncio.open_unix_connection(tmp_path / "s")
        for arguments in (b"\x81\xa9sudo_user\xa2\xff\xfe", b"\x81\xa2\xff\xfe\xa1x", b"\x81\xa9sudo_user\x01"):
            writer.write(encode_message(VerbRequest(verb=CALLER, arguments=msgspec.Raw(arguments))))
            assert VerbResult() == await read_frame(reader, response_reader())
        writer.close()
        await writer.wait_closed()
    assert not caplog.records


def test_what_is_too_long_for_a_frame_is_refused_before_it_is_sent() -> None:
    with pytest.raises(BadInput, match="at most 64 MiB are allowed"):
        encode_message(VerbRequest(verb="v", arguments=encode_arguments({"source": bytes(MAX_FRAME_BYTES)})))
    requests = request_reader()
    requests.feed(struct.pack(">I", MAX_FRAME_BYTES + 1))
    with pytest.raises(BadFrame):
        requests.next()


@given(st.text(), st.dictionaries(st.text(), st.none() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary()))
def test_frames_are_read_back(text: str, arguments: dict[str, Any]) -> None:
    for reader, message in (
        (request_reader(), VerbRequest(verb=text, arguments=encode_arguments(arguments))),
        (response_reader(), Progress(text=text)),
        (response_reader(), VerbResult(value=arguments)),
        (response_reader(), VerbFailure(error=text, message=text)),
    ):
        assert [message] == list(reader.read(encode_message(message)))
