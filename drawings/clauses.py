"""The drafting norm as a page to read (docs/norm.zh.md), written from the registries that the program itself goes by."""

from collections.abc import Iterable, Iterator

from drawings.checks import OUTLET_REACH_M, TOUCH_M
from drawings.norm import APPID, BLOCKS, LAYERS, REQUIRED_LAYERS, SOURCE_CODE, Layer, Symbol, tags_of
from drawings.report import SEVERITY_LABELS
from drawings.rings import DISTANCE_M
from drawings.sets import SAME_PLACE_M
from drawings.template import COMMON, DASHES, FONT, TEXT_STYLE, label_of, layer_rgb
from gis.issues import CODES, GROUPS
from gis.kinds import ENUMS, KINDS, Attribute, Kind
from gis.models.sheet import TITLES
from gis.supervision.network import REACH_M
from gis.surroundings import AIR_REACH_M, WATER_REACH_M
from styles.dxf import nearest_aci

WHERE = {"model": "三维模型", "set": "四张图之间", "permit": "图与许可证", "layer": "图层文件", "sheet": "印出的图幅"}
SHAPES = {
    "Point": "图块",
    "LineString": "线",
    "Polygon": "闭合轮廓",
    "PolygonZ": "闭合轮廓",
    "MultiPolygon": "闭合轮廓",
    "Geometry": "图块，或闭合轮廓",
}
DIRECTED = ("process_stream", "river")
"""Kinds beside pipes whose lines run the way that something flows."""
STROKES = {"QJ_DASHDOTDOT": "双点划线", "QJ_DASHED": "虚线"}
TYPES = {"text": "文字", "integer": "整数", "number": "数", "boolean": "是、否", "date": "日期"}

HEAD = f"""# 制图规范 QJ-DN 1.0

四张图（厂区平面图、生产流程工艺图、污染物排放及监控点位图、周边风险点位图）怎样画，程序才能查、能存、能出图、能还原。本页由程序的登记表写成
（`quanjing drawing norm`）：程序按什么查，这里就写什么。空白图纸：`quanjing drawing template OUT.dxf`；带厂界、底图和许可证编号的：
`quanjing drawing template OUT.dxf --enterprise 编码`。检查：`quanjing drawing check`。不按本规范画的旧图，用对照文件（`--mapping`）读。

## 一、文件

1. DXF，R2013 以上，UTF-8；R12–R2018 都能读，GBK（ANSI_936）和 `\\U+XXXX` 也能读。DWG 请先另存为 DXF。
2. 一家企业一种图一个文件：`<22 位排污单位编码>_<A|B|C|D>_v<两位版本号>.dxf`。编码形如 `{SOURCE_CODE.strip("^$")}`（HJ 608-2017 附录 A）。
3. 1 图形单位 = 1 米（`$INSUNITS` = 6），Z 一律为 0，高度写在属性里；只读模型空间，图幅由程序生成，不用画图框。
4. A、C、D 用 EPSG:4545（CGCS2000 3 度带，中央经线 108°E）真实坐标，不平移、不旋转、不缩放。只有地方坐标的旧图，放至少 3 个控制点块
   `QJ_GCP`（属性 E、N、SRC）或写 GEODATA；互联网地图（GCJ-02、BD-09）上量的点不能作控制点。
5. B（生产流程）不是地图，按图面坐标画，也可以用表格（YAML）写，由程序排版：`quanjing process draw`。
6. 属性为准，图上的散字不算数。程序导出的图元带扩展数据 `{APPID}`，请不要删除：它说明这个图元是库里的哪一个。
"""
SOLIDS = f"""## 五、怎样画

1. **建构筑物、地下构筑物、产污单元、治理设施、库**：一个闭合轮廓（多段线、圆、椭圆、样条都行），轮廓内放一个标注块，块决定它是什么。
   缺口 0.05 m 以内自动闭合，以上请改。洞画在同一图层。
2. **高度**：`HEIGHT` 是地面以上的高，`BASE` 是底（相对地面，地下为负，不填为 0），`DEPTH` 是池深或埋深，`DIAM` 是直径，单位都是米。
3. **管线**：有向线，起点流向终点；端点捕捉到单元、设施、检查井、排放口或另一条管线（误差 {REACH_M:g} m 以内）。埋地的画在 `QJ-P-UNDER`。
   污水要走得通：产污单元 → 废水治理设施 → 废水排放口。
4. **厂界**：`QJ-A-BOUND` 上至少一个闭合轮廓。轮廓类的要素不出厂界（容差 {TOUCH_M:g} m）；
   排放口、监控点可在界外 {OUTLET_REACH_M:g} m 以内。
5. **受体**：`QJ-R-RING` 上画评价半径；大气受体在最外圈内（没画圈的 {AIR_REACH_M / 1000:g} km），
   水受体在下游 {WATER_REACH_M / 1000:g} km 内；`DIST` 是到厂界的最短距离，误差不超过 {DISTANCE_M:g} m。
6. **同一编号**在几张图上是同一个东西：位置相差不超过 {SAME_PLACE_M:g} m，属性一致，以平面图为准。
"""


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = [tuple(head), *(tuple(cell.replace("|", "、") for cell in row) for row in rows)]
    lines.insert(1, tuple("---" for _ in lines[0]))
    return "\n".join(f"| {' | '.join(row)} |" for row in lines) + "\n"


def _drawn(kind: Kind) -> str:
    if kind.form == "pipe" or kind.name in DIRECTED:
        return "有向线"
    outlined = kind.geometry in ("Polygon", "PolygonZ", "MultiPolygon")
    return "闭合轮廓 + 标注块" if outlined and kind.blocks else SHAPES[kind.geometry]


def _shape(layer: Layer) -> str:
    return "；".join(dict.fromkeys(map(_drawn, layer.kinds))) or "不限，不入库"


def _layers() -> str:
    rows = []
    for layer in LAYERS.values():
        colour = layer_rgb(layer)
        shown = f"`#{colour[0]:02x}{colour[1]:02x}{colour[2]:02x}`（{nearest_aci(colour)}）"
        dash = f"{STROKES[layer.dash]} `{layer.dash}`" if layer.dash else "实线"
        rows.append((f"`{layer.name}`", layer.label, _shape(layer), f"{layer.width_mm:.2f}", shown, dash))
    required = [
        f"- {TITLES[kind]}（{kind}）：{'；'.join(' 或 '.join(f'`{name}`' for name in group) for group in groups)}"
        for kind, groups in REQUIRED_LAYERS.items()
    ]
    table = _table(("图层", "画什么", "怎么画", "线宽 mm", "颜色（索引色）", "线型"), rows)
    return f"## 二、图层\n\n{table}\n每种图上一定要有东西的图层（厂界另有要求）：\n\n" + "\n".join(required) + "\n"


def _codes(symbol: Symbol) -> str:
    if not symbol.code:
        return ""
    return f"`{symbol.code}{'0001' if symbol.code == 'MF' else '001'}`"


def _value(attribute: Attribute) -> str:
    if attribute.enum:
        return "、".join(f"{code} {label}" for code, label in ENUMS[attribute.enum].items())
    return TYPES[attribute.type] + (f"，{attribute.unit}" if attribute.unit else "")


def _common(kind: Kind, tag: str) -> str:
    if tag == "CODE" and kind.code_pattern:
        return f"形如 `{kind.code_pattern.strip('^$')}`".replace("|", " 或 ")
    return {"CODE": "文字", "NAME": "文字"}.get(tag, "数，m")


def _kind(kind: Kind) -> str:
    blocks = [BLOCKS[block.name] for block in kind.blocks]
    head = _table(("图块", "是什么", "编号形如"), ((f"`{one.name}`", one.label, _codes(one)) for one in blocks))
    known = {attribute.tag: attribute for attribute in kind.attributes if attribute.tag}
    rows = []
    for tag in tags_of(kind):
        attribute = known.get(tag)
        needed = "必填" if attribute and attribute.required else ""
        label = attribute.label if attribute else label_of(blocks[0], tag)
        rows.append((f"`{tag}`", label, _value(attribute) if attribute else _common(kind, tag), needed))
    layers = "、".join(f"`{name}`" for name in kind.layers)
    return f"### {kind.label}\n\n图层：{layers}\n\n{head}\n{_table(('属性', '含义', '填什么', ''), rows)}"


def _blocks() -> str:
    plain = [symbol for symbol in BLOCKS.values() if symbol.kind is None]
    rows = ((f"`{one.name}`", one.label, "、".join(f"`{tag}` {COMMON.get(tag, tag)}" for tag in one.tags)) for one in plain)
    others = f"### 其他\n\n{_table(('图块', '是什么', '属性'), rows)}"
    note = (
        "图块的大小是 1 × 1 图形单位，插入点在符号的锚点，图形由符号库生成（`styles/symbols`），比例一般取 4（1:1000 的图上 4 mm）。"
        "符号有几种颜色，所以图块自带颜色（真彩色），不随图层或插入时的颜色改变。"
    )
    kinds = [_kind(kind) for kind in KINDS.values() if any(block.name in BLOCKS for block in kind.blocks)]
    return "\n".join([f"## 三、图块和属性\n\n{note}\n\n![符号](images/symbols.png)\n", *kinds, others])


def _step(length: float) -> str:
    return "点" if length == 0 else f"{abs(length):g}{' 空' if length < 0 else ''}"


def _styles() -> str:
    rows = [(f"`{name}`", STROKES[name], "、".join(map(_step, steps[1:]))) for name, (_, steps) in DASHES.items()]
    return (
        f"## 四、线型和文字\n\n{_table(('线型', '是什么', '一段（米）'), rows)}\n"
        f"文字样式只有一种：`{TEXT_STYLE}`，字体黑体（`{FONT}`），印在图幅上不小于 2 mm。\n"
    )


def _where(where: str) -> str:
    return WHERE.get(where) or "、".join(where)


def _issues() -> Iterator[str]:
    yield (
        "## 六、检查代码\n\n**错误**是制图错误，不改不能发布；**提醒**可以发布，请核对；"
        "**监管问题**是现场或许可的问题，照常发布，并列入企业的问题清单。\n"
        "A、B、C、D 是四张图。\n"
    )
    for group, label in GROUPS.items():
        rows = [
            (f"`{code.code}`", SEVERITY_LABELS[code.severity], code.label, _where(code.where), code.hint)
            for code in CODES.values()
            if code.code[1] == group[1]
        ]
        yield f"### {label}\n\n{_table(('代码', '级别', '问题', '查哪里', '怎么改'), rows)}"


def page() -> str:
    """Return the norm as Markdown, Chinese."""
    return "\n".join([HEAD, _layers(), _blocks(), _styles(), SOLIDS, *_issues()])
