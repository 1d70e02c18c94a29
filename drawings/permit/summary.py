"""The permit summary (许可证摘要) on A4: who may discharge what, where, how much, until when; drawn as the other sheets are."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from drawings.sheets.flowing import Paper, flowed, wide_table
from drawings.sheets.inks import Sheet
from drawings.sheets.stamps import day_of
from drawings.sheets.tables import Table
from gis.errors import NotFound
from gis.kinds import ENUMS
from gis.models.permit import Facility, Fugitive, Limit, Material, Permit, PermittedOutlet, SelfMonitoring, Total, Unit, Waste, permit_of
from gis.models.sheet import SheetFacts
from styles.palette import Theme

TITLE = "排污许可证摘要"
MEDIA = {"air": "废气", "water": "废水", "rain": "雨水"}
KINDS = {"raw": "原料", "auxiliary": "辅料", "fuel": "燃料"}
WASTES = {"hazardous": "危险废物", "general": "一般固废"}

T = TypeVar("T")


def figure(value: float | None) -> str:
    """Return a figure as people write it; empty where there is none.

    >>> figure(1500000.0), figure(0.0003), figure(None)
    ('1500000', '0.0003', '')
    """
    if value is None:
        return ""
    text = f"{value:.10f}".rstrip("0").rstrip(".")
    return text or "0"


def limit(one: Limit | None) -> str:
    """Return a limit with its unit, empty where nothing is limited."""
    if one is None:
        return ""
    return one.text or (f"{figure(one.value)} {one.unit}".strip() if one.value is not None else "")


def _listed(rows: Iterable[T], line: Callable[[T], tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [line(row) for row in rows]


def _basic(permit: Permit) -> Table:
    fields = [
        ("单位名称", permit.holder),
        ("许可证编号", permit.permit_no),
        ("统一社会信用代码", permit.credit_code),
        ("有效期限", f"{permit.valid_from} 至 {permit.valid_to}"),
        ("行业类别", " ".join(part for part in (permit.industry, permit.industry_code) if part)),
        ("管理类别", permit.management),
        ("法定代表人", permit.legal_person),
        ("技术负责人", " ".join(part for part in (permit.contact, permit.phone) if part)),
        ("生产经营场所", permit.address),
        ("发证机关", permit.issued_by),
    ]
    known = [(name, value) for name, value in fields if value]
    pairs = [(*known[at], *(known[at + 1] if at + 1 < len(known) else ("", ""))) for at in range(0, len(known), 2)]
    return wide_table("基本情况", "项目 17c|内容 43|项目 17c|内容 43", pairs)


def _outlets(outlets: Iterable[PermittedOutlet]) -> Table:
    rows: list[tuple[str, ...]] = []
    for outlet in outlets:
        said = [outlet.name, ENUMS["outlet_class"].get(outlet.outlet_class or "", ""), ENUMS["discharge_way"].get(outlet.way or "", "")]
        stack = [
            f"高 {figure(outlet.height_m)} m" if outlet.height_m is not None else "",
            f"内径 {figure(outlet.diameter_m)} m" if outlet.diameter_m is not None else "",
            f"→ {outlet.receiving_water}" if outlet.receiving_water else "",
        ]
        about = "，".join(part for part in (*said, *stack) if part)
        lines = [
            (one.name, limit(one.limit), limit(one.rate_limit), figure(one.annual_t), one.limit.standard if one.limit else "")
            for one in outlet.pollutants
        ] or [("", "", "", "", "")]
        rows += [(outlet.code, about, *lines[0]), *(("", "", *line) for line in lines[1:])]
    return wide_table("排放口和许可排放限值", "编号 12c|排放口 38|污染物 22|浓度限值 22|速率限值 16|许可量 t/a 16r|执行标准 38", rows)


def _totals(totals: Iterable[Total]) -> Table:
    rows = _listed(
        totals,
        lambda one: (
            MEDIA[one.medium],
            one.pollutant,
            *(figure(one.annual_t[year]) if year < len(one.annual_t) else "" for year in range(5)),
        ),
    )
    years = "|".join(f"第{year}年 t/a 24r" for year in "一二三四五")
    return wide_table("全厂许可排放总量", f"介质 14c|污染物 30|{years}", rows)


def _facility(one: Facility) -> tuple[str, ...]:
    return one.code, one.name, one.process, one.capacity, "、".join(one.pollutants), "、".join(one.serves), "、".join(one.outlets)


def _unit(one: Unit) -> tuple[str, ...]:
    made = "，".join(part for part in (one.line, one.process) if part)
    return one.code, one.name, made, one.parameters, "、".join(one.pollutants), one.treatment


def _amount(annual_t: float | None, annual: float | None, unit: str) -> str:
    return f"{figure(annual_t)} t/a" if annual_t is not None else f"{figure(annual)} {unit}".strip()


def _material(one: Material) -> tuple[str, ...]:
    return KINDS.get(one.kind or "", ""), one.name, _amount(one.annual_t, one.annual, one.unit), one.cas, one.store, one.hazards


def _waste(one: Waste) -> tuple[str, ...]:
    return WASTES.get(one.waste_class or "", ""), one.name, one.code, one.source, one.store, figure(one.capacity_t), one.disposal


def _fugitive(one: Fugitive) -> tuple[str, ...]:
    return one.place, one.step, one.pollutant, limit(one.limit), one.limit.standard if one.limit else "", one.measures


def _monitored(rows: Iterable[SelfMonitoring]) -> list[tuple[str, ...]]:
    """Return the plan with the pollutants of one outlet that are monitored alike in one row."""
    groups: dict[tuple[str, str, str, str, str], list[str]] = {}
    for one in rows:
        linked = "" if one.connected is None else "是" if one.connected else "否"
        groups.setdefault((one.outlet, one.way, one.frequency, linked, one.method), []).append(one.pollutant)
    return [(outlet, "、".join(names), way, often, linked, method) for (outlet, way, often, linked, method), names in groups.items()]


def tables(permit: Permit) -> list[Table]:
    """Return the tables of the summary; those of which the permit says nothing have no rows."""
    return [
        _basic(permit),
        _outlets(permit.outlets or ()),
        _totals(permit.totals),
        wide_table(
            "无组织排放",
            "位置 20|产污环节 24|污染物 20|限值 20|执行标准 40|防治措施 40",
            _listed(permit.fugitive, _fugitive),
        ),
        wide_table(
            "污染治理设施",
            "编号 12c|名称 28|治理工艺 34|设计能力 18|污染物 34|对应 24|排放口 18",
            _listed(permit.facilities or (), _facility),
        ),
        wide_table(
            "生产设施",
            "编号 14c|名称 28|生产单元、工艺 36|参数 34|污染物 38|治理设施 24",
            _listed(permit.units or (), _unit),
        ),
        wide_table(
            "原辅材料及燃料",
            "种类 12c|名称 34|年最大使用量 28r|CAS 号 24|贮存场所 34|有毒有害成分 34",
            _listed(permit.materials, _material),
        ),
        wide_table(
            "产品及产能",
            "名称 80|生产能力 40r",
            _listed(permit.products, lambda one: (one.name, _amount(one.annual_t, one.annual, one.unit))),
        ),
        wide_table(
            "固体废物",
            "类别 18c|名称 34|代码 22|产生环节 26|贮存场所 34|贮存能力 t 20r|去向 30",
            _listed(permit.wastes, _waste),
        ),
        wide_table(
            "自行监测方案",
            "点位 20|污染物 60|方式 20|频次 26|联网 12c|方法 34",
            _monitored(permit.self_monitoring),
        ),
    ]


def summary(facts: SheetFacts, theme: Theme, base_url: str) -> list[Sheet]:
    """Return the sheets of an enterprise's permit.

    Parameters
    ----------
    facts : SheetFacts
        As `gis.store.sheets.sheet_facts` reads them.
    theme : str
        `light` in colour, `print-bw` in black and white.
    base_url : str
        Address of the panorama.

    Raises
    ------
    NotFound
        No permit is registered.
    """
    if facts.permit is None:
        raise NotFound("没有登记这个企业的排污许可证")
    permit = permit_of(facts.permit)
    rows = (
        (("排污单位编码", facts.enterprise.code or "（未登记）"),),
        (("有效期限", f"{permit.valid_from} 至 {permit.valid_to}"),),
        (("发证机关", permit.issued_by or "（未注明）"),),
        (("登记版本", f"第 {facts.permit_version} 版"),),
    )
    code = facts.enterprise.code or permit.permit_no
    paper = Paper(TITLE, facts.enterprise.name, rows, f"{base_url.rstrip('/')}/#sel={facts.enterprise.feature_id}", code, day_of(facts))
    return flowed(paper, tables(permit), [permit.note] if permit.note else [], theme)
