"""What the channels of power loggers measure, as a table in CSV: mn, factor, unit_code, rated."""

import csv
import io
import math
import re

from gis.errors import Invalid
from gis.store.power import Channel

COLUMNS = ("mn", "factor", "unit_code", "rated")
FACTOR = re.compile(r"[0-9A-Za-z]{1,16}")
UNIT = re.compile(r"MF\d{4}|T[AWNS]\d{3}")


def _rated(text: str) -> float | None:
    value = float(text) if text else None
    if value is not None and not (math.isfinite(value) and value > 0):
        raise ValueError
    return value


def read_channels(data: bytes) -> tuple[list[Channel], list[tuple[int, str]]]:
    """Read a table of channels; returns them, and the lines that were refused with the reason.

    Raises
    ------
    Invalid
        The file is not UTF-8 text, or has other columns.
    """
    try:
        lines = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    except UnicodeDecodeError as error:
        raise Invalid("FILE.csv", "应为 UTF-8 编码的 CSV；在 Excel 中另存为“CSV UTF-8”") from error
    missing = [name for name in COLUMNS[:3] if name not in (lines.fieldnames or ())]
    if missing:
        raise Invalid("FILE.csv", f"第 1 行缺少列 {'、'.join(missing)}；应有 {'、'.join(COLUMNS)}（rated 可留空）")
    found, refused = [], []
    for row in lines:
        mn, factor, unit, rated = ((row.get(name) or "").strip() for name in COLUMNS)
        if not mn:
            refused.append((lines.line_num, "mn（设备编号）是空的"))
        elif not FACTOR.fullmatch(factor):
            refused.append((lines.line_num, f"factor“{factor:.20}”应是表示负荷的因子编码，如 d20401"))
        elif not UNIT.fullmatch(unit):
            refused.append((lines.line_num, f"unit_code“{unit:.20}”应是设施编号，如 MF0001、TA001"))
        else:
            try:
                found.append(Channel(mn, factor, unit, _rated(rated)))
            except ValueError:
                refused.append((lines.line_num, f"rated“{rated:.20}”应是大于 0 的数"))
    return found, refused
