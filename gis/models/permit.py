"""The summary of a discharge permit (排污许可证摘要): who may discharge what, where, how much, until when.

The lists follow the tables of the permit's copy (副本) as the national platform (permit.mee.gov.cn) prints it; codes are those of
HJ 608-2017. The store keeps it as one JSON document of this shape (`gis.store.permits`); `schema()` is the shape for other programs.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gis.errors import Invalid

PERMIT_NO = re.compile(r"^[0-9A-HJ-NPQRTUWXY]{18}\d{3}[A-Z]$")
"""Number of a permit, the code of the place that discharges (HJ 608-2017, 5.2)."""
MOST_FAULTS = 10

Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=2000)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Medium = Literal["air", "water", "rain"]


def _day(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError("应为日期，如 2026-01-31") from None
    if isinstance(value, date):
        return value
    raise ValueError("应为日期，如 2026-01-31")


Day = Annotated[date, BeforeValidator(_day)]


class _Row(BaseModel):
    """A row of the document: what it does not know is refused, so that a slip in a name loses nothing."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


class Limit(_Row):
    """A limit with what sets it."""

    value: float | None = Field(default=None, allow_inf_nan=False, description="限值；只有文字（如林格曼黑度 1 级）时为空")
    unit: Text = Field(default="", description="计量单位，如 mg/m³、kg/h")
    standard: Text = Field(default="", description="执行的标准")
    text: Text = Field(default="", description="证上的原文，只有文字或有多个时段时")


class PermittedPollutant(_Row):
    """What an outlet may discharge of one pollutant."""

    name: Name = Field(description="污染物种类")
    limit: Limit | None = Field(default=None, description="许可排放浓度限值")
    rate_limit: Limit | None = Field(default=None, description="许可排放速率限值")
    annual_t: Amount | None = Field(default=None, description="许可年排放量限值，t/a（各年不同时为第一年）")


class PermittedOutlet(_Row):
    """One outlet (排放口)."""

    code: Name = Field(description="排放口编号：DA001、DW001、YS001（HJ 608-2017）")
    name: Text = Field(default="", description="排放口名称")
    medium: Medium | None = Field(default=None, description="air 废气，water 废水，rain 雨水")
    outlet_class: Literal["main", "general", "workshop", "rain"] | None = Field(
        default=None, alias="class", description="main 主要排放口，general 一般排放口，workshop 车间或车间处理设施排放口，rain 雨水排放口"
    )
    way: Literal["direct", "indirect", "none"] | None = Field(default=None, description="direct 直接排放，indirect 间接排放，none 不外排")
    rule: Text = Field(default="", description="排放规律")
    destination: Text = Field(default="", description="排放去向（证上原文）")
    receiving_water: Text = Field(default="", description="受纳水体或受纳污水处理厂")
    lon: float | None = Field(default=None, ge=-180, le=180, description="经度，度（CGCS2000）")
    lat: float | None = Field(default=None, ge=-90, le=90, description="纬度，度（CGCS2000）")
    height_m: Amount | None = Field(default=None, description="排气筒高度，m")
    diameter_m: Amount | None = Field(default=None, description="排气筒出口内径，m")
    temperature: Text = Field(default="", description="排气温度")
    pollutants: tuple[PermittedPollutant, ...] = Field(default=(), description="许可排放的污染物")


class Fugitive(_Row):
    """What is discharged otherwise than by an outlet (无组织排放)."""

    place: Name = Field(description="厂界，或产污设施编号")
    pollutant: Name = Field(description="污染物种类")
    step: Text = Field(default="", description="产污环节")
    measures: Text = Field(default="", description="主要污染防治措施")
    limit: Limit | None = None
    annual_t: Amount | None = Field(default=None, description="年许可排放量限值，t/a")


class Total(_Row):
    """What the whole plant may discharge of one pollutant."""

    medium: Literal["air", "water"]
    pollutant: Name = Field(description="污染物种类")
    annual_t: tuple[Amount | None, ...] = Field(max_length=5, description="第一年至第五年的许可排放量，t/a")


class Unit(_Row):
    """A production facility (生产设施) that pollution arises at."""

    code: Name = Field(description="生产设施编号：MF0001（HJ 608-2017）")
    name: Text = Field(default="", description="生产设施名称")
    line: Text = Field(default="", description="主要生产单元")
    process: Text = Field(default="", description="主要工艺")
    parameters: Text = Field(default="", description="设施参数，如“窑直径 4 m”")
    pollutants: tuple[Name, ...] = Field(default=(), description="产生的污染物")
    treatment: Text = Field(default="", description="治理设施编号，几个时以“、”分隔")


class Facility(_Row):
    """A treatment facility (污染治理设施)."""

    code: Name = Field(description="治理设施编号：TA001、TW001（HJ 608-2017）")
    name: Text = Field(default="", description="治理设施名称")
    process: Text = Field(default="", description="治理工艺")
    capacity: Text = Field(default="", description="设计处理能力")
    pollutants: tuple[Name, ...] = Field(default=(), description="处理的污染物")
    serves: tuple[Name, ...] = Field(default=(), description="对应的生产设施编号或废水类别")
    outlets: tuple[Name, ...] = Field(default=(), description="排放口编号")


class Material(_Row):
    """A raw or auxiliary material, or a fuel."""

    name: Name
    kind: Literal["raw", "auxiliary", "fuel"] | None = Field(default=None, description="raw 原料，auxiliary 辅料，fuel 燃料")
    annual_t: Amount | None = Field(default=None, description="年最大使用量，t")
    annual: Amount | None = Field(default=None, description="年最大使用量，以 unit 计（不以 t 计时）")
    unit: Text = Field(default="", description="annual 的计量单位，如 万 m³/a")
    cas: Annotated[str, Field(max_length=200)] = Field(default="", description="CAS 号")
    store: Text = Field(default="", description="贮存场所")
    hazards: Text = Field(default="", description="有毒有害成分及占比")


class Product(_Row):
    """A product with the capacity to make it."""

    name: Name
    annual_t: Amount | None = Field(default=None, description="生产能力，t/a")
    annual: Amount | None = Field(default=None, description="生产能力，以 unit 计（不以 t 计时）")
    unit: Text = ""


class Waste(_Row):
    """A solid waste."""

    name: Name
    waste_class: Literal["hazardous", "general"] | None = Field(
        default=None, alias="class", description="hazardous 危险废物，general 一般工业固体废物"
    )
    code: Text = Field(default="", description="废物代码")
    source: Text = Field(default="", description="产生环节")
    disposal: Text = Field(default="", description="去向")
    store: Text = Field(default="", description="贮存场所")
    capacity_t: Amount | None = Field(default=None, description="贮存能力，t")


class SelfMonitoring(_Row):
    """One line of the operator's own monitoring plan (自行监测)."""

    outlet: Name = Field(description="排放口编号，或监测点位（厂界、周边环境）")
    pollutant: Name = Field(description="污染物名称")
    way: Text = Field(default="", description="自动监测或手工监测")
    frequency: Text = Field(default="", description="监测频次")
    connected: bool | None = Field(default=None, description="自动监测是否联网")
    method: Text = Field(default="", description="测定方法")


class Permit(_Row):
    """The summary of one discharge permit."""

    permit_no: Annotated[str, Field(min_length=1, max_length=100)] = Field(description="排污许可证编号（HJ 608-2017，5.2）")
    valid_from: Day = Field(description="有效期起")
    valid_to: Day = Field(description="有效期止")
    holder: Text = Field(default="", description="单位名称")
    credit_code: Annotated[str, Field(max_length=30)] = Field(default="", description="统一社会信用代码")
    legal_person: Text = Field(default="", description="法定代表人（主要负责人）")
    registered_address: Text = Field(default="", description="注册地址")
    address: Text = Field(default="", description="生产经营场所地址")
    industry: Text = Field(default="", description="行业类别")
    industry_code: Annotated[str, Field(max_length=20)] = Field(default="", description="行业代码（GB/T 4754）")
    management: Text = Field(default="", description="管理类别：重点管理、简化管理")
    contact: Text = Field(default="", description="技术负责人")
    phone: Text = Field(default="", description="联系电话")
    issued_by: Text = Field(default="", description="发证机关")
    issued_on: Day | None = Field(default=None, description="发证日期")
    started_on: Text = Field(default="", description="投产日期")
    outlets: tuple[PermittedOutlet, ...] | None = Field(default=None, description="排放口；没有这一项表示证上未抄录，不与图核对")
    fugitive: tuple[Fugitive, ...] = Field(default=(), description="无组织排放")
    totals: tuple[Total, ...] = Field(default=(), description="全厂许可排放总量")
    units: tuple[Unit, ...] | None = Field(default=None, description="生产设施")
    facilities: tuple[Facility, ...] | None = Field(default=None, description="污染治理设施")
    materials: tuple[Material, ...] = Field(default=(), description="原辅材料及燃料")
    products: tuple[Product, ...] = Field(default=(), description="产品及产能")
    wastes: tuple[Waste, ...] = Field(default=(), description="固体废物")
    self_monitoring: tuple[SelfMonitoring, ...] = Field(default=(), description="自行监测方案")
    note: Annotated[str, Field(max_length=20_000)] = Field(default="", description="备注")

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> "Permit":
        if self.valid_to < self.valid_from:
            raise ValueError("有效期截止早于起始")
        return self

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON types, with what was said and nothing else."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


MESSAGES = {
    "missing": "缺少此项",
    "extra_forbidden": "没有这一项",
    "string_type": "应为文本",
    "string_too_short": "不能为空",
    "string_too_long": "太长",
    "literal_error": "只能填 {expected}",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "finite_number": "应为有限的数字",
    "greater_than_equal": "应不小于 {ge:g}",
    "less_than_equal": "应不大于 {le:g}",
    "tuple_type": "应为列表",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "bool_parsing": "应为 true 或 false",
    "too_long": "太多",
}
"""Type of a pydantic fault → what it says, Chinese."""


def said(fault: Mapping[str, Any]) -> str:
    """Return what a fault of pydantic says, Chinese."""
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    form = MESSAGES.get(fault["type"])
    return form.format(**fault.get("ctx", {})) if form else str(fault["msg"])


def place(loc: Sequence[int | str]) -> str:
    """Return where in a document a fault lies.

    >>> place(("outlets", 0, "pollutants", 2, "limit"))
    'outlets[1].pollutants[3].limit'
    """
    text = ""
    for part in loc:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def permit_of(document: Any) -> Permit:
    """Return a permit from its JSON document.

    Raises
    ------
    Invalid
        The document has another shape; its parameter is the place of the first fault, and all are named (the first ten in full).
    """
    if not isinstance(document, Mapping):
        raise Invalid("FILE", "排污许可证应为一个 JSON 对象")
    try:
        return Permit.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False)
    told = [(place(fault["loc"]) or "valid_to", said(fault)) for fault in faults]
    more = f"；另有 {len(told) - MOST_FAULTS} 处" if len(told) > MOST_FAULTS else ""
    detail = "；".join([told[0][1], *(f"{where}: {what}" for where, what in told[1:MOST_FAULTS])]) + more
    raise Invalid(told[0][0], detail)


def schema() -> dict[str, Any]:
    """Return the JSON schema (2020-12) of a permit's document."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Permit.model_json_schema(by_alias=True, mode="validation")}
