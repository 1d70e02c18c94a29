"""Each abstract test of each class that the server declares; `pytest tests/conformance --base-url URL` tests any other server."""

import conformance.core
import conformance.cql2
import conformance.editing
import conformance.filtering
import conformance.records
import conformance.systems
import conformance.tiles
import conformance.volumes  # noqa: F401 — their checks register themselves
import pytest
from conformance.suite import CHECKS, SPEC, Check, NotHere, Server

from api.ogc.conformance import CLASSES, EDITING


@pytest.mark.parametrize("one", CHECKS, ids=[f"{one.conformance}:{' '.join(one.tests)}" for one in CHECKS])
def test_abstract(server: Server, one: Check) -> None:
    if one.conformance not in server.conforms:
        pytest.skip("not declared")
    try:
        one.run(server)
    except NotHere as missing:
        pytest.skip(f"without {missing}")


def test_what_we_declare_is_tested_and_what_is_tested_we_declare() -> None:
    assert {one.conformance for one in CHECKS} == {uri.removeprefix(SPEC) for uri in (*CLASSES, *EDITING)}
