"""A plan comes out of its package as it went in."""

from dataclasses import replace

import pytest
import shapely
from city import DRAWING

from drawings import packing
from drawings.packing import pack, unpack
from drawings.read import site_plan


def test_a_plan_comes_out_as_it_went_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "AT_ONCE", 7)
    plan = site_plan(DRAWING)
    assert len(plan.features) > 7
    assert unpack(pack(plan)) == plan


def test_heights_and_values_of_any_type_stay() -> None:
    plan = site_plan(DRAWING)
    deep = replace(plan.features[0], geom=shapely.force_3d(plan.features[0].geom, 2.5), z_min_m=-0.1, attributes={"a": [1, None, "厂"]})
    (found,) = unpack(pack(replace(plan, features=(deep,)))).features
    assert found == deep
    assert found.geom.wkb == deep.geom.wkb


def test_a_plan_without_features_stays() -> None:
    plan = replace(site_plan(DRAWING), features=())
    assert unpack(pack(plan)) == plan
