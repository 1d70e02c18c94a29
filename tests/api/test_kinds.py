"""An attribute added in the registry is found wherever attributes are."""

from importlib.resources import files
from typing import Any

import pytest
import yaml

from api.routes.kinds import glossary
from drawings.norm import tags_of
from gis.kinds import ENUMS, GROUPS, KINDS, load
from gis.store.kind_tables import statements
from tiles.metadata import schema_of


@pytest.fixture
def document() -> dict[str, Any]:
    """The registry's document, with one attribute more on a kind of each form."""
    found: dict[str, Any] = yaml.safe_load(files("gis").joinpath("kinds.yaml").read_text(encoding="utf-8"))
    for kind in ("building", "storage", "road", "pipe", "manhole", "outlet"):
        row = {"label": "巡检周期", "type": "integer", "unit": "d", "tag": "PATROL", "in_tile": True}
        found["kinds"][kind]["attributes"] = {**(found["kinds"][kind].get("attributes") or {}), "patrol_days": row}
    return found


def test_one_edit_reaches_tiles_answers_blocks_and_tables(document: dict[str, Any]) -> None:
    kinds = load(document)
    script = "\n".join(statements(kinds, ENUMS))
    answered = {row["name"]: row for row in glossary(kinds)}
    property_ = schema_of(kinds, ENUMS)["classes"]["feature"]["properties"]["patrol_days"]
    assert property_ == {"name": "巡检周期", "description": "单位：d", "type": "SCALAR", "componentType": "INT32", "noData": -(2**31)}
    for name in ("building", "storage", "road", "pipe", "manhole", "outlet"):
        (attribute,) = [attribute for attribute in answered[name]["attributes"] if attribute["name"] == "patrol_days"]
        assert (attribute["label"], attribute["unit"], attribute["type"]) == ("巡检周期", "d", "integer")
        assert "PATROL" in tags_of(kinds[name])
        assert f"ALTER TABLE {kinds[name].table} ADD COLUMN IF NOT EXISTS patrol_days integer" in script
    assert "patrol_days" in script.split("CREATE VIEW building_view")[1].split("CREATE VIEW")[0]


def test_an_answer_says_how_a_kind_is_shown_and_by_which_list_its_types_go() -> None:
    answered = {row["name"]: row for row in glossary(KINDS)}
    assert (answered["pipe"]["form"], answered["pipe"]["type_enum"]) == ("pipe", "pipe_medium")
    assert (answered["building"]["form"], answered["building"]["type_enum"]) == ("solid", None)
    assert all(row["type_enum"] is None or row["type_enum"] in ENUMS for row in answered.values())
    assert answered["county"]["form"] == "none"


def test_every_kind_stands_in_a_group_and_no_group_is_empty() -> None:
    assert {kind.group for kind in KINDS.values()} == GROUPS.keys()
