"""How the feeds stand, in words."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from gis.clock import BEIJING
from gis.store.readings import STRANGERS, STRANGERS_FOR

COUNTED = {
    "ok": "合格报文",
    "bad_crc": "校验错",
    "bad_length": "长度错",
    "bad_length_and_crc": "长度和校验都错",
    "modbus_crc": "按 Modbus 算的校验",
    "truncated": "断头报文",
    "noise": "杂讯",
    "accepted": "接受连接",
    "refused": "满员拒绝",
    "displaced": "满员时让位（从未发过报文）",
    "idle": "久不发第一个报文而断开",
    "silent": "久无报文而断开",
    "noisy": "只发杂讯而断开",
}
FAULTS = COUNTED | {"clock": "时间离现在太远", "time": "没有时间", "factor": "因子编码认不出", "value": "没有数值", "parts": "分包不全"}


def _at(at: datetime) -> str:
    return f"{at.astimezone(BEIJING):%m-%d %H:%M:%S}"


def _counts(counts: Mapping[str, int], names: Mapping[str, str]) -> str:
    return "，".join(f"{names.get(name, name)} {count}" for name, count in sorted(counts.items(), key=lambda one: -one[1])) or "无"


def told(status: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines for people."""
    one = status["listener"]
    if one is None:
        yield "接收：还没有运行过"
    else:
        running = "在运行" if one["running"] else f"没有运行，最后一次报告 {_at(one['at'])}"
        held = "，暂停读取" if one["held"] else ""
        yield f"接收：{running}；连接 {one['connections']}/{one['most']}，其中未发过报文 {one['quiet']}{held}"
        yield f"待落盘：{one['waiting']} 个报文，{one['waiting_bytes']} 字节（未应答）"
        yield f"自 {_at(one['since'])}：{_counts(one['counts'], COUNTED)}"
    yield f"原文 {status['packets']} 个报文，待读 {status['unread']}，待判 {status['unjudged']}"
    yield f"设备 {status['devices']} 台，一小时内有报文 {status['speaking']} 台；毛病：{_counts(status['faults'], FAULTS)}"
    gone = status["forgotten"]
    past = f"；更早的 {gone['devices']} 台（{gone['packets']} 个报文）不再逐台记，原文都在" if gone["devices"] else ""
    yield f"未登记 {status['strangers']} 台（只记最近 {STRANGERS} 台、{STRANGERS_FOR.days} 天）{past}"
    for row in status["noticed"]:
        what = "" if row["registered"] else "未登记  "
        yield f"  {row['mn'] or '（无编号）'}  {what}{_counts(row['faulty'], FAULTS)}  最近 {_at(row['last_received'])}  {row['source']}"
