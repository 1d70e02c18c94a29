"""The abstract tests against tipg (`make test-control`): what it fails is known (`control.yaml`), so a suite gone blunt is seen."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import conformance.core
import conformance.cql2
import conformance.editing
import conformance.filtering
import conformance.records
import conformance.systems
import conformance.tiles
import conformance.volumes  # noqa: F401 — their checks register themselves
import httpx
import pytest
import yaml
from city import found_city
from conformance.conftest import load
from conformance.suite import CHECKS, ONCE, Check, NotHere, Server

from gis.store.cluster import Urls

BENCH = Path(__file__).parents[2] / "bench"
KNOWN: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "control.yaml").read_text(encoding="utf-8"))
KINDS = ("building", "outlet", "monitoring_point", "pipe")
pytestmark = [pytest.mark.control, pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")]


def name(one: Check) -> str:
    """Return what a check is called in the list of what is known."""
    return f"{one.conformance} {one.tests[0].rsplit('/', 1)[-1]}"


@pytest.fixture(scope="module")
def control(module_database: Urls) -> Iterator[Server]:
    """A server of tipg over the example and the standard's test data."""
    sys.path.append(str(BENCH))
    from peers import tipg  # noqa: PLC0415 — of the benchmarks, which nothing else of the tests needs

    city = found_city(module_database.owner)
    city.rows("CREATE SCHEMA peer")
    for kind in KINDS:
        city.rows(f"CREATE TABLE peer.{kind} AS SELECT * FROM {kind}_view")
        city.rows(f"ALTER TABLE peer.{kind} ADD PRIMARY KEY (feature_id)")
    load(module_database.owner, "peer")
    with tipg(module_database.owner) as found:
        if found is None:
            pytest.skip("tipg can't be installed")
        with httpx.Client(base_url=f"http://127.0.0.1:{found[0]}", follow_redirects=True, timeout=60, limits=ONCE) as client:
            yield Server(client)


@pytest.mark.parametrize("one", CHECKS, ids=name)
def test_what_it_passes_and_fails_is_known(control: Server, one: Check) -> None:
    if one.conformance not in control.conforms | set(KNOWN["undeclared"]):
        pytest.skip("not declared")
    known = KNOWN["fails"].get(name(one))
    found = ""
    try:
        one.run(control)
    except NotHere as missing:
        pytest.skip(f"without {missing}")
    except (AssertionError, LookupError, ValueError) as fault:
        found = repr(fault)
    if known is None:
        assert not found, "a fault of it that is not known, or one of ours"
    else:
        assert re.search(known["said"], found), f"it is known to fail {known['clause']}: {known['why']}"


def test_what_is_known_is_tested() -> None:
    assert KNOWN["fails"].keys() <= {name(one) for one in CHECKS}
    assert all(one.keys() == {"said", "clause", "why"} for one in KNOWN["fails"].values())
