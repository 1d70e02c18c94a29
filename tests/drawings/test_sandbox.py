import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from drawings.example import example_files
from drawings.read import Options, Progress, plan_of
from drawings.sandbox import read_plan, refusal
from gis.child import Failure, run
from gis.errors import Invalid, NotFound, QuanjingError
from gis.limits import Limits

NAME, DATA = next((name, data) for name, data in example_files().items() if name.endswith(".dxf"))
LIMITS = Limits(memory_bytes=300 * 1024**2, deadline_s=30)


def count(data: bytes, *, progress: Progress) -> int:
    progress("read", 0.5)
    return len(data)


def hoard(data: bytes, *, progress: Progress) -> int:
    return len([bytearray(1024**2) for _ in range(4096)])


def sleep(data: bytes, where: str, *, progress: Progress) -> None:
    Path(where).write_text(str(os.getpid()), encoding="ascii")
    time.sleep(3600)


def spin(data: bytes, *, progress: Progress) -> None:
    while True:
        progress("read", 0.0)


def die(data: bytes, *, progress: Progress) -> None:
    os._exit(3)


def refuse(data: bytes, kind: type[Exception], *arguments: object, progress: Progress) -> None:
    raise kind(*arguments)


def test_a_plan_is_the_same_as_without_a_child(tmp_path: Path) -> None:
    (tmp_path / "upload").write_bytes(DATA)
    steps: list[tuple[str, float]] = []
    expected = plan_of(DATA, NAME)
    assert read_plan(tmp_path / "upload", NAME, progress=lambda *step: steps.append(step)) == expected
    assert read_plan(DATA, NAME, Options(drawing_kind="A")) == expected
    assert [share for _, share in steps] == sorted(share for _, share in steps)
    assert {"guard", "read", "interpret"} <= {stage for stage, _ in steps}


def test_too_much_memory_is_an_answer() -> None:
    assert run(hoard, b"", limits=LIMITS) is Failure.MEMORY


def test_the_deadline_kills(tmp_path: Path) -> None:
    where = tmp_path / "pid"
    # The child is given time to start: it says its number first, unless the machine is so busy that it never got there.
    assert run(sleep, b"", str(where), limits=Limits(deadline_s=6)) is Failure.DEADLINE
    assert not where.exists() or not Path(f"/proc/{where.read_text(encoding='ascii')}").exists()


@pytest.mark.parametrize("work", [sleep, spin])
def test_who_tells_no_more_ends_the_child(work: Any, tmp_path: Path) -> None:
    where = tmp_path / "pid"
    arguments = (str(where),) if work is sleep else ()

    class Enough(Exception):
        pass

    def progress(stage: str, share: float) -> None:
        if where.exists() or work is spin:
            raise Enough

    with pytest.raises(Enough):
        run(work, b"", *arguments, progress=progress, limits=LIMITS)
    if work is sleep:
        assert not Path(f"/proc/{where.read_text(encoding='ascii')}").exists()


def test_a_crash_is_an_answer() -> None:
    assert run(die, b"", limits=LIMITS) is Failure.CRASH


@pytest.mark.parametrize(
    ("kind", "arguments", "received"),
    [(NotFound, ["没有"], NotFound), (Invalid, ["crs", "没有"], QuanjingError), (FileNotFoundError, [2, "没有"], FileNotFoundError)],
)
def test_our_own_errors_are_passed_on(kind: type[Exception], arguments: list[object], received: type[Exception]) -> None:
    with pytest.raises(received, match="没有"):
        run(refuse, b"", kind, *arguments, limits=LIMITS)


def test_a_missing_file_is_no_fault_of_the_drawing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_plan(tmp_path / "gone.dxf", NAME)


@pytest.mark.parametrize("failure", [Failure.DEADLINE, Failure.MEMORY, Failure.CRASH])
def test_a_failure_is_an_issue(failure: Failure) -> None:
    issue = refusal(failure, DATA, NAME)
    assert issue.code == "E101"
    assert issue.hint


def test_a_reading_without_time_is_a_plan_with_an_issue() -> None:
    plan = read_plan(DATA, NAME, Options(source_code="91511700MA62E0001X001P"), limits=Limits(deadline_s=0.001))
    assert [issue.code for issue in plan.issues] == ["E101"]
    assert "超时" in plan.issues[0].message
    assert (plan.source_code, plan.drawing_kind, len(plan.sha256), plan.features) == ("91511700MA62E0001X001P", "A", 64, ())


def test_a_process_with_one_thread_forks(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(DATA)
    code = (
        "import sys; from pathlib import Path; from drawings.sandbox import read_plan; loaded = 'ezdxf' in sys.modules;"
        "plan = read_plan(Path(sys.argv[1]), Path(sys.argv[1]).name); print(loaded, 'ezdxf' in sys.modules, plan.counts.entities)"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / NAME], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", str(plan_of(DATA, NAME).counts.entities)]
    assert done.stderr == ""


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    where = tmp_path / "pid"
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from gis.child import run; from test_sandbox import sleep;"
        "run(sleep, b'', sys.argv[1])"
    )
    with subprocess.Popen([sys.executable, "-c", code, where]) as parent:
        while not (where.exists() and where.read_text(encoding="ascii")):
            time.sleep(0.05)
        parent.kill()
    child = Path(f"/proc/{where.read_text(encoding='ascii')}/status")
    with contextlib.suppress(FileNotFoundError):
        while "State:\tZ" not in child.read_text(encoding="ascii"):
            time.sleep(0.05)
