import os
import signal
from pathlib import Path

import pytest

from drawings.process.elk import Elk, LayoutFailed
from drawings.process.node import node
from gis.settings import Settings

PAGES = Settings().web_dir
PAIR = {
    "id": "root",
    "children": [{"id": name, "width": 10, "height": 5} for name in "ab"],
    "edges": [{"id": "e", "sources": ["a"], "targets": ["b"]}],
}
LOST = PAIR | {"edges": [{"id": "e", "sources": ["a"], "targets": ["nowhere"]}]}


def running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_lays_out_one_graph_after_the_other_in_one_process() -> None:
    with Elk(PAGES) as elk:
        first, again = elk.lay_out(PAIR), elk.lay_out(PAIR)
        pid = elk.pid
        assert pid is not None
        assert running(pid)
        assert elk.starts == 1
    assert [node["x"] for node in first["children"]] == [node["x"] for node in again["children"]]
    assert first["children"][1]["x"] > first["children"][0]["x"]
    assert not running(pid)


def test_what_elk_refuses_is_an_error_and_the_process_goes_on() -> None:
    with Elk(PAGES) as elk:
        with pytest.raises(LayoutFailed, match="nowhere"):
            elk.lay_out(LOST)
        elk.lay_out(PAIR)
        assert elk.starts == 1


def test_a_killed_process_is_started_again() -> None:
    with Elk(PAGES) as elk:
        elk.lay_out(PAIR)
        assert elk.pid is not None
        os.kill(elk.pid, signal.SIGKILL)
        assert elk.lay_out(PAIR)["children"]
        assert elk.starts == 2


def test_a_graph_that_takes_too_long_is_given_up_and_the_next_one_is_served() -> None:
    with Elk(PAGES, deadline_s=0.0) as elk:
        with pytest.raises(LayoutFailed, match="超过"):
            elk.lay_out(PAIR)
        assert elk.pid is None
        elk.deadline_s = 60.0
        assert elk.lay_out(PAIR)["children"]


def test_without_the_library_it_says_what_to_do(tmp_path: Path) -> None:
    with Elk(tmp_path) as elk, pytest.raises(LayoutFailed, match="make setup"):
        elk.lay_out(PAIR)


def test_node_is_found() -> None:
    assert os.access(node(), os.X_OK)
