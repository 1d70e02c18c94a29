"""The library: whole, by the rules, and clear about what is wrong with a file."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from gis.errors import StyleError
from gis.kinds import KINDS
from styles.library import fills as fill_styles
from styles.library import lines, read, style_of, styles, symbols, types_of
from styles.palette import THEMES, palette
from styles.source import FORMS, schema
from styles.symbol import STATES

GOOD = """
name_zh: 点
name_en: Dot
group: 测试
geometry:
  - {circle: [12, 12, 4], fill: ink}
"""


def test_there_are_enough_of_each() -> None:
    assert len(symbols()) >= 60
    assert len(lines()) >= 12
    assert len(fill_styles()) >= 10


def test_every_kind_and_type_has_a_style() -> None:
    for kind in KINDS.values():
        for type_ in (None, *types_of(kind.name)):
            style = style_of(kind.name, type_)
            assert style.line or kind.geometry in ("Point", "Geometry")
            assert style.fill or "Polygon" not in kind.geometry


def test_types_of_a_kind_with_outlets_of_their_own_differ() -> None:
    assert style_of("outlet", "air").symbol != style_of("outlet", "water").symbol
    assert style_of("pipe", "other") == style_of("pipe")
    with pytest.raises(KeyError):
        style_of("castle")


def test_every_style_is_used_and_every_colour_is_there() -> None:
    assert {style.symbol.id for style in styles().values()} <= symbols().keys()
    assert all(set(row) == set(THEMES) for row in palette().values())
    assert all(set(symbol.states) >= set(STATES) - {"normal"} for symbol in symbols().values())


def test_names_are_told_apart() -> None:
    names = [symbol.name_zh for symbol in symbols().values() if not symbol.id.startswith("receptor-")]
    doubled = {name for name in names if names.count(name) > 1}
    assert doubled == set()


def test_the_sign_of_hazardous_waste_is_the_one_in_force() -> None:
    basis = symbols()["waste-hazardous"].basis
    assert "HJ 1276-2022" in basis
    assert style_of("storage", "hazardous").symbol.id == "waste-hazardous"


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("fill: ink", "fill: inky"), "no colour token 'inky'"),
        (("circle: [12, 12, 4]", "circle: [12, 12, 40]"), "off the grid"),
        (("circle: [12, 12, 4]", "blob: [12, 12, 4]"), "exactly one of line, arc"),
        (("circle: [12, 12, 4], fill", "circle: [12, 12, 4], line: [1, 2, 3, 4], fill"), "exactly one of line, arc"),
        (("fill: ink", "width: 2"), "neither fill nor stroke"),
        (("name_en: Dot", "name_fr: Point"), "name_fr"),
        (("geometry:", "geometry: ["), "dot.yaml"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    file = tmp_path / "dot.yaml"
    file.write_text(GOOD, encoding="utf-8")
    read(file, "symbol")
    file.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(StyleError, match=r"dot\.yaml") as caught:
        read(file, "symbol")
    assert complaint in str(caught.value)


def test_all_faults_of_a_file_are_said_at_once(tmp_path: Path) -> None:
    file = tmp_path / "dot.yaml"
    file.write_text(GOOD.replace("ink", "inky").replace("group: 测试\n", ""), encoding="utf-8")
    with pytest.raises(StyleError) as caught:
        read(file, "symbol")
    assert len(str(caught.value).splitlines()) == 2


def test_the_schema_is_one_for_editors() -> None:
    kept = files("styles").joinpath("schema")
    for what in FORMS:
        assert json.loads(kept.joinpath(f"{what}.json").read_text(encoding="utf-8")) == schema(what), "quanjing style schema"
