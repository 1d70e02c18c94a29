"""Mapping files: what the layers, blocks and texts of a drawing that is not by the norm mean.

A file is YAML (a JSON schema checks it in an editor): a list of rules, the first that fits an entity decides. A rule gives a kind of
feature, or says why the entity is left out. What no rule fits is refused by name, never dropped.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator, model_validator

from drawings.ledger import finding
from gis.issues import Issue, Place
from gis.kinds import ENUMS, KINDS

UNITS_M = {"m": 1.0, "mm": 0.001, "cm": 0.01, "dm": 0.1, "km": 1000.0, "in": 0.0254, "ft": 0.3048}
"""Names of units → metres."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Many = list[Text]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, int)) else value


def _pattern(text: str | None) -> str | None:
    if text is not None:
        try:
            re.compile(text)
        except re.error as error:
            raise ValueError(f"正则表达式有误：{error}") from error
    return text


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class When(_Part):
    """Which entities a rule is about: all that is said must hold."""

    layer: Many = Field(default=["*"], description="图层名，可用 * ? 通配，不分大小写")
    type: Many = Field(
        default=[],
        description="图元类型，如 LWPOLYLINE、CIRCLE、TEXT、INSERT；空为全部。TEXT、MTEXT 通用；CIRCLE 包括画成等弦多边形的圆",
    )
    block: Many = Field(default=[], description="块名，可用通配；只对 INSERT")
    handle: Many = Field(default=[], description="图元句柄，只指这几个图元")
    closed: bool | None = Field(default=None, description="曲线是否闭合")
    color: list[int | str] = Field(default=[], description="颜色：ACI 1–255 或 #rrggbb，随层者按图层颜色")
    text: str | None = Field(default=None, description="文字须整段符合的正则表达式")
    z: tuple[float, float] | None = Field(default=None, description="插入点或首点的 Z 从多少到多少（含），图形单位")
    within: tuple[float, float, float, float] | None = Field(
        default=None, description="插入点或首点在这个范围内（含）：x 小、y 小、x 大、y 大，图形坐标"
    )

    _lists = field_validator("layer", "type", "block", "handle", "color", mode="before")(_listed)
    _regex = field_validator("text")(_pattern)


class Rule(_Part):
    """What becomes of the entities that fit."""

    when: When
    kind: str | None = Field(default=None, description="入库为哪类要素")
    ignore: Text | None = Field(default=None, description="不入库的理由")
    explode: bool = Field(default=False, description="块：炸开，其中的图元再按各规则处理")
    name: str = Field(default="", description="名称；可用 {text} {layer} {block} {attrib:TAG} {attribs} {z} {z:加数}")
    code: str = Field(default="", description="编号；同上")
    attributes: dict[str, str | float | bool] = Field(default={}, description="属性名 → 值或模板")
    height: float | Text | None = Field(default=None, description="高度（米），数或模板，如 {attrib:H}")
    height_times: float = Field(default=1.0, gt=0, description="高度乘数：以层数换算时填层高")
    base: float | Text | None = Field(default=None, description="底面相对地面（米），地下为负")
    marks_m: float | None = Field(
        default=None, gt=0, le=10, description="文字：同层同类的点在这么远（米）以内，两者合为一个要素，位置取点，值取文字"
    )

    @field_validator("kind")
    @classmethod
    def _known(cls, kind: str | None) -> str | None:
        if kind is not None and (kind not in KINDS or kind == "enterprise"):
            raise ValueError(f"没有要素类 {kind}；可用：{'、'.join(name for name in KINDS if name != 'enterprise')}")
        return kind

    @model_validator(mode="after")
    def _one_fate(self) -> "Rule":
        if sum((self.kind is not None, self.ignore is not None, self.explode)) > 1:
            raise ValueError("kind、ignore、explode 只能写一个")
        if self.kind is not None:
            _check_attributes(self.kind, self.attributes)
        return self

    @property
    def undecided(self) -> bool:
        """Whether someone still has to say what becomes of the entities."""
        return self.kind is None and self.ignore is None and not self.explode


def _check_attributes(kind: str, values: dict[str, str | float | bool]) -> None:
    known = {attribute.name: attribute for attribute in KINDS[kind].attributes}
    for name, value in values.items():
        if name not in known:
            raise ValueError(f"{KINDS[kind].label}没有属性 {name}；可用：{'、'.join(known)}")
        enum = known[name].enum
        if enum and "{" not in str(value) and value not in ENUMS[enum] and value not in ENUMS[enum].values():
            raise ValueError(f"属性 {name} 可填：{'、'.join(ENUMS[enum])}")
    for name, attribute in known.items():
        if attribute.required and name not in values:
            enum_hint = f"（{'、'.join(ENUMS[attribute.enum])}）" if attribute.enum else ""
            raise ValueError(f"{KINDS[kind].label}须写属性 {name}{enum_hint}")


class Network(_Part):
    """How near things must come on a flow sheet to belong together, drawing units."""

    reach: float = Field(default=0.6, gt=0, le=100, description="管线端点离图块或另一条管线不超过这么远算接上")
    touch: float = Field(
        default=1.6, gt=0, le=100, description="图块、笔画之间不超过这么远算相接（法兰的间隙）；同一条规则的笔画相接的算一件"
    )
    gap: float = Field(default=8.0, ge=0, le=1000, description="两个端点正对、相距不超过这么远，算同一条管线（让开交叉、留给管件的断口）")
    beside: float = Field(default=8.0, gt=0, le=1000, description="名称、管线标注离它所说的东西不超过这么远")


class Mapping(_Part):
    """A mapping file."""

    mapping: Literal[1] = Field(description="格式版本")
    name: str = Field(default="", description="给人看的说明")
    crs: Text | None = Field(default=None, description="图形坐标的坐标系，如 EPSG:4545、gcj02")
    drawing: Literal["A", "B", "C", "D"] | None = Field(
        default=None, description="图种：A 平面图、B 工艺图、C 监测点位图、D 周边风险图；缺省看文件名"
    )
    network: Network = Field(default=Network(), description="工艺图（B）：管线怎样算接上，图形单位")
    unit: Literal["m", "mm", "cm", "dm", "km", "in", "ft"] | None = Field(default=None, description="图形单位；缺省由坐标判断")
    rules: list[Rule] = Field(default=[], max_length=2000, description="自上而下，第一条符合的生效")

    @property
    def unit_m(self) -> float:
        """Metres a drawing unit, 1 where the file does not say."""
        return UNITS_M[self.unit] if self.unit else 1.0


@cache
def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of a mapping file, for editors."""
    document = Mapping.model_json_schema()
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["title"] = "quanjing 图纸对照文件"
    names = [name for name in KINDS if name != "enterprise"]
    document["$defs"]["Rule"]["properties"]["kind"] = {
        "description": "入库为哪类要素",
        "oneOf": [*({"const": name, "title": KINDS[name].label} for name in names), {"type": "null"}],
    }
    return document


def _line(node: yaml.Node | None, path: Sequence[int | str]) -> int | None:
    """Return the line, from 1, of the deepest part of a path that the file has."""
    for step in path:
        if isinstance(node, yaml.MappingNode):
            found = next((value for key, value in node.value if key.value == str(step)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found = node.value[step]
        else:
            found = None
        if found is None:
            break
        node = found
    return node.start_mark.line + 1 if node else None


def _fault(message: str, line: int | None, file: str) -> Issue:
    where = f"第 {line} 行：" if line else ""
    return finding("E110", f"对照文件{where}{message}", "请按提示改正；格式见 quanjing drawing schema", Place(file=file or None))


MESSAGES = {
    "extra_forbidden": "没有这一项",
    "missing": "缺少这一项",
    "literal_error": "取值不对",
    "greater_than": "须为正数",
}


def mapping_of(text: str, file: str = "") -> tuple[Mapping | None, list[Issue]]:
    """Return the mapping that a file's text holds, None where it is faulty, and its faults with their lines.

    Parameters
    ----------
    text : str
        YAML.
    file : str
        Name, for the place of issues.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        document = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        return None, [_fault("不是有效的 YAML", mark.line + 1 if mark else None, file)]
    if not isinstance(document, dict):
        return None, [_fault("是空的，或不是“名称: 值”的形式", None, file)]
    try:
        return Mapping.model_validate(document), []
    except ValidationError as error:
        issues = []
        for row in error.errors():
            path = [step for step in row["loc"] if isinstance(step, (int, str))]
            said = MESSAGES.get(row["type"]) or str(row["msg"]).removeprefix("Value error, ")
            issues.append(_fault(f"{'.'.join(str(step) for step in path)} {said}", _line(node, path), file))
        return None, issues


def written(mapping: Mapping) -> str:
    """Return a mapping as the text of its file, rules in order, nothing that is default."""
    document = mapping.model_dump(exclude_defaults=True)
    document = {"mapping": 1, **document}
    for rule in document.get("rules", ()):
        for name, value in rule["when"].items():
            if isinstance(value, list) and len(value) == 1:
                rule["when"][name] = value[0]
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=160)
