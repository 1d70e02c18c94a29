"""Whether a printed sheet shows what its drawing must show (content items P1 to P6, F1 to F4, M1 to M6, R1), each stored thing of each.

The stored facts say what must be there; whether it is there is read from the PDF alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from drawings.sheets import proof, receptors
from drawings.sheets.flow import NOT_DRAWN, stream_label
from drawings.sheets.fonts import PLAIN
from drawings.sheets.ground import Thing, things
from drawings.sheets.legend import label_of
from drawings.sheets.maps import joined
from drawings.sheets.monitoring import DISCHARGE, TYPES
from drawings.sheets.plan import site_of
from drawings.sheets.printed import Printed
from drawings.sheets.receptors import metres
from gis.kinds import ENUMS
from gis.models.process import NodeType
from gis.models.sheet import Kind, SheetFacts
from styles.palette import Theme

MONITORS = dict(zip(("M1", "M2", "M3", "M4", "M5"), TYPES, strict=False))
"""Content item → type of monitoring point."""


@dataclass(frozen=True, slots=True)
class Item:
    """One content item of a sheet."""

    name: str
    wanted: int
    """How many things of it are stored."""
    missing: tuple[str, ...]
    """What of it the sheet does not show."""


@dataclass(frozen=True, slots=True)
class Page:
    """A printed sheet with what is looked for on it."""

    printed: Printed
    counts: Mapping[str, int]
    """Line of the legend → how often the map shows it."""
    on_map: str
    """All that is written on the map, without blanks."""
    own: Sequence[Thing]
    facts: SheetFacts

    def of(self, *kinds: str) -> list[Thing]:
        """Return the enterprise's things of some kinds."""
        return [thing for thing in self.own if thing.kind in kinds]

    def legend(self, label: str) -> int:
        """Return how often the map shows what the legend calls so, alone or with others."""
        return max((count for name, count in self.counts.items() if label in name.split("、")), default=0)

    def codes(self, name: str, listed: Sequence[Thing]) -> Item:
        """Return an item whose things stand on the map with their codes."""
        return Item(name, len(listed), tuple(thing.code for thing in listed if thing.code not in self.on_map))


def _boundary(page: Page) -> Item:
    stored = page.of("site_boundary")
    return Item("P1", len(stored), () if not stored or page.legend("厂界") else ("厂界",))


def _sewage(page: Page) -> Item:
    """Every run of sewage pipes has an arrow of its flow; where there is none, the sheet says where the water goes."""
    shapes = [thing.xy for thing in page.of("pipe") if thing.type == "sewage"]
    said = () if "污水流通去向" in page.printed.text else ("污水去向说明",)
    if not shapes:
        return Item("P5", 0, said)
    merged = joined(shapes)
    runs = len(getattr(merged, "geoms", [merged]))
    arrows = page.legend("污水管线及流向")
    return Item("P5", runs, (*said, *(() if arrows >= runs else (f"流向箭头 {arrows}/{runs}",))))


def _receptors(page: Page) -> Item:
    stored = page.of("receptor")
    lost = [thing.name for thing in stored if receptors.plain(thing.name).replace(" ", "") not in page.on_map]
    return Item("P6", len(stored), tuple(lost))


def _monitors(page: Page, name: str, type_: str) -> Item:
    """Every point of a type stands on the map with symbol and code; where there is none, the sheet says so."""
    stored = [thing for thing in page.of("monitoring_point") if thing.type == type_]
    label = ENUMS["monitor_type"][type_]
    if not stored:
        none = page.printed.text.partition("未设：")[2].partition("。")[0]
        return Item(name, 0, () if label in none.split("、") else (f"未设{label}的说明",))
    lost = [thing.code for thing in stored if thing.code not in page.on_map]
    lost += [f"MN {thing.says('mn')}" for thing in stored if thing.says("mn") not in page.printed.text]
    count = page.legend(label)
    return Item(name, len(stored), (*lost, *(() if count >= len(stored) else (f"符号 {count}/{len(stored)}",))))


def _outlets(page: Page) -> Item:
    stored = page.of("outlet")
    lost = [thing.code for thing in stored if thing.code not in page.on_map]
    for medium, word in DISCHARGE.items():
        wanted = sum(thing.type == medium for thing in stored)
        count = page.legend(f"{word}排放口")
        lost += [] if count >= wanted else [f"{word}排放口符号 {count}/{wanted}"]
    return Item("M6", len(stored), tuple(lost))


def _risks(page: Page) -> Item:
    """Receptors with name, sort, distance and people; both distances, water downstream, wind, ways out."""
    enterprise = things([page.facts.enterprise])[0]
    listed = receptors.around(page.of("receptor"), site_of(page.own, enterprise))
    text = page.printed.text
    lost = [one.name for one in listed if one.name.replace(" ", "") not in text or metres(one.distance_m).replace(" ", "") not in text]
    lost += [f"{one.name}人数" for one in listed if one.thing.says("population") and one.thing.says("population") not in text]
    for sort in dict.fromkeys(label_of("receptor", one.thing.type) for one in listed):
        wanted = sum(label_of("receptor", one.thing.type) == sort for one in listed)
        lost += [] if page.legend(sort) >= wanted else [f"{sort}符号 {page.legend(sort)}/{wanted}"]
    words = ("厂界外5km", "500m", "下游10km水体", "风向频率玫瑰", "静风", "疏散路线（建议）", "受体人数")
    lost += [word for word in words if word not in text]
    lost += [] if page.legend("疏散路线（建议）") else ["疏散路线"]
    lost += [] if page.legend("厂界外距离") >= 3 else ["距离圈"]
    return Item("R1", len(listed), tuple(lost))


def _process(page: Page) -> list[Item]:
    """Return steps, streams, materials and products, pollution with its sign; where there is no process, the sheet must say so."""
    if page.facts.process is None:
        said = () if NOT_DRAWN in page.printed.text else (NOT_DRAWN,)
        return [Item(name, 0, said) for name in ("F1", "F2", "F3", "F4")]
    graph = page.facts.process.graph

    def named(name: str, *types: NodeType) -> Item:
        wanted = [node.name for node in graph.nodes if node.type in types]
        return Item(name, len(wanted), tuple(one for one in wanted if one.translate(PLAIN).replace(" ", "") not in page.on_map))

    lost = []
    for medium in ENUMS["pipe_medium"]:
        count, label = sum(stream.medium == medium for stream in graph.streams), stream_label(medium)
        lost += [] if page.legend(label) >= count else [f"{label} {page.legend(label)}/{count}"]
    pollution = named("F4", "pollution")
    seen = page.legend("产污环节（突出标注）")
    signs = () if seen >= pollution.wanted else (f"突出标注 {seen}/{pollution.wanted}",)
    return [
        named("F1", "step"),
        Item("F2", len(graph.streams), tuple(lost)),
        named("F3", "material", "product"),
        Item("F4", pollution.wanted, (*pollution.missing, *signs)),
    ]


PLAN: tuple[Callable[[Page], Item], ...] = (
    _boundary,
    lambda page: page.codes("P2", page.of("production_unit")),
    lambda page: page.codes("P3", page.of("treatment_facility")),
    lambda page: page.codes("P4", page.of("outlet")),
    _sewage,
    _receptors,
)


def items(printed: Printed, facts: SheetFacts, kind: Kind, theme: Theme) -> list[Item]:
    """Return the content items of a printed sheet, with what of each is missing.

    Parameters
    ----------
    printed : Printed
        The sheet.
    facts : SheetFacts
        What is stored.
    kind : str
        Of the drawing.
    theme : str
        That it was printed in.
    """
    where = proof.parts(printed)
    if where is None:
        return [Item(kind, 1, ("图例",))]
    counts = proof.shown(printed, where, theme).counts
    on_map = "".join(run.text for run in printed.within(where.map)).replace(" ", "")
    page = Page(printed, counts, on_map, things(facts.features), facts)
    if kind == "B":
        return _process(page)
    if kind == "A":
        return [item(page) for item in PLAN]
    if kind == "C":
        return [*(_monitors(page, name, type_) for name, type_ in MONITORS.items()), _outlets(page)]
    return [_risks(page)]
