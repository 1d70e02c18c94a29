"""ELK in one Node process that lives as long as its owner: started by the first graph, started anew after it died or took too long.

The process ends when its input does; so it dies with its owner, however that one ends.
"""

import json
import subprocess
import threading
from importlib.resources import files
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from drawings.process.node import node
from gis.errors import QuanjingError

LIBRARY = Path("elk", "elk.bundled.cjs")
"""In the folder of the built pages: elkjs (EPL-2.0), unchanged."""
DEADLINE_S = 30.0
"""Longest that one graph may take, seconds; an ordinary one takes less than one."""
_ENDS_S = 5.0

Graph = dict[str, Any]
"""ELK's JSON graph (eclipse.dev/elk/documentation/tooldevelopers/graphdatastructure/jsonformat.html)."""


class LayoutFailed(QuanjingError):
    """ELK could not lay a graph out."""


class Refused(LayoutFailed):
    """ELK has no answer to a graph: some ways of wrapping trip it up (elkjs 0.12.1)."""


class Elk:
    """Lays graphs out; close it, or use it in a `with`.

    Parameters
    ----------
    pages : Path
        Folder of the built pages (`Settings.web_dir`), which holds the library.
    deadline_s : float
        Longest that one graph may take.
    """

    def __init__(self, pages: Path, deadline_s: float = DEADLINE_S) -> None:
        self._library = pages / LIBRARY
        self.deadline_s = deadline_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self.starts = 0
        """How often a process was started."""

    def __enter__(self) -> Self:
        """Return itself; the process starts with the first graph."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the process."""
        self.close()

    @property
    def pid(self) -> int | None:
        """Of the process, None where none runs."""
        return self._process.pid if self._process is not None else None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        if not self._library.is_file():
            raise LayoutFailed(f"没有布局程序 {self._library}；请运行 make setup")
        script = str(files("drawings.process").joinpath("elk.cjs"))
        command = [str(node()), script, str(self._library)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.starts += 1
        return self._process

    def _end(self, *, kill: bool = False) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if kill:
            process.kill()
        # Leaving it closes its input, at which it ends.
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue
        try:
            process.wait(_ENDS_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _asked(self, line: bytes) -> bytes:
        """Return the answer to a line; empty where the process died first."""
        process = self._started()
        assert process.stdin is not None and process.stdout is not None, "both are pipes"  # noqa: S101, PT018
        try:
            process.stdin.write(line)
            process.stdin.flush()
            return process.stdout.readline()
        except BrokenPipeError:
            return b""

    def _answer(self, line: bytes) -> bytes:
        late = threading.Event()

        def stop() -> None:
            late.set()
            if self._process is not None:
                self._process.kill()

        self._started()
        clock = threading.Timer(self.deadline_s, stop)
        clock.daemon = True
        clock.start()
        try:
            answer = self._asked(line)
            if not answer and not late.is_set():
                # A process that was killed since the last graph is no reason to fail this one.
                self._end(kill=True)
                answer = self._asked(line)
        finally:
            clock.cancel()
        if late.is_set() or not answer:
            # Told to stop before it was asked, another process may have answered in its place: that is late all the same.
            self._end(kill=True)
            why = f"超过 {self.deadline_s:g} 秒，已中止" if late.is_set() else "布局进程意外终止"
            raise LayoutFailed(f"工艺流程图无法布局：{why}")
        return answer

    def lay_out(self, graph: Graph) -> Graph:
        """Return a graph with places.

        Raises
        ------
        Refused
            ELK has no answer to the graph.
        LayoutFailed
            It takes too long or died twice.
        """
        with self._lock:
            self._count += 1
            answer = json.loads(self._answer(json.dumps({"id": self._count, "graph": graph}).encode() + b"\n"))
        if "error" in answer:
            raise Refused(f"工艺流程图无法布局：{answer['error']}")
        laid: Graph = answer["graph"]
        return laid

    def close(self) -> None:
        """End the process; a later graph starts another."""
        with self._lock:
            self._end()
