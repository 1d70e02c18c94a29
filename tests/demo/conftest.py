"""One small city for the tests that read it and do not change it."""

import pytest

from demo.making import Made, make


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("city"), 4, 12)
