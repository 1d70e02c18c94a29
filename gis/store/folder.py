"""The data folder: its format, its secrets, its locks, and who may own what in it."""

import fcntl
import json
import os
import pwd
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gis.errors import ClusterError, DataFolderBusy, NewerData

FORMAT = 1
"""The layout of the data folder that this version writes."""


@dataclass(frozen=True, slots=True)
class Account:
    """The operating-system user that PostgreSQL runs as."""

    uid: int
    gid: int

    @property
    def foreign(self) -> bool:
        """Whether it is another user than the one we are."""
        return self.uid != os.geteuid()


def account() -> Account:
    """Return ourselves, or the user `postgres` when we are root: PostgreSQL refuses to run as root.

    Raises
    ------
    ClusterError
        We are root and there is no user `postgres`.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        entry = pwd.getpwnam("postgres")
    except KeyError:
        raise ClusterError("as root, PostgreSQL runs as the user postgres, which does not exist here: useradd --system postgres") from None
    return Account(entry.pw_uid, entry.pw_gid)


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Replace a small file whole: after a crash there is the old text or the new, never half."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        part.touch(mode, exist_ok=False)
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def own(path: Path, owner: Account, mode: int = 0o700) -> None:
    """Make a folder that only `owner` may enter; refuses one that somebody else holds.

    Raises
    ------
    ClusterError
        It is a link, not a folder, or belongs to another user.
    """
    path.mkdir(mode=mode, exist_ok=True)
    state = path.lstat()
    if path.is_symlink() or not path.is_dir() or state.st_uid not in (owner.uid, os.geteuid()):
        raise ClusterError(f"{path} is not a folder of user {owner.uid}: remove it or choose another QUANJING_DATA_DIR")
    if state.st_uid != owner.uid:
        os.chown(path, owner.uid, owner.gid)
    path.chmod(mode)


def prepare(data_dir: Path) -> None:
    """Make the data folder and check that this version may write in it.

    Raises
    ------
    NewerData
        A newer quanjing has changed its layout.
    ClusterError
        It can't be made or written.
    """
    check(data_dir)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        (data_dir / "log").mkdir(exist_ok=True)
        (data_dir / "secrets").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ClusterError(
            f"the data folder {data_dir} can't be made: {error.strerror}. Set QUANJING_DATA_DIR to a folder you may write"
        ) from error


def check(data_dir: Path) -> None:
    """Refuse a data folder whose layout is newer than ours.

    Raises
    ------
    NewerData
        Its `format.json` names a newer layout.
    """
    path = data_dir / "format.json"
    if not path.exists():
        return
    try:
        found = int(json.loads(path.read_text(encoding="utf-8"))["format"])
    except (ValueError, KeyError, TypeError) as error:
        raise NewerData(f"{path} can't be read as a quanjing format mark: restore it from a backup") from error
    if found > FORMAT:
        raise NewerData(
            f"{data_dir} has format {found}, this quanjing knows up to {FORMAT}: it was written by a newer version. "
            "Start that version, or set QUANJING_DATA_DIR to another folder"
        )


def marked(data_dir: Path) -> bool:
    """Whether the folder was once made whole."""
    return (data_dir / "format.json").exists()


def mark(data_dir: Path, major: int | None) -> None:
    """Record the layout and the PostgreSQL major version, once both are whole."""
    text = json.dumps({"format": FORMAT, "postgresql": major}) + "\n"
    path = data_dir / "format.json"
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write(path, text)


def password(data_dir: Path, role: str) -> str:
    """Return the generated password of a database role; made at the first call, kept in `secrets/<role>.json`, mode 0600."""
    path = data_dir / "secrets" / f"{role}.json"
    if not path.exists():
        write(path, json.dumps({"role": role, "password": secrets.token_urlsafe(24)}) + "\n", 0o600)
    value: str = json.loads(path.read_text(encoding="utf-8"))["password"]
    return value


def unreachable(path: Path, owner: Account) -> Path | None:
    """Return the first folder above `path` that `owner` may not pass through, or None."""
    for folder in reversed(path.absolute().parents):
        state = folder.stat()
        bit = 0o100 if state.st_uid == owner.uid else 0o010 if state.st_gid == owner.gid else 0o001
        if not state.st_mode & bit:
            return folder
    return None


def _lock(descriptor: int, operation: int, tries: int) -> bool:
    for attempt in range(tries):
        try:
            fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt + 1 < tries:
                time.sleep(0.1)
        else:
            return True
    return False


def _holder(descriptor: int) -> str:
    pid = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
    return f"process {pid}" if pid else "another quanjing serve"


@contextmanager
def hold(data_dir: Path) -> Iterator[int]:
    """Hold the data folder for one supervisor; the kernel lets go when the process ends, however it ends.

    Yields
    ------
    int
        The locked file descriptor.

    Raises
    ------
    DataFolderBusy
        Another process holds it; names its pid.
    """
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        # A few tries: `holder` takes the lock for an instant.
        if not _lock(descriptor, fcntl.LOCK_EX, tries=5):
            raise DataFolderBusy(f"{data_dir} is in use by {_holder(descriptor)}: stop that one first, or set QUANJING_DATA_DIR")
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(data_dir: Path) -> str | None:
    """Return who holds the data folder, as words, or None."""
    try:
        descriptor = os.open(data_dir / "lock", os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return None if _lock(descriptor, fcntl.LOCK_SH, tries=1) else _holder(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(data_dir: Path) -> Iterator[int]:
    """Wait for, then hold, the right to make, start or stop the cluster; one caller at a time.

    Yields
    ------
    int
        The locked file descriptor. A child that inherits it keeps the lock until it ends too.
    """
    descriptor = os.open(data_dir / "pg.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)
