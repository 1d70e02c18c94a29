"""What a data segment says, and segments written (HJ 212-2017, 6.3.2 and 6.3.3)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from feeds.hj212 import crc
from gis.clock import BEIJING

LONGEST_SEGMENT = 1024
LONGEST_CP = 950
"""Bytes of a data segment and of its `CP=&&…&&` (HJ 212-2017, tables 2 and 3); with long fields before it, the segment is full first."""
EPC = re.compile(r"[0-9A-Za-z]{24}")
"""The identifier of a device: 24 characters since 2017."""
WATER_SYSTEMS = frozenset({"21", "91", ""})
STRANGE = re.compile(r"[\u0080-\u00af\u00b4\u00b6\u00b8-\u00d6\u00d8-\u00f6\u00f8-\u03bb\u03bd-\u1fff]|\\\\x[0-9a-f]{2}")
"""Letters between ASCII and signs as Chinese text has none of, but ° ± ² ³ µ · × ÷ μ; and bytes that are no UTF-8."""
INFO = re.compile(r"//.*?//", re.DOTALL)
"""Text of a log stands between `//` and may hold any character (HJ 212-2017, table B.10)."""


class Edition(StrEnum):
    """Which text a packet goes by."""

    HJT_2005 = "2005"
    HJ_2017 = "2017"
    HJ_2025 = "2025"
    SURFACE_WATER = "surface_water"
    """The national stations on rivers and lakes: as 2017, but their packets have borne version 2 long before 2025 did."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Record:
    """The values of one moment or period."""

    time: str = ""
    """DataTime as it is written."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """What has no factor: name → value."""
    factors: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Factor → Rtd, Avg, Min, Max, Cou, ZsAvg, Flag, SampleTime, … → value."""


@dataclass(frozen=True, slots=True)
class Packet:
    """What one data segment says; what it does not say is empty."""

    qn: str = ""
    st: str = ""
    cn: str = ""
    pw: str = ""
    mn: str = ""
    flag: int | None = None
    pnum: int | None = None
    pno: int | None = None
    cp: str = ""
    """The parameters as they are written, between the two `&&`."""
    others: Mapping[str, str] = field(default_factory=dict)
    """Fields that no edition has, or whose value is none."""
    legacy_text: bool = False
    """Its text is GB 18030, not UTF-8."""

    @property
    def wants_answer(self) -> bool:
        """Bit A."""
        return bool((self.flag or 0) & 1)

    @property
    def split(self) -> bool:
        """Bit D: it is one of several parts."""
        return bool((self.flag or 0) & 2) and self.pnum is not None and self.pno is not None and self.pnum > 1

    @property
    def edition(self) -> Edition:
        """The text that it goes by, told from version bits, system and identifier."""
        match (self.flag or 0) >> 2:
            case 0:
                return Edition.HJT_2005
            case 1:
                return Edition.HJ_2017
            case 2:
                national = self.st in WATER_SYSTEMS and not EPC.fullmatch(self.mn)
                return Edition.SURFACE_WATER if national else Edition.HJ_2025
            case _:
                return Edition.UNKNOWN

    def as_json(self) -> dict[str, Any]:
        """Return its fields as plain JSON types, without empty ones."""
        row: dict[str, Any] = {name: getattr(self, name) for name in ("qn", "st", "cn", "pw", "mn", "flag", "pnum", "pno")}
        row |= {"others": dict(self.others)}
        told = {key: value for key, value in row.items() if value not in ("", None, {})}
        return told | {"records": [_record_json(record) for record in records(self.cp)]}


def _record_json(record: Record) -> dict[str, Any]:
    row = {"time": record.time, "fields": dict(record.fields), "factors": {code: dict(values) for code, values in record.factors.items()}}
    return {key: value for key, value in row.items() if value}


def decoded(segment: bytes) -> tuple[str, bool]:
    """Return a segment as text, and whether that took GB 18030; what is neither keeps its bytes as escapes."""
    if segment.isascii():
        return segment.decode("ascii"), False
    text = segment.decode("utf-8", "backslashreplace")
    # 校准 in GB 18030 happens to be UTF-8 too, of letters that no logger writes.
    if not STRANGE.search(text):
        return text, False
    try:
        return segment.decode("gb18030"), True
    except UnicodeDecodeError:
        return text, False


def _count(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 5 else None


TEXTS = {"QN": "qn", "ST": "st", "CN": "cn", "PW": "pw", "MN": "mn"}
COUNTS = {"Flag": "flag", "PNUM": "pnum", "PNO": "pno"}


def parse(segment: bytes) -> Packet:
    """Return what a data segment says; any bytes make a packet, if an empty one.

    >>> parse(b"QN=20160801085857223;ST=32;CN=1062;PW=1;MN=M;Flag=5;CP=&&RtdInterval=30&&").cp
    'RtdInterval=30'
    """
    text, legacy = decoded(segment)
    head, _, rest = text.partition("CP=")
    cp = rest.removeprefix("&&")
    cp, _, behind = cp.rpartition("&&") if "&&" in cp else (cp, "", "")
    known: dict[str, Any] = {}
    others: dict[str, str] = {}
    for part in (head + behind).split(";"):
        name, equals, value = part.partition("=")
        name, value = name.strip(), value.strip()
        if name in TEXTS:
            known[TEXTS[name]] = value
        elif name in COUNTS and (count := _count(value)) is not None:
            known[COUNTS[name]] = count
        elif equals:
            others[name] = value
    return Packet(**known, cp=cp, others=others, legacy_text=legacy)


def _protected(cp: str) -> tuple[str, list[str]]:
    """Return parameters whose texts of logs are replaced by marks, and those texts."""
    texts: list[str] = []

    def keep(found: re.Match[str]) -> str:
        texts.append(found[0])
        return f"\0{len(texts) - 1}\0"

    return INFO.sub(keep, cp.replace("\0", "")), texts


def records(cp: str) -> list[Record]:
    """Return the records of the parameters: each DataTime begins one.

    Loggers mix up `,` and `;`, end with either, and repeat a factor: the name before the dash alone says what belongs together.

    >>> records("DataTime=20160801080000;w01001-Avg=7.5,w01001-Flag=N;")[0].factors
    {'w01001': {'Avg': '7.5', 'Flag': 'N'}}
    """
    texts: list[str] = []
    if "//" in cp:
        cp, texts = _protected(cp)
    found: list[Record] = []
    time, fields, factors = "", dict[str, str](), dict[str, dict[str, str]]()
    for pair in cp.replace(";", ",").split(","):
        name, equals, value = pair.partition("=")
        if not equals:
            continue
        name = name.strip()
        if texts and "\0" in value:
            value = re.sub(r"\0(\d+)\0", lambda mark: texts[int(mark[1])], value)
        code, dash, statistic = name.partition("-")
        if dash:
            if (values := factors.get(code)) is None:
                factors[code] = values = {}
            values[statistic] = value
        elif name == "DataTime":
            if time or factors:
                found.append(Record(time, fields, factors))
                fields, factors = {}, {}
            time = value.strip()
        else:
            fields[name] = value
    if time or fields or factors:
        found.append(Record(time, fields, factors))
    return found


def moment(text: str) -> datetime | None:
    """Return a time of the wire (Beijing, YYYYMMDDhhmmss, milliseconds behind it or not); None where it is none.

    >>> moment("20160801085857223").isoformat(timespec="milliseconds")
    '2016-08-01T08:58:57.223+08:00'
    """
    if not (text.isascii() and text.isdigit() and len(text) in (14, 17)):
        return None
    try:
        return datetime(
            int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:12]), int(text[12:14]), tzinfo=BEIJING
        ).replace(microsecond=int(text[14:] or 0) * 1000)
    except ValueError:
        return None


def stamp(at: datetime) -> str:
    """Return a moment as the wire has it, YYYYMMDDhhmmss (Beijing)."""
    return f"{at.astimezone(BEIJING):%Y%m%d%H%M%S}"


def request_number(at: datetime) -> str:
    """Return a moment as a QN, YYYYMMDDhhmmsszzz."""
    return f"{stamp(at)}{at.microsecond // 1000:03d}"


def segment(packet: Packet) -> bytes:
    """Return the data segment that says a packet."""
    texts = (("QN", packet.qn), ("ST", packet.st), ("CN", packet.cn), ("PW", packet.pw), ("MN", packet.mn))
    counts = (("Flag", packet.flag), ("PNUM", packet.pnum), ("PNO", packet.pno))
    parts = [f"{name}={value}" for name, value in texts if value] + [f"{name}={value}" for name, value in counts if value is not None]
    return f"{';'.join(parts)};CP=&&{packet.cp}&&".encode()


def framed(data: bytes) -> bytes:
    """Return a data segment as a packet on the wire; its length counts bytes."""
    return b"##%04d%s%04X\r\n" % (len(data), data, crc.hj212(data))


def encode(packet: Packet) -> bytes:
    """Return the bytes of a packet."""
    return framed(segment(packet))


def split(packet: Packet, items: Iterable[str]) -> list[Packet]:
    """Return a packet whose parameters are `items` joined by `;`, as several where they are more than one may carry.

    Parameters
    ----------
    packet : Packet
        All but the parameters; the first item, the DataTime, is repeated in each part.
    items : iterable of str
    """
    first, *rest = items
    frame = len(segment(replace(packet, pnum=99, pno=99, cp="")))
    most = min(LONGEST_CP - len("CP=&&&&"), LONGEST_SEGMENT - frame) - len(first.encode())
    parts, room = [[first]], most
    for item in rest:
        if (size := len(item.encode()) + 1) > room:
            parts.append([first])
            room = most
        parts[-1].append(item)
        room -= size
    if len(parts) == 1:
        return [replace(packet, cp=";".join(parts[0]))]
    flag = (packet.flag or 0) | 2
    return [replace(packet, flag=flag, pnum=len(parts), pno=number, cp=";".join(part)) for number, part in enumerate(parts, 1)]
