"""The machine: its clock, the room on the disk, and who can read our files."""

from __future__ import annotations

import asyncio
import ctypes
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pressrun.operations.doctor.finding import DoctorFinding, failed, passed, warned
from pressrun.operations.doctor.subject import DiskRoom, DoctorSubject
from pressrun.operations.doctor.web import date_of_page
from pressrun.store.data_check import find_access_problems

_STATUS_AT, _TIMEX_OCTETS = 40, 208  # in struct timex of adjtimex(2), on 64 bits
_UNSYNCHRONISED = 0x40  # STA_UNSYNC
_SKEW_SECONDS = 5  # the page's Date has whole seconds, and takes a moment to come
_BAD_SKEW_SECONDS = 300  # receivers refuse signatures from so far in the future

LOW_SHARE, LOWEST_SHARE = 0.10, 0.02  # of the disk, or of its inodes: time to act, and none left
LOW_OCTETS, LOWEST_OCTETS = 2 << 30, 256 << 20  # as much is enough on a large disk
_MIB = 1 << 20


async def check_clock(subject: DoctorSubject) -> list[DoctorFinding]:
    """Whether something keeps the clock right: limits, rates, links and signatures follow it."""
    remedy = "Run `timedatectl set-ntp true`, or install chrony"
    date = await date_of_page(subject)
    skew = None if date is None else subject.world.clock() - date
    if skew is not None and abs(skew) > _SKEW_SECONDS:
        host = urlsplit(subject.site.base_url).hostname
        direction = "ahead of" if skew > 0 else "behind"
        message = f"the clock is {abs(skew):.0f} s {direction} that of the proxy at {host}"
        return [failed(message, remedy) if abs(skew) > _BAD_SKEW_SECONDS else warned(message, remedy)]
    synchronised = subject.world.find_clock_state()
    if synchronised is False:
        return [warned("nothing keeps the clock of this machine right (NTP is off, or has no source)", remedy)]
    if synchronised is None and skew is None:
        return [warned("whether the clock is right could not be found out: the system does not say", remedy)]
    return [passed("the clock is kept by NTP" if synchronised else "the clock agrees with that of the proxy")]


def find_clock_state() -> bool | None:
    """Whether the kernel says that the clock is synchronised (adjtimex(2)); None where it may not be asked."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    timex = ctypes.create_string_buffer(_TIMEX_OCTETS)  # modes=0: read alone
    if call is None or ctypes.sizeof(ctypes.c_long) != 8 or call(timex) < 0:
        return None
    status = int.from_bytes(timex.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    return not status & _UNSYNCHRONISED


async def check_disk(subject: DoctorSubject) -> list[DoctorFinding]:
    """Room for mail that comes in, and for the rows of the next edition."""
    folder = next(path for path in (subject.data.root, *subject.data.root.parents) if path.exists())
    return [grade_disk(folder, subject.world.disk_room(folder))]


def read_disk_room(folder: Path) -> DiskRoom:
    """What the file system of a folder has for users other than root."""
    found = os.statvfs(folder)
    return DiskRoom(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize, found.f_favail, found.f_files)


def grade_disk(folder: Path, room: DiskRoom) -> DoctorFinding:
    """By octets and by inodes; some file systems have no inodes to count."""
    share = room.free / room.total if room.total else 0.0
    inode_share = room.free_inodes / room.inodes if room.inodes else 1.0
    message = f"{folder} has {room.free // _MIB} MiB free ({share:.0%})"
    if room.inodes:
        message += f" and {inode_share:.0%} of its inodes"
    remedy = f"Make room: see `du -xh --max-depth=1 {folder}`, or enlarge the disk"
    if inode_share < LOWEST_SHARE or (room.free < LOWEST_OCTETS and share < LOW_SHARE):
        return failed(message, remedy)
    if inode_share < LOW_SHARE or (room.free < LOW_OCTETS and share < LOW_SHARE):
        return warned(message, remedy)
    return passed(message)


async def check_files(subject: DoctorSubject) -> list[DoctorFinding]:
    """Keys, passwords and data are for their owner alone."""
    return await asyncio.to_thread(lambda: [*_check_files(subject)] or [passed("nobody else can read keys or data")])


def _check_files(subject: DoctorSubject) -> Iterator[DoctorFinding]:
    for problem in find_access_problems(subject.data):
        yield failed(f"{problem.state}", f"{problem.remedy[:1].upper()}{problem.remedy[1:]}")
    for path in (subject.config, *subject.files):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue  # reading the configuration reported it
        if mode & stat.S_IWOTH or (path != subject.config and mode & stat.S_IROTH):
            yield failed(f"{path} has mode {mode:04o}, so every user can read or change it", f"chmod o= {path}")
        elif mode & stat.S_IROTH:
            yield warned(f"every user of this machine can read {path}", f"chmod 640 {path}")
