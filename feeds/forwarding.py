"""Rows of another system's view (国控平台) as packets of HJ 212: so they come in by the same door as those of data loggers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from feeds.hj212.packet import Packet, stamp
from feeds.hj212.tables import current_code
from feeds.reading import FACTOR
from gis.clock import BEIJING
from gis.errors import Invalid
from gis.store.foreign import ORDER, View

COMMANDS = {"rtd": "2011", "minute": "2051", "hour": "2061", "day": "2031"}
SPANS = {"rtd": timedelta(0), "minute": timedelta(minutes=10), "hour": timedelta(hours=1), "day": timedelta(days=1)}
NAMES = {"value": "Avg", "low": "Min", "high": "Max", "total": "Cou", "zs_value": "ZsAvg", "zs_low": "ZsMin", "zs_high": "ZsMax"}
"""Column → what HJ 212 calls it; of real-time data Avg is Rtd."""
OURS = frozenset({*ORDER, *NAMES, "flag", "system"})
SYSTEMS = {"a": "31", "w": "32"}
WANTS_ANSWER = 5
"""Flag: edition 2017, an answer is wanted."""
MN_MOST = 32


class Source(BaseModel):
    """What a source's file says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=1, max_length=80, description="来源名称，记录读到哪里时用")
    view: str = Field(min_length=1, description="视图或表，可带模式名，如 dbo.v_hour")
    period: Literal["rtd", "minute", "hour", "day"] = Field(description="每行是哪种数据")
    columns: dict[str, str] = Field(description="我们的列名 → 对方的列名；mn、factor、at、changed、value 必有")
    at_is: Literal["begin", "end"] = Field("begin", description="对方的时间是时段的起还是止")
    codes: dict[str, str] = Field(default_factory=dict, description="对方的因子编码 → HJ 212 编码；与 HJ 212 相同的不必写")
    flags: dict[str, str] = Field(default_factory=dict, description="对方的数据标记 → HJ 212 标记（N、F、M、D、C…）")
    overlap_minutes: float = Field(10.0, ge=0, le=24 * 60, description="每次往回多看几分钟，以免漏掉晚提交的行")
    every_s: float = Field(60.0, ge=1, le=24 * 3600, description="多久看一次")

    @model_validator(mode="after")
    def _known_columns(self) -> "Source":
        if missing := [name for name in (*ORDER, "value") if name not in self.columns]:
            raise ValueError(f"columns 缺少 {'、'.join(missing)}")
        if unknown := sorted(set(self.columns) - OURS):
            raise ValueError(f"columns 中不认识 {'、'.join(unknown)}；可用的有 {'、'.join(sorted(OURS))}")
        return self

    def as_view(self) -> View:
        """Return the view that it names."""
        return View(self.view, self.columns)


def source_of(data: bytes) -> Source:
    """Read a source's file; raises Invalid with each place that is wrong."""
    try:
        said = yaml.safe_load(data.decode("utf-8-sig"))
        return Source.model_validate(said)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise Invalid("FILE.yaml", f"不是 UTF-8 的 YAML：{str(error)[:200]}") from error
    except ValidationError as error:
        told = "；".join(
            f"{'.'.join(map(str, one['loc'])) or '文件'}：{one['msg'].removeprefix('Value error, ')}" for one in error.errors()[:5]
        )
        raise Invalid("FILE.yaml", told) from error


@dataclass(frozen=True, slots=True)
class Message:
    """One packet to be: of one device, with the factors of one time."""

    packet: Packet
    items: tuple[str, ...]


def _number(value: Any) -> str | None:
    """Return a number as the wire has it; raises ValueError where it is none."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = repr(float(value))
    if text in {"nan", "inf", "-inf"}:
        raise ValueError(text)
    return text


def _begin(row: Mapping[str, Any], source: Source) -> datetime:
    at = row["at"]
    if not isinstance(at, datetime):
        raise TypeError("at")
    at = at if at.tzinfo else at.replace(tzinfo=BEIJING)
    return at - SPANS[source.period] if source.at_is == "end" else at


def _item(row: Mapping[str, Any], source: Source) -> tuple[str, str]:
    """Return the code of a row's factor and the parameters that say it; raises ValueError."""
    said = str(row["factor"]).strip()
    code = current_code(source.codes.get(said, said))
    if not FACTOR.fullmatch(code):
        raise ValueError("factor")
    parts = []
    for ours, name in NAMES.items():
        if (number := _number(row.get(ours))) is not None:
            parts.append(f"{code}-{'Rtd' if name == 'Avg' and source.period == 'rtd' else name}={number}")
    flag = str(row.get("flag") or "").strip()
    if flag:
        parts.append(f"{code}-Flag={source.flags.get(flag, flag)[:8]}")
    if not parts:
        raise ValueError("value")
    return code, ",".join(parts)


REASONS = {"mn": "没有设备编号", "at": "没有时间", "factor": "因子编码不能用", "value": "没有数值，也没有标记"}


def messages(rows: Sequence[Mapping[str, Any]], source: Source) -> tuple[list[Message], list[tuple[str, Mapping[str, Any]]]]:
    """Return rows as packets, one a device and time, and the rows that can't be used with the reason."""
    grouped: dict[tuple[str, datetime, str], dict[str, str]] = {}
    refused: list[tuple[str, Mapping[str, Any]]] = []
    for row in rows:
        mn = str(row["mn"] or "").strip()
        try:
            if not 0 < len(mn) <= MN_MOST or not mn.isascii() or set(mn) & set(";&=#"):
                raise ValueError("mn")
            begin = _begin(row, source)
            code, said = _item(row, source)
        except (TypeError, ValueError) as error:
            refused.append((REASONS.get(str(error), "数值不是数"), row))
            continue
        system = str(row.get("system") or SYSTEMS.get(code[0], "91")).strip()
        # The later one of the same: rows come in the order in which they were changed.
        grouped.setdefault((mn, begin, system), {})[code] = said
    found = []
    for (mn, begin, system), items in grouped.items():
        packet = Packet(qn="", st=system, cn=COMMANDS[source.period], pw="123456", mn=mn, flag=WANTS_ANSWER)
        found.append(Message(packet, (f"DataTime={stamp(begin)}", *items.values())))
    return found, refused
