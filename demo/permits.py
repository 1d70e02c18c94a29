"""Permits: the summary of a discharge permit as JSON, told from what is drawn of the plant."""

import random
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from demo.plant import Plant, Thing
from demo.sites import PlantSite
from gis.facts import facts
from gis.models.permit import permit_of

AIR_SELF = {True: ("自动监测", "连续"), False: ("手工监测", "1次/半年")}
WATER_SELF = {True: ("自动监测", "连续"), False: ("手工监测", "1次/季")}
"""How and how often an outlet is monitored by its operator, main or not (HJ 819-2017, 5.2)."""


@cache
def _limits() -> dict[str, Any]:
    document: dict[str, Any] = facts("demo", "standards.yaml")
    return document


def limit(industry: str, medium: str, pollutant: str) -> dict[str, Any] | None:
    """Return limit, unit and standard of a pollutant, by the industry's own standard and else by the general one; None without any."""
    own = _limits()["industries"].get(industry, {}).get(medium, {})
    row = own.get(pollutant) or _limits()[medium].get(pollutant)
    return {"value": row[0], "unit": row[1], "standard": row[2]} if row else None


def _pollutants(thing: Thing) -> list[str]:
    return [name for name in str(thing.values.get("POLL", "")).split("、") if name]


def _by_block(plant: Plant, *blocks: str) -> list[Thing]:
    return [thing for thing in plant.things if thing.block in blocks]


def _stacks(plant: Plant) -> dict[str, tuple[float, float]]:
    """Return height and diameter of the stack that each air outlet stands at, metres."""
    found = {}
    stacks = _by_block(plant, "QJ_STACK")
    for outlet in _by_block(plant, "QJ_DA"):
        u, v, _ = outlet.points[0]
        near = min(stacks, key=lambda stack: (stack.points[0][0] - u) ** 2 + (stack.points[0][1] - v) ** 2)
        found[str(outlet.values["CODE"])] = (float(near.values["HEIGHT"]), float(near.values["DIAM"]))
    return found


def _outlets(site: PlantSite, plant: Plant, dice: random.Random) -> list[dict[str, Any]]:
    stacks = _stacks(plant)
    rows = []
    for thing in _by_block(plant, "QJ_DA", "QJ_DW", "QJ_YS"):
        code = str(thing.values["CODE"])
        medium = {"DA": "air", "DW": "water", "YS": "rain"}[code[:2]]
        main = thing.values["KIND"] == "main"
        row: dict[str, Any] = {"code": code, "name": thing.values["NAME"], "medium": medium, "class": thing.values["KIND"]}
        row["way"] = thing.values["WAY"]
        row["pollutants"] = [
            {
                "name": name,
                **({"limit": limit(site.industry.key, medium, name)} if medium != "rain" else {}),
                **_amount(name, dice, main=main),
            }
            for name in _pollutants(thing)
        ]
        if code in stacks:
            row["height_m"], row["diameter_m"] = stacks[code]
        if medium != "air":
            row["receiving_water"] = site.river if thing.values["WAY"] == "direct" else "园区污水处理厂（示范）"
        rows.append(row)
    return sorted(rows, key=lambda row: str(row["code"]))


def _amount(pollutant: str, dice: random.Random, *, main: bool) -> dict[str, float]:
    """Return the yearly amount that a main outlet is allowed of what is counted by amount, tonnes."""
    scale = {"颗粒物": 30, "二氧化硫": 60, "氮氧化物": 90, "化学需氧量": 40, "氨氮": 4, "总磷": 0.4, "总氮": 9, "非甲烷总烃": 12}.get(
        pollutant
    )
    return {"annual_t": round(scale * dice.uniform(0.3, 1.6), 2)} if scale and main else {}


def _facilities(things: Iterable[Thing]) -> list[dict[str, Any]]:
    return [
        {
            "code": thing.values["CODE"],
            "name": thing.values["NAME"],
            "process": thing.values.get("KIND", ""),
            "pollutants": _pollutants(thing),
            "serves": [code for code in str(thing.values.get("PARENT", "")).split("、") if code],
        }
        for thing in things
    ]


def _monitoring(outlets: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the operator's own monitoring plan: one row an outlet and pollutant."""
    rows = []
    for outlet in outlets:
        if outlet["medium"] == "rain":
            rows.append({"outlet": outlet["code"], "pollutant": "化学需氧量", "way": "手工监测", "frequency": "排放期间1次/日"})
            continue
        how = (AIR_SELF if outlet["medium"] == "air" else WATER_SELF)[outlet["class"] == "main"]
        continuous = ("颗粒物", "二氧化硫", "氮氧化物", "化学需氧量", "氨氮", "总磷", "总氮", "氯化氢", "一氧化碳", "非甲烷总烃", "氟化物")
        for pollutant in outlet["pollutants"]:
            way, often = how if pollutant["name"] in continuous else ("手工监测", "1次/季")
            rows.append({"outlet": outlet["code"], "pollutant": pollutant["name"], "way": way, "frequency": often})
    return rows


def permit(site: PlantSite, plant: Plant, seed: int) -> dict[str, Any]:
    """Return the permit of a plant, ready for JSON; the drawing is the truth of codes.

    Parameters
    ----------
    site : PlantSite
        Whose permit.
    plant : Plant
        What is drawn.
    seed : int
        Decides amounts and dates.
    """
    dice = random.Random(f"{seed}:permit:{site.number}")  # noqa: S311 — an invented permit
    outlets = _outlets(site, plant, dice)
    year = dice.randint(2022, 2025)
    month, day = dice.randint(1, 12), dice.randint(1, 28)
    stores = _by_block(plant, "QJ_STORE", "QJ_FARM_TANK", "QJ_PRODUCT", "QJ_HW", "QJ_SW")
    document = {
        "permit_no": site.source_code,
        "holder": site.name,
        "credit_code": site.credit_code,
        "industry": site.industry.label,
        "industry_code": site.industry.code,
        "management": site.industry.level,
        "issued_by": "达州市生态环境局（示范）",
        "valid_from": f"{year}-{month:02d}-{day:02d}",
        "valid_to": f"{year + 5}-{month:02d}-{day:02d}",
        "outlets": outlets,
        "units": [
            {"code": thing.values["CODE"], "name": thing.values["NAME"], "process": thing.values["KIND"], "pollutants": _pollutants(thing),
             "treatment": thing.values.get("PARENT", "")}
            for thing in _by_block(plant, "QJ_MF")
        ],
        "facilities": _facilities(_by_block(plant, "QJ_TA", "QJ_TW")),
        "materials": [
            {"name": name, "store": thing.values["NAME"], "annual_t": round(float(thing.values.get("CAP", 50)) * dice.uniform(4, 14), -1),
             "cas": thing.values.get("CAS", "")}
            for thing in stores if thing.block in ("QJ_STORE", "QJ_FARM_TANK") for name in str(thing.values["KIND"]).split("、")
        ],
        "products": [
            {"name": thing.values["KIND"], "annual_t": round(float(thing.values.get("CAP", 50)) * dice.uniform(8, 20), -1)}
            for thing in stores if thing.block == "QJ_PRODUCT"
        ],
        "wastes": [
            {"name": name, "class": "hazardous" if thing.block == "QJ_HW" else "general", "store": thing.values["NAME"],
             "capacity_t": thing.values.get("CAP")}
            for thing in stores if thing.block in ("QJ_HW", "QJ_SW") for name in str(thing.values["KIND"]).split("、")
        ],
        "self_monitoring": _monitoring(outlets),
        "note": "示范数据：企业、许可和数值均为虚构",
    }  # fmt: skip
    return permit_of(document).document()
