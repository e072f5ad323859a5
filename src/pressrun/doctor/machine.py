"""The machine: its clock, the room on the disk, and who can read our files."""

from __future__ import annotations

import asyncio
import ctypes
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pressrun.core.upkeep.disk_room import DiskLevel, RoomLimits, StorageRoom, decide_level, why_nearly_full
from pressrun.doctor.subject import DoctorFinding, DoctorSubject, failed, passed, warned
from pressrun.doctor.web import date_of_page
from pressrun.services.upkeep.storage_watch import room_limits
from pressrun.store.upkeep.data_check import find_access_problems

_STATUS_AT, _TIMEX_OCTETS = 40, 208  # in struct timex of adjtimex(2), on 64 bits
_TIMESYNCD = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd.service(8)
_UNSYNCHRONISED = 0x40  # STA_UNSYNC
_SKEW_SECONDS = 5  # the page's Date has whole seconds, and takes a moment to come
_BAD_SKEW_SECONDS = 300  # receivers refuse signatures from so far in the future
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
        return [warned("the clock of this machine is not synchronised (NTP is off, or has no source)", remedy)]
    if synchronised is None and skew is None:
        return [warned("the system does not say whether the clock is synchronised", remedy)]
    return [passed("the clock is synchronised by NTP" if synchronised else "the clock agrees with that of the proxy")]


def find_clock_state() -> bool | None:
    """Whether the kernel (adjtimex(2)) or systemd-timesyncd says that the clock is right; None if nobody says."""
    if _TIMESYNCD.exists():
        return True
    call = getattr(ctypes.CDLL(None, use_errno=True), "adjtimex", None)
    timex = ctypes.create_string_buffer(_TIMEX_OCTETS)  # modes=0: read alone
    if call is None or ctypes.sizeof(ctypes.c_long) != 8 or call(timex) < 0:
        return None
    status = int.from_bytes(timex.raw[_STATUS_AT : _STATUS_AT + 4], "little")
    return not status & _UNSYNCHRONISED


async def check_disk(subject: DoctorSubject) -> list[DoctorFinding]:
    """Room for mail that comes in, and for the rows of the next edition, by the thresholds of the daemon."""
    if not subject.data.root.exists():
        return []  # check_database says that there is nothing yet
    limits = room_limits(subject.settings.for_services())
    return [grade_disk(subject.data.root, subject.world.measure_room(subject.data), limits)]


def grade_disk(folder: Path, room: StorageRoom, limits: RoomLimits) -> DoctorFinding:
    """By what is free, the inodes, and the write-ahead log."""
    message = f"{room.free // _MIB:,} MiB free at {folder}"
    remedy = f"Free some space (see `du -xh --max-depth=1 {folder}`), or enlarge the disk"
    match decide_level(room, DiskLevel.OK, limits):
        case DiskLevel.OK:
            return passed(message)
        case DiskLevel.LOW:
            return warned(f"{message}, less than [limits] disk_warning", remedy)
        case DiskLevel.NEARLY_FULL:
            reason = why_nearly_full(room, limits, is_left=False)
            return failed(f"the disk is nearly full, so nothing is sent or imported: {reason}", remedy)


async def check_files(subject: DoctorSubject) -> list[DoctorFinding]:
    """Keys, passwords and data are for their owner alone."""
    return await asyncio.to_thread(
        lambda: [*_check_files(subject)] or [passed("only their owner can read keys and data")]
    )


def _check_files(subject: DoctorSubject) -> Iterator[DoctorFinding]:
    for problem in find_access_problems(subject.data):
        _, _, command = problem.remedy.partition(": ")
        yield failed(problem.state, command or f"Needed: {problem.remedy}")
    config = subject.settings.source
    for path in (config, *subject.files):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue  # reading the configuration reported it
        if mode & stat.S_IWOTH or (path != config and mode & stat.S_IROTH):
            yield failed(f"{path} has mode {mode:04o}, so every user can read or change it", f"chmod o= {path}")
        elif mode & stat.S_IROTH:
            yield warned(f"every user of this machine can read {path}", f"chmod 640 {path}")
