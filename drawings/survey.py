"""What is in a drawing: its entities by layer, type, block and closedness, and a first mapping of them to edit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from drawings.curves import is_closed
from drawings.facts import block_of, colour_of, text_of
from drawings.ledger import layer_of, printable
from drawings.mapping import Mapping, Rule, When
from drawings.norm import LAYERS
from drawings.sorting import FURNITURE
from gis.geometry.rings import CLOSE_M
from gis.kinds import KINDS

SAMPLES = 3
"""Texts that are shown of a group."""
WORDS: tuple[tuple[str, str, dict[str, str | float | bool]], ...] = (
    (r"厂界|红线|用地界|BOUND", "site_boundary", {}),
    (r"烟囱|排气筒|STACK|CHIMNEY", "structure", {"structure_type": "stack"}),
    (r"储罐|TANK", "structure", {"structure_type": "tank"}),
    (r"水池|沉淀池|POND|BASIN", "structure", {"structure_type": "pond"}),
    (r"基础|ФУНДАМЕНТ|FOUNDATION", "structure", {"structure_type": "foundation"}),
    (r"检查井|窨井|КОЛОД|MANHOLE|WELL", "manhole", {}),
    (r"污水|КАНАЛИЗ|SEW", "pipe", {"medium": "sewage"}),
    (r"雨水|ЛИВН|RAIN|STORM", "pipe", {"medium": "rain"}),
    (r"管线|管道|PIPE|ТРУБ", "pipe", {"medium": "other"}),
    (r"高程|标高|ОТМЕТК|ELEV", "elevation_point", {"elevation_m": "{text}"}),
    (r"道路|ROAD|ДОРОГ|ПОРЕБРИК", "road", {"road_type": "carriageway"}),
    (r"围墙|WALL|FENCE|ЗАБОР", "wall", {"wall_type": "wall"}),
    (r"绿地|绿化|GREEN|ЗЕЛЕН", "green", {}),
    (r"建筑|房屋|厂房|BUILD|ЗДАН|СТРОЕН", "building", {}),
)
"""Words in layer names → kind and attributes: a first guess, for a person to confirm."""
ASIDE = re.compile(r"图框|标题|标注|尺寸|轴线|注记|FRAME|TITLE|DIM|AXIS|DEFPOINTS", re.IGNORECASE)


@dataclass(slots=True)
class Group:
    """Entities that are alike."""

    layer: str
    type: str
    block: str | None
    closed: bool | None
    color: str
    """`#rrggbb` of the first one."""
    count: int = 0
    texts: list[str] = field(default_factory=list)
    """A few of their texts."""


Key = tuple[str, str, str | None, bool | None]


def key_of(entity: DXFEntity) -> Key:
    """Return what an entity is grouped by: layer, type, block, and whether it closes within 0.05 drawing units."""
    return printable(layer_of(entity)), entity.dxftype(), block_of(entity), is_closed(entity, CLOSE_M)


def survey(document: Drawing, keyed: Iterable[tuple[Key, DXFEntity]] | None = None) -> dict[Key, Group]:
    """Return what the model space of a drawing holds, in order of layer, type and block.

    Parameters
    ----------
    document : Drawing
        As read.
    keyed : iterable, optional
        Its entities with their keys, where the caller has them.
    """
    groups: dict[Key, Group] = {}
    for key, entity in keyed or ((key_of(entity), entity) for entity in document.modelspace()):
        group = groups.get(key)
        if group is None:
            group = groups[key] = Group(*key, color=colour_of(entity, document))
        group.count += 1
        text = text_of(entity)
        if text and len(group.texts) < SAMPLES and text not in group.texts:
            group.texts.append(text[:40])
    return dict(sorted(groups.items(), key=lambda row: tuple(str(part) for part in row[0])))


def _fits(kind: str, group: Group) -> bool:
    """Tell whether entities of a type can be things of a kind."""
    geometry = KINDS[kind].geometry
    if group.closed is None:
        return geometry == "Point" and group.type in ("POINT", "INSERT", "TEXT", "MTEXT")
    return group.closed if KINDS[kind].solid else geometry == "LineString"


def _guess(group: Group) -> Rule:
    """Return a first rule for a group; where nothing speaks for a kind it stays undecided."""
    when = When(
        layer=[re.sub(r"([*?])", "?", group.layer)], type=[group.type], block=[group.block] if group.block else [], closed=group.closed
    )
    if group.type in FURNITURE:
        return Rule(when=when, ignore=FURNITURE[group.type])
    if ASIDE.search(group.layer):
        return Rule(when=when, ignore="图框、标注")
    for words, kind, attributes in WORDS:
        if re.search(words, group.layer, re.IGNORECASE) and _fits(kind, group):
            marked = kind == "elevation_point" and group.type in ("POINT", "INSERT")
            return Rule(when=when, kind=kind, attributes={"elevation_m": "{z}"} if marked else attributes)
    if group.type in ("TEXT", "MTEXT"):
        return Rule(when=when, ignore="注记文字")
    return Rule(when=when)


def proposal(groups: dict[Key, Group]) -> Mapping:
    """Return a first mapping: one rule a group, by the words in layer names; layers of the norm need none."""
    return Mapping(mapping=1, name="初稿，请逐条核对", rules=[_guess(group) for group in groups.values() if group.layer not in LAYERS])


CLOSED = {True: "闭合", False: "不闭合", None: ""}


def print_survey(groups: dict[Key, Group], console: Console) -> None:
    """Print what is in a drawing, for people."""
    listed: Sequence[Group] = list(groups.values())
    table = Table(
        "图层", "类型", "块", "闭合", "数量", "文字示例", title=f"{sum(group.count for group in listed)} 个图元，{len(listed)} 组"
    )
    for group in listed:
        cells = (group.layer, group.type, group.block or "", CLOSED[group.closed], str(group.count), "，".join(group.texts))
        table.add_row(*(escape(cell) for cell in cells))
    console.print(table)
