"""DWG by way of a converter that the user has installed as a program of its own, run in limits (docs/decisions/014-dwg.md)."""

import contextlib
import os
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from drawings.process.node import node
from gis.errors import Invalid, QuanjingError, SettingsError, TooLarge
from gis.limits import MAX_BYTES, Limits

SIGNATURE = re.compile(rb"AC10\d\d")
"""The first bytes of a DWG, R13 to 2018: its release."""
PACKAGE = Path("node_modules") / "@mlightcad" / "libredwg-web"
ODA = ("ODAFileConverter", "/usr/bin/ODAFileConverter")
RELEASE = "ACAD2013"
"""Of the DXF that the ODA File Converter writes: the one that the norm asks for."""
SCRIPT = Path(__file__).with_name("dwg.mjs")
NODE_FLAG = "--liftoff-only"
"""Without it Node compiles the whole of the library a second time in the background and does not end before that is done."""
LIMITS = Limits(memory_bytes=2 * 1024**3, deadline_s=120.0)
LOOK_S = 0.1
"""How often memory and time of a converter are looked at."""
INSTALL = (
    "没有可用的 DWG 转换程序。请任选一种安装，再设 QUANJING_DWG_CONVERTER："
    "(1) npm install --prefix ~/dwg @mlightcad/libredwg-web，设为 ~/dwg；"
    "(2) 安装 ODA File Converter（opendesign.com），设为它的路径；"
    "(3) 其他程序，设为带 {dwg} 和 {dxf} 的命令。或在 CAD 中另存为 2013 DXF"
)


class NoConverter(QuanjingError):
    """There is no converter, or it did not convert a drawing."""


@dataclass(frozen=True, slots=True)
class Converter:
    """A program that makes DXF of DWG."""

    name: str
    command: tuple[str, ...]
    """With `{dwg}` and `{dxf}`, or of the ODA File Converter with `{from}` and `{to}`, folders."""


def is_dwg(path: Path) -> bool:
    """Return whether a file is a DWG, by its first bytes."""
    with path.open("rb") as file:
        return SIGNATURE.match(file.read(6)) is not None


def _oda(program: str) -> Converter:
    # Input and output folder, release, type, recurse, audit, filter; without a screen it wants Qt's own one.
    return Converter("ODA File Converter", (program, "{from}", "{to}", RELEASE, "DXF", "0", "1", "*.DWG"))


def converter(said: str | None) -> Converter:
    """Return the converter of the settings, else one that is installed.

    Parameters
    ----------
    said : str or None
        `Settings.dwg_converter`: a folder with the npm package, the path of the ODA File Converter, or a command with `{dwg}` and `{dxf}`.

    Raises
    ------
    SettingsError
        What the setting names is not there, or is no converter.
    NoConverter
        There is none; says how to install one.
    """
    if not said:
        found = next(filter(None, map(shutil.which, ODA)), None)
        if found is None:
            raise NoConverter(INSTALL)
        return _oda(found)
    if "{dwg}" in said and "{dxf}" in said:
        command = tuple(shlex.split(said))
        if shutil.which(command[0]) is None:
            raise SettingsError(f"QUANJING_DWG_CONVERTER：没有程序 {command[0]}")
        return Converter(Path(command[0]).name, command)
    path = Path(said).expanduser()
    if path.joinpath(PACKAGE).is_dir():
        return Converter("libredwg-web", (str(node()), NODE_FLAG, str(SCRIPT), str(path.resolve()), "{dwg}", "{dxf}"))
    if path.is_file() and os.access(path, os.X_OK):
        return _oda(str(path))
    raise SettingsError(f"QUANJING_DWG_CONVERTER：{said} 不是转换程序，也不是装有 @mlightcad/libredwg-web 的文件夹。{INSTALL}")


def _resident(process: int) -> int:
    """Return the memory that a process has, bytes; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)


def _watched(process: "subprocess.Popen[bytes]", limits: Limits) -> str | None:
    """Wait for a converter; returns why it was killed, None where it ended by itself."""
    until = time.monotonic() + limits.deadline_s
    why = None
    while why is None:
        try:
            process.wait(LOOK_S)
            return None
        except subprocess.TimeoutExpired:
            # What it reserves says nothing: WebAssembly reserves gigabytes that it never touches.
            if _resident(process.pid) > limits.memory_bytes:
                why = f"内存超过 {limits.memory_bytes // 1024**2} MB"
            elif time.monotonic() > until:
                why = f"超过 {limits.deadline_s:g} 秒"
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return why


def _run(command: Sequence[str], limits: Limits, file_name: str, folder: Path) -> None:
    """Run a converter in limits of memory, time and size of what it writes, with nothing of our environment that it needs not."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH") if name in os.environ}
    said = folder / "said"
    with said.open("wb") as notes:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=notes,
            start_new_session=True,
            env={**environ, "QT_QPA_PLATFORM": "offscreen"},
        )
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (MAX_BYTES, MAX_BYTES))
        why = _watched(process, limits)
    if why:
        raise NoConverter(f"{file_name} 的转换已中止：{why}；请清理图形（PURGE）后另存")
    if process.returncode:
        last = said.read_bytes()[-2000:].decode("utf-8", "replace").strip().splitlines()[-1:]
        told = f"（{last[0][:200]}）" if last else ""
        raise NoConverter(f"{file_name} 没有转换成功，退出码 {process.returncode}{told}；请在 CAD 中另存为 2013 DXF")


def converted(path: Path, folder: Path, by: Converter, limits: Limits = LIMITS) -> Path:
    """Return the DXF that a converter makes of a DWG, in a folder, named as the DWG is.

    Raises
    ------
    TooLarge
        The DWG has more than `MAX_BYTES` bytes.
    NoConverter
        It was not converted: why, and what to do.
    """
    if path.stat().st_size > MAX_BYTES:
        raise TooLarge("FILE", f"{path.name} 超过 {MAX_BYTES // 1024**2} MB 的上限")
    before, after = folder / "dwg", folder / "dxf"
    before.mkdir()
    after.mkdir()
    # The program sees a copy under a plain name: it can neither change the original nor stumble over its name.
    source, target = before / "drawing.dwg", after / "drawing.dxf"
    shutil.copyfile(path, source)
    words = {"{dwg}": str(source), "{dxf}": str(target), "{from}": str(before), "{to}": str(after)}
    command = [re.sub(r"\{(dwg|dxf|from|to)\}", lambda found: words[found.group()], part) for part in by.command]
    _run(command, limits, path.name, folder)
    if not target.is_file() or not target.stat().st_size:
        raise NoConverter(f"{by.name} 没有写出 {path.name} 的 DXF；请在 CAD 中另存为 2013 DXF")
    return target.rename(folder / f"{path.stem}.dxf")


@contextmanager
def as_dxf(paths: Sequence[Path], said: str | None) -> Iterator[list[Path]]:
    """Yield files with a DXF in place of each DWG; those are gone afterwards.

    Parameters
    ----------
    paths : sequence of Path
        DXF and other files stay as they are.
    said : str or None
        `Settings.dwg_converter`.

    Raises
    ------
    SettingsError, NoConverter, TooLarge
        As `converter` and `converted`.
    Invalid
        Two DWG would have one name.
    """
    drawings = [path for path in paths if is_dwg(path)]
    if len({path.stem for path in drawings}) < len(drawings):
        raise Invalid("FILE", "有同名的 DWG")
    with ExitStack() as stack:
        made: dict[Path, Path] = {}
        for path in drawings:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="quanjing-dwg-")))
            made[path] = converted(path, folder, converter(said))
        yield [made.get(path, path) for path in paths]
