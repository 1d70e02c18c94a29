from pathlib import Path

import pytest

from drawings.clauses import page
from drawings.norm import BLOCKS, LAYERS, blocks_on, tags_of
from drawings.template import layer_rgb, template
from gis.issues import CODES
from gis.kinds import KINDS
from styles.dxf import nearest_aci

PAGE = Path(__file__).parents[2] / "docs" / "norm.zh.md"


def test_every_layer_and_block_of_a_kind_is_in_the_norm() -> None:
    for kind in KINDS.values():
        assert set(kind.layers) <= set(LAYERS)
        for block in kind.blocks:
            assert BLOCKS[block.name].kind is kind
            assert BLOCKS[block.name].tags == tags_of(kind)


def test_layers_without_a_kind_are_known_all_the_same() -> None:
    assert LAYERS["QJ-R-ROUTE"].kinds == ()
    assert blocks_on(LAYERS["QJ-R-ROUTE"]) == ()
    assert blocks_on(LAYERS["QJ-A-OUTLET"]) == ("QJ_DA", "QJ_DW", "QJ_YS")


@pytest.mark.parametrize("version", ["R2000", "R2004", "R2013", "R2018"])
def test_template_holds_the_whole_norm(version: str) -> None:
    document = template(version)
    assert document.header["$INSUNITS"] == 6
    for layer in LAYERS.values():
        entry = document.layers.get(layer.name)
        assert entry.description == layer.label
        assert entry.dxf.lineweight == round(layer.width_mm * 100)
    for symbol in BLOCKS.values():
        block = document.blocks.get(symbol.name)
        assert tuple(attdef.dxf.tag for attdef in block.query("ATTDEF")) == symbol.tags
        assert {entity.dxf.color for entity in block.query("ATTDEF")} == {0}
        assert len(block) > len(symbol.tags)
    assert not document.audit().has_errors


def test_symbols_fit_the_unit_square() -> None:
    document = template()
    for symbol in BLOCKS.values():
        for line in document.blocks.get(symbol.name).query("LWPOLYLINE"):
            assert all(abs(x) <= 0.5 and abs(y) <= 0.5 for x, y in line.get_points("xy"))


def test_the_norm_that_people_read_is_the_one_that_the_program_goes_by() -> None:
    text = page()
    assert PAGE.read_text(encoding="utf-8") == text, "make bless"
    for name in (*LAYERS, *BLOCKS, *CODES):
        assert f"`{name}`" in text


def test_nearest_index_colour() -> None:
    assert nearest_aci((255, 0, 0)) == 1
    assert nearest_aci((1, 254, 1)) == 3
    assert layer_rgb(LAYERS["QJ-A-BOUND"])[0] > 150
