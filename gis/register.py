"""The register of enterprises (企业登记): what is told of one when it is registered, and what is wrong with that.

Its fields follow the kind `enterprise`: an attribute that is added there is asked for here.
"""

import math
import unicodedata
from collections.abc import Mapping
from functools import cache
from typing import Any

from gis import credit_code
from gis.angles import degrees
from gis.enterprise_file import Fault, Field, Part, Row
from gis.enterprise_file import check as check_row
from gis.kinds import KINDS

WEST, SOUTH, EAST, NORTH = 73.0, 3.0, 136.0, 54.0
"""China, degrees: beyond it, figures are mistaken or exchanged."""
HINTS = {
    "source_code": "排污许可证编号或登记编号，22 位，如 91511703MADEMA000P001P",
    "lon": "CGCS2000，度：107.4797912，或 107°28′47.2″",
    "lat": "CGCS2000，度：31.1498852，或 31°8′59.6″",
    "credit_code": "空着则取排污单位编码的前 18 位",
    "jurisdiction": "空着则按坐标所在的区县",
    "base_1985_m": "1985 国家高程基准",
}
REQUIRED = (
    Field("source_code", "排污单位编码", "text", required=True, most=22, hint=HINTS["source_code"]),
    Field("name", "单位名称", "text", required=True, most=100),
    Field("lon", "经度", "text", required=True, most=30, hint=HINTS["lon"]),
    Field("lat", "纬度", "text", required=True, most=30, hint=HINTS["lat"]),
)


@cache
def register() -> Part:
    """Return the register as a form: its fields, in the order of the kind."""
    own = []
    for attribute in KINDS["enterprise"].attributes:
        hint = HINTS.get(attribute.name, "")
        if attribute.name == "jurisdiction":
            own.append(Field(attribute.name, attribute.label, "enum", enum="jurisdictions", hint=hint))
        else:
            own.append(
                Field(attribute.name, attribute.label, attribute.type, unit=attribute.unit, enum=attribute.enum, most=200, hint=hint)
            )
    height = Field("base_1985_m", "场地高程", "number", unit="m", hint=HINTS["base_1985_m"])
    return Part("register", "企业登记", "enterprises", ("source_code",), (*REQUIRED, *own, height), {})


def _codes(row: Row) -> list[Fault]:
    code = row["source_code"] = unicodedata.normalize("NFKC", row["source_code"]).upper()
    credit = row["credit_code"] = unicodedata.normalize("NFKC", row["credit_code"] or code[:18]).upper()
    if not credit_code.source_code_holds(code):
        wrong = "前 18 位（统一社会信用代码）的校验码不符" if len(code) == 22 else f"应为 22 位，现有 {len(code)} 位"
        return [Fault("source_code", f"“{code}”{wrong}")]
    if not credit_code.holds(credit):
        return [Fault("credit_code", f"“{credit}”的校验码不符")]
    return []


def _place(row: Row) -> list[Fault]:
    faults = []
    for name, least, most in (("lon", WEST, EAST), ("lat", SOUTH, NORTH)):
        try:
            row[name] = degrees(row[name])
        except ValueError as error:
            faults.append(Fault(name, str(error)))
            continue
        if not math.isfinite(row[name]) or not least <= row[name] <= most:
            faults.append(Fault(name, f"“{row[name]:g}”不在 {least:g}–{most:g} 度之间：经纬度可能填反，或不是度"))
    return faults


def check(part: Part, said: Mapping[str, Any]) -> tuple[Row, list[Fault]]:
    """Return an enterprise as `gis.store.enterprises.store_enterprise` takes it, and all that is wrong with it.

    Parameters
    ----------
    part : Part
        The register.
    said : mapping
        Field → what somebody entered: text, numbers, days; of enums code or label. `lon`, `lat` as `degrees` reads them, EPSG:4490.
    """
    said_row, faults = check_row(part, said)
    row = {name: None if value == "" else value for name, value in said_row.items()}
    if not faults:
        faults = [*_codes(row), *_place(row)]
    return row, faults
