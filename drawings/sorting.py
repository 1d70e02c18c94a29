"""Sharing out a drawing's entities: by the rules of a mapping, else by the layers of the norm."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.insert import Insert

from drawings.ledger import Ledger, finding, handle_of, layer_of, place_of, printable
from drawings.norm import LAYERS, Layer, blocks_on
from drawings.rules import Rules
from gis.kinds import KINDS, Kind

if TYPE_CHECKING:
    from drawings.mapping import Rule

FURNITURE = {
    "HATCH": "填充",
    "MPOLYGON": "填充",
    "SOLID": "填充",
    "DIMENSION": "尺寸与引线",
    "LEADER": "尺寸与引线",
    "MULTILEADER": "尺寸与引线",
    "WIPEOUT": "遮罩与图像",
    "IMAGE": "遮罩与图像",
    "VIEWPORT": "视口",
}
"""Entities that decorate any layer and carry no facts: type → reason for leaving them out."""
DECORATION = FURNITURE | dict.fromkeys(("TEXT", "MTEXT"), "注记文字（属性以标注块为准）")
"""On layers of the norm attributes are the truth, free text never is."""
PROXIES = frozenset({"ACAD_PROXY_ENTITY", "ACAD_PROXY_OBJECT"})
MOST_EXPLODED = 50_000
"""Entities that the blocks of one drawing may explode to."""


@dataclass(frozen=True, slots=True)
class Making:
    """What an entity is to become."""

    kind: Kind | None
    """None: the label block in the outline decides."""
    rule: "Rule | None" = None
    """The rule that said so; None: the norm."""
    values: tuple[tuple[str, object], ...] = ()
    """Attribute values that the layer alone stands for."""
    name: str = ""
    """What it is called where nobody says."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entity and what it is to become."""

    entity: DXFEntity
    making: Making


@dataclass(slots=True)
class Found:
    """The entities that carry facts, by what they can be."""

    areas: list[Item] = field(default_factory=list)
    lines: list[Item] = field(default_factory=list)
    spots: list[Item] = field(default_factory=list)
    symbols: list[Insert] = field(default_factory=list)
    """Blocks of the norm."""
    unknown: dict[tuple[str, str], list[DXFEntity]] = field(default_factory=lambda: defaultdict(list))
    """What nothing decides over, by layer and reason."""


class Sorter:
    """Shares out entities; a mapping's rules come before the norm."""

    def __init__(self, ledger: Ledger, rules: Rules | None) -> None:
        self.ledger = ledger
        self.rules = rules
        self.found = Found()
        self._makings: dict[int, Making] = {}
        self._layers: dict[str, Making] = {}
        self._exploded = 0

    def share(self, entities: Sequence[DXFEntity]) -> Found:
        """Share out all entities and return them by what they can be."""
        for entity in entities:
            self._one(entity)
        return self.found

    def _one(self, entity: DXFEntity) -> None:
        rule = self.rules.rule_for(entity) if self.rules else None
        name = layer_of(entity)
        if rule is not None:
            self._by_rule(entity, rule)
        elif name in LAYERS:
            self._by_norm(entity, LAYERS[name])
        elif entity.dxftype() in PROXIES:
            self._proxy(entity)
        elif self.rules and entity.dxftype() in FURNITURE:
            self.ledger.ignore(entity, FURNITURE[entity.dxftype()])
        else:
            self.found.unknown[name, "rule" if self.rules else "layer"].append(entity)

    def _by_rule(self, entity: DXFEntity, rule: "Rule") -> None:
        if rule.ignore is not None:
            self.ledger.ignore(entity, rule.ignore)
        elif rule.explode and isinstance(entity, Insert):
            self._explode(entity)
        elif rule.kind is None:
            self.found.unknown[layer_of(entity), "undecided"].append(entity)
        else:
            making = self._makings.get(id(rule))
            if making is None:
                kind = KINDS[rule.kind]
                making = self._makings[id(rule)] = Making(kind, rule, name=kind.label)
            self._keep(entity, making)

    def _keep(self, entity: DXFEntity, making: Making) -> None:
        kind = making.kind
        if kind is None or kind.solid or kind.geometry == "MultiPolygon":
            spot = kind is not None and kind.geometry == "Geometry" and entity.dxftype() in ("POINT", "INSERT", "TEXT", "MTEXT")
            (self.found.spots if spot else self.found.areas).append(Item(entity, making))
        elif kind.geometry == "LineString":
            self.found.lines.append(Item(entity, making))
        else:
            self.found.spots.append(Item(entity, making))

    def _by_norm(self, entity: DXFEntity, layer: Layer) -> None:
        type_ = entity.dxftype()
        if not layer.kinds:
            self.ledger.ignore(entity, f"{layer.name} {layer.label}：暂不入库")
        elif type_ in DECORATION:
            self.ledger.ignore(entity, DECORATION[type_])
        elif type_ in PROXIES:
            self._proxy(entity)
        elif isinstance(entity, Insert):
            self.found.symbols.append(entity)
        else:
            making = self._layers.get(layer.name)
            if making is None:
                making = self._layers[layer.name] = norm_making(layer)
            if making.kind is not None and making.kind.geometry == "Point":
                hint = f"图层 {layer.name}（{layer.label}）只放：{'、'.join(blocks_on(layer))}"
                self.ledger.refuse([handle_of(entity)], finding("E203", f"{type_} 不是规范的点位块", hint, place_of(entity)))
            else:
                self._keep(entity, making)

    def _proxy(self, entity: DXFEntity) -> None:
        hint = "请在原软件中“图形导出”或炸开后另存"
        self.ledger.refuse([handle_of(entity)], finding("W105", "代理图元（第三方软件对象）无法读取", hint, place_of(entity)))

    def _explode(self, insert: Insert) -> None:
        """Share out what a block reference shows; each part is known by the reference's handle and its place in the block."""
        if self._exploded > MOST_EXPLODED:
            hint = "请改用不炸开的规则，或在 CAD 中清理块"
            self.ledger.refuse(
                [handle_of(insert)], finding("E111", f"块炸开后超过 {MOST_EXPLODED} 个图元，其余未读", hint, place_of(insert))
            )
            return
        parent, layer = handle_of(insert), insert.dxf.layer
        for number, part in enumerate([*insert.virtual_entities(), *insert.attribs]):
            self._exploded += 1
            part.dxf.handle = f"{parent}.{number}"
            if part.dxf.is_supported("layer") and part.dxf.get("layer", "0") == "0":
                part.dxf.layer = layer
            self._one(part)


def norm_making(layer: Layer) -> Making:
    """Return what an entity that is no block becomes on a layer of the norm."""
    areas = [kind for kind in layer.kinds if kind.solid or kind.geometry == "MultiPolygon"]
    if any(kind.blocks for kind in areas):
        return Making(None)
    kind = areas[0] if areas else layer.kinds[0]
    return Making(kind, values=kind.layer_implies.get(layer.name, ()), name=layer.label)


UNDECIDED = {
    "layer": ("E201", "图层 {name} 不在规范内，其上 {count} 个图元未采用", "请改到规范图层、删去，或用对照文件（--mapping）说明"),
    "rule": ("E201", "图层 {name} 上 {count} 个图元没有对照规则（{types}）", "请在对照文件中为它们写 kind，或写 ignore 和理由"),
    "undecided": ("E211", "图层 {name} 上 {count} 个图元尚未决定（{types}）", "请在对照文件的该条规则中写 kind，或写 ignore 和理由"),
}


def refuse_unknown(found: Found, ledger: Ledger) -> None:
    """Refuse what nothing decides over, one issue a layer."""
    for (name, why), rows in found.unknown.items():
        code, message, hint = UNDECIDED[why]
        types = "、".join(sorted({entity.dxftype() for entity in rows}))
        said = message.format(name=printable(name), count=len(rows), types=types)
        ledger.refuse((handle_of(entity) for entity in rows), finding(code, said, hint, place_of(rows[0])))
