"""From the rows of a copy's tables to the permit: a row says something of an outlet, a facility, a unit; each value keeps its place."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drawings.permit.amounts import CLASSES, WAYS, days, degrees, figure, limit, names, word
from drawings.permit.grid import Cell, Place
from drawings.permit.records import Record, is_empty
from gis.pollutants import known_name, pollutants

INDUSTRY = re.compile(r"[(（]?\b([A-T]?\d{3,4})\b[)）]?")
MEDIA = {"DA": "air", "DW": "water", "YS": "rain"}
KINDS = {"原料": "raw", "辅料": "auxiliary", "燃料": "fuel"}
WASTES = {"危险": "hazardous", "一般": "general"}
TONNES = {"t/a": 1.0, "t": 1.0, "吨": 1.0, "吨/年": 1.0, "万t/a": 1e4, "万吨/年": 1e4, "kg/a": 1e-3, "kg": 1e-3}
SEAL = re.compile(r"[(（](?:盖章|公章|签章)[)）]")
SUM = re.compile(r"合计|总计")
WHOLE = re.compile(r"全厂|总许可")

Row = dict[str, Any]

NOWHERE = Place()


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value with the cell that says it."""

    value: Any
    cell: Cell


@dataclass(frozen=True, slots=True)
class Finding:
    """What a person must look at."""

    level: str
    """`doubt`: a value that may be wrong; `conflict`: two places say two things; `missing`: nothing says it."""
    message: str
    place: Place = NOWHERE


@dataclass
class Draft:
    """A permit being put together: rows by what they are told apart by."""

    head: Row = field(default_factory=dict)
    lists: dict[str, dict[tuple[str, ...], Row]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    sums: list[tuple[str, str, float, Cell]] = field(default_factory=list)
    """Class of outlets, pollutant, the sum stated for them, where."""

    def row(self, name: str, /, *key: str, **first: Leaf) -> Row:
        """Return the row of a list with a key, made where it is new."""
        return self.lists.setdefault(name, {}).setdefault(key, dict(first))

    def put(self, row: Row, name: str, value: Any, cell: Cell | None) -> None:
        """Set a value; where another one stands already, that one stays and the contradiction is told."""
        if value in (None, "", ()) or cell is None:
            return
        old = row.get(name)
        if old is None:
            row[name] = Leaf(value, cell)
        elif old.value != value:
            said = f"“{_shown(old.value)}”（{old.cell.place}）与“{_shown(value)}”（{cell.place}）不一致，取前者"
            self.findings.append(Finding("conflict", f"{_name_of(row)}{name}：{said}", cell.place))

    def text(self, row: Row, name: str, record: Record, column: str) -> None:
        """Set a text from a column of a record."""
        said = record.text(column)
        if not is_empty(said):
            self.put(row, name, said, record.cells[column])

    def add(self, row: Row, name: str, values: tuple[str, ...], cell: Cell | None) -> None:
        """Add texts to a list of them, each once."""
        have: list[Leaf] = row.setdefault(name, [])
        if cell is not None:
            have += [Leaf(value, cell) for value in values if value not in {leaf.value for leaf in have}]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(part) for part in value.values())
    return str(value)


def _name_of(row: Row) -> str:
    for name in ("code", "name", "pollutant"):
        if isinstance(row.get(name), Leaf):
            return f"{row[name].value} "
    return ""


def pollutant(text: str) -> str:
    """Return a pollutant by the name that permits use.

    >>> pollutant("氨（氨气）"), pollutant("SO2")
    ('氨', '二氧化硫')
    """
    name = known_name(text)
    if name not in pollutants() and (found := re.match(r"(.+?)[(（].*[)）]$", name)) and known_name(found.group(1)) in pollutants():
        return known_name(found.group(1))
    return name


def _code(record: Record, column: str) -> str:
    return re.sub(r"\s", "", record.text(column)).upper()


def _outlet(draft: Draft, record: Record, column: str = "code", name: str = "name") -> Row | None:
    code = _code(record, column)
    if is_empty(code):
        return None
    row = draft.row("outlets", code, code=Leaf(code, record.cells[column]))
    if medium := MEDIA.get(code[:2]):
        row.setdefault("medium", Leaf(medium, record.cells[column]))
    draft.text(row, "name", record, name)
    return row


def _pollutants(row: Row) -> dict[str, Row]:
    found: dict[str, Row] = row.setdefault("pollutants", {})
    return found


def _of_outlet(row: Row, record: Record) -> list[Row]:
    cell = record.cells.get("pollutant")
    if cell is None or is_empty(cell.text):
        return []
    return [_pollutants(row).setdefault(name, {"name": Leaf(name, cell)}) for name in map(pollutant, names(cell.lines))]


def _annual(draft: Draft, row: Row, record: Record) -> None:
    """Set what may be discharged a year; where the years differ, all of them are told."""
    years = [figure(record.text(f"year{number}")) for number in range(1, 6)]
    if years[0]:
        draft.put(row, "annual_t", years[0][0], record.cells["year1"])
    others = {year[0] for year in years if year}
    if len(others) > 1:
        said = "、".join(record.text(f"year{number}") or "/" for number in range(1, 6))
        draft.findings.append(Finding("doubt", f"{_name_of(row)}各年许可排放量不同（{said}），只取第一年", record.place))


def _products(draft: Draft, record: Record) -> None:
    code = _code(record, "unit_code")
    if not is_empty(code):
        row = draft.row("units", code, code=Leaf(code, record.cells["unit_code"]))
        for name, column in (("name", "unit_name"), ("line", "line"), ("process", "process")):
            draft.text(row, name, record, column)
        if not is_empty(record.text("param")):
            said = f"{record.text('param')} {record.text('param_value')} {record.text('param_unit')}".strip()
            draft.add(row, "parameters", (said,), record.cells["param"])
    if not is_empty(record.text("product")):
        product = record.text("product")
        row = draft.row("products", product, name=Leaf(product, record.cells["product"]))
        _mass(draft, row, record, "capacity", record.text("capacity_unit"))


def _mass(draft: Draft, row: Row, record: Record, column: str, unit: str) -> None:
    """Set an amount a year: in tonnes where it is in some unit of mass, else as it is."""
    found, cell = figure(record.text(column)), record.cells.get(column)
    if found is None:
        if not is_empty(record.text(column)):
            draft.findings.append(Finding("doubt", f"{_name_of(row)}“{record.text(column)}”不是数字，未采用", record.place))
        return
    unit = (found[1] or unit or record.units.get(column, "")).replace(" ", "")
    if unit in TONNES:
        draft.put(row, "annual_t", round(found[0] * TONNES[unit], 9), cell)
    else:
        draft.put(row, "annual", found[0], cell)
        draft.put(row, "unit", unit, record.cells.get("unit", cell))


def _materials(draft: Draft, record: Record) -> None:
    name = record.text("name")
    if is_empty(name):
        return
    row = draft.row("materials", name, name=Leaf(name, record.cells["name"]))
    draft.put(row, "kind", word(record.text("kind") or record.section, KINDS), record.cells.get("kind") or record.cells["name"])
    _mass(draft, row, record, "annual", record.text("unit"))
    draft.text(row, "hazards", record, "hazards")


def _fuels(draft: Draft, record: Record) -> None:
    name = record.text("fuel")
    if is_empty(name):
        return
    cell = record.cells["fuel"]
    row = draft.row("materials", name, name=Leaf(name, cell), kind=Leaf("fuel", cell))
    _mass(draft, row, record, "annual", record.text("unit"))
    labels = {"ash": "灰分", "sulphur": "硫分", "volatile": "挥发分", "heat": "热值"}
    said = [
        f"{label} {record.text(column)}{record.units.get(column, '')}"
        for column, label in labels.items()
        if not is_empty(record.text(column))
    ]
    draft.put(row, "hazards", "，".join(said), cell)


def _facility(draft: Draft, record: Record) -> Row | None:
    code = _code(record, "facility_code")
    if is_empty(code):
        return None
    row = draft.row("facilities", code, code=Leaf(code, record.cells["facility_code"]))
    for name, column in (("name", "facility_name"), ("process", "facility_process")):
        draft.text(row, name, record, column)
    if not is_empty(record.text("capacity")):
        unit = "" if "%" in record.text("capacity") else record.units.get("capacity", "")
        draft.put(row, "capacity", f"{record.text('capacity')} {unit}".strip(), record.cells["capacity"])
    return row


def _nodes(draft: Draft, record: Record, unit: Row | None, serves: str) -> None:
    """Take what a row of tables 4 and 5 says of facility and outlet."""
    cell = record.cells.get("pollutant")
    listed = tuple(pollutant(name) for name in names(cell.lines)) if cell and not is_empty(cell.text) else ()
    facility = _facility(draft, record)
    outlet = _outlet(draft, record, "outlet_code", "outlet_name")
    if outlet is not None:
        draft.put(outlet, "class", word(record.text("outlet_class"), CLASSES), record.cells.get("outlet_class"))
        _of_outlet(outlet, record)
        for name in ("way", "rule"):
            if name in record.cells and not is_empty(record.text(name)):
                value = word(record.text(name), WAYS) if name == "way" else record.text(name)
                draft.put(outlet, name, value, record.cells[name])
        draft.text(outlet, "destination", record, "destination")
        if "destination" in record.cells and "way" not in record.cells:
            draft.put(outlet, "way", word(record.text("destination"), WAYS), record.cells["destination"])
    if facility is not None:
        draft.add(facility, "pollutants", listed, cell)
        draft.add(facility, "serves", (_code(record, serves) if serves == "unit_code" else record.text(serves),), record.cells.get(serves))
        if outlet is not None:
            draft.add(facility, "outlets", (outlet["code"].value,), record.cells["outlet_code"])
    if unit is not None:
        draft.add(unit, "pollutants", listed, cell)
        if facility is not None:
            draft.add(unit, "treatment", (facility["code"].value,), record.cells["facility_code"])


def _air_nodes(draft: Draft, record: Record) -> None:
    code = _code(record, "unit_code")
    unit = None
    if not is_empty(code):
        unit = draft.row("units", code, code=Leaf(code, record.cells["unit_code"]))
        draft.text(unit, "name", record, "unit_name")
    _nodes(draft, record, unit, "unit_code")


def _water_nodes(draft: Draft, record: Record) -> None:
    _nodes(draft, record, None, "source")


def _air_outlets(draft: Draft, record: Record) -> None:
    row = _outlet(draft, record)
    if row is None:
        return
    _of_outlet(row, record)
    _position(draft, row, record)
    for name, column in (("height_m", "height"), ("diameter_m", "diameter")):
        if found := figure(record.text(column)):
            draft.put(row, name, found[0], record.cells[column])
    draft.text(row, "temperature", record, "temperature")


def _position(draft: Draft, row: Row, record: Record) -> None:
    for name in ("lon", "lat"):
        said = record.text(name)
        if not is_empty(said):
            value = degrees(said)
            draft.put(row, name, value, record.cells[name])
            if value is None:
                draft.findings.append(Finding("doubt", f"{_name_of(row)}坐标“{said}”没有看懂，未采用", record.cells[name].place))


def _water_outlets(draft: Draft, record: Record) -> None:
    row = _outlet(draft, record)
    if row is None:
        return
    _position(draft, row, record)
    draft.text(row, "rule", record, "rule")
    draft.text(row, "receiving_water", record, "receiver")
    draft.text(row, "destination", record, "destination")
    draft.put(row, "way", word(record.text("destination"), WAYS), record.cells.get("destination"))
    if row["code"].value.startswith("YS") and "class" not in row:
        row["class"] = Leaf("rain", row["code"].cell)


def _standards(draft: Draft, record: Record) -> None:
    row = _outlet(draft, record)
    for one in _of_outlet(row, record) if row is not None else ():
        for name, column in (("limit", "value"), ("rate_limit", "rate")):
            found = limit(record.text(column), record.units.get(column, ""))
            if found:
                # What is permitted may be stricter than the standard: table 8 decides, whichever stands first.
                one.setdefault(f"{name}:standard", Leaf(found, record.cells[column]))
        if not is_empty(record.text("standard")):
            one.setdefault("standard", Leaf(record.text("standard"), record.cells["standard"]))


def _limits(draft: Draft, record: Record) -> None:
    said = record.text("code") or record.section
    if SUM.search(said):
        _sum(draft, record, said)
        return
    row = _outlet(draft, record)
    if row is None:
        return
    draft.put(row, "class", word(record.section, {"主要排放口": "main", "一般排放口": "general"}), record.cells["code"])
    for one in _of_outlet(row, record):
        column = "value" if not is_empty(record.text("value")) and limit(record.text("value"), "") else "daily"
        found = limit(record.text(column), record.units.get(column, ""))
        if found:
            draft.put(one, "limit", found, record.cells[column])
        if found := limit(record.text("rate"), record.units.get("rate", "")):
            draft.put(one, "rate_limit", found, record.cells["rate"])
        _annual(draft, one, record)


def _sum(draft: Draft, record: Record, said: str) -> None:
    if WHOLE.search(said):
        _totals(draft, record)
        return
    found = figure(record.text("year1"))
    kind = word(said, {"主要": "main", "一般": "general"})
    if found and kind:
        draft.sums.append((kind, pollutant(record.text("pollutant")), found[0], record.cells["year1"]))


def _totals(draft: Draft, record: Record) -> None:
    name = pollutant(record.text("pollutant"))
    years = [figure(record.text(f"year{number}")) for number in range(1, 6)]
    if is_empty(name) or not any(years):
        return
    one = pollutants().get(name)
    medium = "water" if (one and (one.code or "").startswith("w")) or "水" in record.section else "air"
    row = draft.row("totals", medium, name)
    draft.put(row, "medium", medium, record.cells["pollutant"])
    draft.put(row, "pollutant", name, record.cells["pollutant"])
    last = max(number for number, year in enumerate(years) if year) + 1
    draft.put(row, "annual_t", tuple(year[0] if year else None for year in years[:last]), record.cells["pollutant"])


def _fugitive(draft: Draft, record: Record) -> None:
    place, name = record.text("place"), pollutant(record.text("pollutant"))
    if is_empty(place) or is_empty(name):
        return
    row = draft.row("fugitive", place, name, place=Leaf(place, record.cells["place"]), pollutant=Leaf(name, record.cells["pollutant"]))
    draft.text(row, "step", record, "step")
    draft.text(row, "measures", record, "measures")
    if found := limit(record.text("value"), record.units.get("value", "")):
        if not is_empty(record.text("standard")):
            found["standard"] = record.text("standard")
        draft.put(row, "limit", found, record.cells["value"])
    _annual(draft, row, record)


def _wastes(draft: Draft, record: Record) -> None:
    name = record.text("name")
    if is_empty(name):
        return
    row = draft.row("wastes", name, name=Leaf(name, record.cells["name"]))
    draft.put(row, "class", word(record.text("class"), WASTES), record.cells.get("class"))
    for column in ("code", "source", "disposal", "store"):
        draft.text(row, column, record, column)
    if found := figure(record.text("capacity")):
        draft.put(row, "capacity_t", found[0], record.cells["capacity"])


def _monitoring(draft: Draft, record: Record) -> None:
    place, cell = record.text("outlet"), record.cells.get("pollutant")
    if is_empty(place) or cell is None:
        return
    for name in map(pollutant, names(cell.lines)):
        row = draft.row("self_monitoring", place, name, record.text("way"))
        draft.put(row, "outlet", place, record.cells["outlet"])
        draft.put(row, "pollutant", name, cell)
        way = record.text("way")
        said = f"{way}监测" if way in ("自动", "手工") else way
        draft.put(row, "way", "" if is_empty(said) else said, record.cells.get("way"))
        frequency = record.text("frequency")
        if is_empty(frequency) and way.startswith("自动"):
            draft.put(row, "frequency", "连续", record.cells["way"])
        draft.text(row, "frequency", record, "frequency")
        draft.text(row, "method", record, "method")
        if record.text("connected") in ("是", "否"):
            draft.put(row, "connected", record.text("connected") == "是", record.cells["connected"])


HANDLERS: dict[str, Callable[[Draft, Record], None]] = {
    "products": _products,
    "materials": _materials,
    "fuels": _fuels,
    "air_nodes": _air_nodes,
    "water_nodes": _water_nodes,
    "air_outlets": _air_outlets,
    "water_outlets": _water_outlets,
    "standards": _standards,
    "limits": _limits,
    "totals": _totals,
    "fugitive": _fugitive,
    "wastes": _wastes,
    "monitoring": _monitoring,
}


def head(draft: Draft, name: str, cell: Cell) -> None:
    """Take one value of the permit's first pages."""
    said = cell.text.strip()
    if is_empty(said):
        return
    if name == "validity":
        found = days(said)
        if len(found) == 2:
            draft.put(draft.head, "valid_from", found[0], cell)
            draft.put(draft.head, "valid_to", found[1], cell)
        else:
            draft.findings.append(Finding("doubt", f"有效期限“{said}”没有看懂", cell.place))
    elif name == "issued_on":
        draft.put(draft.head, name, next(iter(days(said)), None), cell)
    elif name == "industry":
        found_code = INDUSTRY.search(said)
        draft.put(draft.head, "industry", INDUSTRY.sub("", said, count=1).strip(" ，,()（）") or said, cell)
        if found_code:
            draft.put(draft.head, "industry_code", found_code.group(1), cell)
    elif name in ("permit_no", "credit_code"):
        draft.put(draft.head, name, re.sub(r"\s", "", said).upper(), cell)
    else:
        draft.put(draft.head, name, SEAL.sub("", said), cell)


def standards_applied(draft: Draft) -> None:
    """Give every limit its standard; what table 8 does not limit keeps the standard's own."""
    for outlet in draft.lists.get("outlets", {}).values():
        for one in outlet.get("pollutants", {}).values():
            standard: Leaf | None = one.pop("standard", None)
            for name in ("limit", "rate_limit"):
                general: Leaf | None = one.pop(f"{name}:standard", None)
                leaf: Leaf | None = one.get(name) or general
                if leaf is None:
                    continue
                unit = leaf.value.get("unit") or (general.value.get("unit") if general else None)
                value = {**leaf.value, **({"unit": unit} if unit else {})}
                one[name] = Leaf({**value, "standard": standard.value} if standard else value, leaf.cell)
