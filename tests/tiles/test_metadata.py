from dataclasses import replace

import pytest
import samples

from gis.errors import TilesetError
from gis.ground import ConstantGround
from gis.kinds import ENUMS, KINDS, load
from gis.models.feature import State
from models3d.scene import scene
from tiles.metadata import _enum, _property, columns, row, schema

SOLIDS = {solid.feature.code: solid for solid in scene(samples.SITE, ConstantGround()).solids}
HOUSE = [
    "feature_id",
    "enterprise_id",
    "kind",
    "name",
    "code",
    "height_m",
    "z_min_m",
    "z_max_m",
    "alarm_level",
    "open_alarms",
    "case_count",
]
"""docs/contract.md, "3D tiles, as the browser sees them"."""


def test_the_house_comes_first_then_the_registry() -> None:
    properties = schema()["classes"]["feature"]["properties"]
    wanted = {attribute.name for kind in KINDS.values() for attribute in kind.attributes if attribute.in_tile}
    assert list(properties)[: len(HOUSE)] == HOUSE
    assert wanted <= set(properties)
    assert set(HOUSE) <= set(row(SOLIDS["T01"], samples.ENTERPRISE_ID)) <= set(properties)


def test_the_kinds_are_numbered_in_their_order() -> None:
    values = schema()["enums"]["kind"]["values"]
    assert [value["name"] for value in values] == list(KINDS)
    assert [value["value"] for value in values] == list(range(len(KINDS)))


def test_code_lists_start_with_the_unknown() -> None:
    for name, enum in schema()["enums"].items():
        if name != "kind":
            assert [value["name"] for value in enum["values"]] == ["no_data", *ENUMS[name]]


def test_a_name_with_two_meanings_is_two_properties() -> None:
    found = {column.name: column for column in columns()}
    assert found["medium"].kinds == {"structure", "underground_structure"}
    assert found["outlet_medium"].attribute.enum == "outlet_medium"
    assert row(SOLIDS["T01"], samples.ENTERPRISE_ID)["medium"] == "甲醇"
    assert "medium" not in row(SOLIDS["DA001"], samples.ENTERPRISE_ID)
    assert row(SOLIDS["DA001"], samples.ENTERPRISE_ID)["outlet_medium"] == "air"


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("text", {"type": "STRING", "noData": ""}),
        ("date", {"type": "STRING", "noData": ""}),
        ("integer", {"type": "SCALAR", "componentType": "INT32", "noData": -2147483648}),
        ("number", {"type": "SCALAR", "componentType": "FLOAT32", "noData": -3.4028234663852886e38}),
        ("boolean", {"type": "SCALAR", "componentType": "UINT8", "noData": 255}),
        ("enum", {"type": "ENUM", "enumType": "list", "noData": "no_data"}),
    ],
)
def test_every_type_of_the_registry_has_a_property(type_: str, expected: dict[str, object]) -> None:
    row_ = {"label": "属性", "type": type_, "in_tile": True, **({"enum": "list"} if type_ == "enum" else {})}
    kinds = load(
        {
            "kinds": {
                "thing": {
                    "label": "物",
                    "group": "built",
                    "table": "things",
                    "geometry": "Point",
                    "form": "marker",
                    "attributes": {"a": row_},
                }
            }
        }
    )
    (column,) = columns(kinds)
    assert {key: value for key, value in _property(column.attribute).items() if key != "name"} == expected


def test_the_state_is_in_the_row() -> None:
    values = row(SOLIDS["T01"], samples.ENTERPRISE_ID)
    assert (values["alarm_level"], values["open_alarms"], values["case_count"]) == (1, 3, 1)
    assert bytes(values["feature_id"]) == samples.feature_id("T01").bytes


def test_counts_stay_in_their_type() -> None:
    busy = replace(SOLIDS["T01"], feature=replace(SOLIDS["T01"].feature, state=State(open_alarms=10**6)))
    assert row(busy, samples.ENTERPRISE_ID)["open_alarms"] == 65535


def test_codes_that_no_list_knows_are_unknown() -> None:
    odd = replace(SOLIDS["T01"], feature=replace(SOLIDS["T01"].feature, attributes={"structure_type": "castle"}))
    assert row(odd, samples.ENTERPRISE_ID)["structure_type"] is None


def test_the_enterprise_belongs_to_itself() -> None:
    values = row(samples.massed(samples.SITE, ConstantGround()), samples.ENTERPRISE_ID)
    assert values["feature_id"] == values["enterprise_id"]
    assert values["kind"] == "enterprise"


def test_a_code_list_may_not_claim_the_unknown() -> None:
    with pytest.raises(TilesetError):
        _enum({"no_data": "无"}, absent=True)
