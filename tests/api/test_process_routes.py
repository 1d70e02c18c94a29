"""The production process over HTTP."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from city import DRAFTER, ENTERPRISE, City, found_city
from serving import serving

from drawings.process.elk import Elk
from drawings.process.storing import publish_process
from gis.settings import Settings
from gis.store.cluster import Urls
from gis.store.connect import writing

TEXT = (Path(__file__).parents[2] / "data/examples/process.yaml").read_text(encoding="utf-8").replace("step, unit: MF", "step, unit: MX")


@pytest.fixture(scope="module")
def served(
    databases: Callable[[], AbstractContextManager[Urls]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[City, httpx.Client]]:
    with databases() as urls:
        city = found_city(urls.owner)
        with serving(urls.reader, tmp_path_factory.mktemp("data")) as address, httpx.Client(base_url=address) as client:
            yield city, client


def test_the_process_of_an_enterprise(served: tuple[City, httpx.Client]) -> None:
    city, client = served
    path = f"/api/enterprises/{city.enterprise_id}/process"
    none = client.get(path)
    assert (none.status_code, "process import" in none.json()["detail"]) == (404, True)
    with writing(city.engine, DRAFTER) as connection, Elk(Settings().web_dir) as elk:
        publish_process(connection, TEXT.encode(), "process.yaml", ENTERPRISE["source_code"], elk.lay_out)
    told = client.get(path).json()
    assert (len(told["nodes"]), len(told["streams"])) == (21, 22)
    node = next(node for node in told["nodes"] if node["code"] == "TA003")
    assert (node["type_label"], node["upgrade_label"], node["unit_codes"]) == ("治理设施", "超低排放", ["TA003"])
    for x, y, width, height in (node["box"] for node in told["nodes"]):
        assert 0 <= x <= told["width"] - width
        assert 0 <= y <= told["height"] - height
    emitted = [row for row in told["arisings"] if "二氧化硫" in row["source"]["pollutants"]]
    assert [[one["code"] for one in row["treatments"]] for row in emitted] == [["TA002", "TA003"]]
    pictures = {theme: client.get(f"{path}.svg", params={"theme": theme}) for theme in ("light", "wall-dark", "print-bw")}
    assert {answer.headers["content-type"] for answer in pictures.values()} == {"image/svg+xml"}
    assert len({answer.text for answer in pictures.values()}) == 3
    assert "烧结机头烟气" in pictures["light"].text.replace("\n", "")
    assert client.get(f"{path}.svg", params={"theme": "pink"}).status_code in (400, 422)
    assert client.get(f"/api/enterprises/{city.feature_id('T-101')}/process").status_code == 404


def test_a_node_that_grew_in_the_table_below_is_laid_out_anew(served: tuple[City, httpx.Client]) -> None:
    city, client = served
    city.rows("UPDATE process_nodes SET name = name || '（含破碎、筛分、配料、混合）' WHERE code = 'P03'")
    told = client.get(f"/api/enterprises/{city.enterprise_id}/process").json()
    assert next(node for node in told["nodes"] if node["code"] == "P03")["name"].endswith("混合）")
    assert client.get(f"/api/enterprises/{city.enterprise_id}/process.svg").status_code == 200
