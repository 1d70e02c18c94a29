"""The rows of an enterprise's file: what it uses and makes, how it is managed, what was measured by itself and by the authority."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from demo.sites import PlantSite

Row = dict[str, Any]

YEARS = (2024, 2025)
"""Of which amounts are told."""
ROUNDS = {"1次/季": ("2026-01", "2026-04", "2026-07", "2026-10"), "1次/半年": ("2026-03", "2026-09")}
"""Months of sampling by the frequency that the permit asks for; where each day of discharge is sampled, the last months are told."""
LAST = ("2026-08", "2026-09", "2026-10")
SUPERVISED = ("2025-06", "2026-06")
FUELS = ("原煤", "煤", "生物质", "天然气", "柴油", "重油")
RULES = (
    ("chemical", "危险化学品安全与环境管理制度", "采购、入库、领用、盘点和泄漏处置；每月检查一次罐区和围堰，问题当日登记。"),
    ("emergency", "突发环境事件应急预案", "应急组织、事故池和阀门切换、监测和上报；每年演练一次，三年修订一次。"),
    ("monitoring", "自行监测方案", "监测点位、因子、频次按排污许可证执行；原始记录保存不少于五年。"),
    ("waste", "固体废物管理制度", "分类贮存、标识、转移联单和台账；贮存不超过一年。"),
    ("ledger", "环境管理台账制度", "生产设施、治理设施运行和药剂用量按班记录，保存不少于五年。"),
    ("facility", "污染防治设施运行管理制度", "治理设施与生产同启同停；检修停运先报告，备案后方可实施。"),
)
AGENCY, STATION = "示范检测技术有限公司", "达州市生态环境监测中心站（示范）"


def _day(month: str, dice: random.Random) -> str:
    return f"{month}-{dice.randint(3, 26):02d}"


def _rounded(value: float) -> float:
    """Return a value with the three digits that a laboratory reports."""
    return float(f"{value:.3g}")


def _together(rows: list[dict[str, Any]], amount: str) -> list[dict[str, Any]]:
    """Return one row a name: what lies in several stores is told once."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        one = found.setdefault(row["name"], row | {amount: 0.0, "store": ""})
        one[amount] += row[amount]
        one["store"] = "、".join(dict.fromkeys(filter(None, [one["store"], row.get("store")])))
    return list(found.values())


def _chemicals(permit: Mapping[str, Any], dice: random.Random) -> Iterator[Row]:
    for year in YEARS:
        share = dice.uniform(0.78, 0.97)
        for one in _together(permit["materials"], "annual_t"):
            fuel, tank = one["name"] in FUELS, "罐" in one["store"]
            used = one["annual_t"] * share
            yield {
                "year": year,
                "name": one["name"],
                "cas": one.get("cas"),
                "role": "fuel" if fuel else "raw",
                "used_t": _rounded(used),
                "stored_t": _rounded(used / dice.randint(18, 45)),
                "storage": one["store"],
                "release": "several" if tank else "air",
                "release_note": "装卸和管道法兰泄漏；罐区设围堰和事故池阀门" if tank else "装卸和转运扬散；棚内作业并洒水或负压收集",
            }
        for one in _together(permit["products"], "annual_t"):
            yield {"year": year, "name": one["name"], "role": "product", "produced_t": _rounded(one["annual_t"] * share), "release": "none"}
        for one in _together(permit["wastes"], "capacity_t"):
            hazardous = one["class"] == "hazardous"
            yield {
                "year": year,
                "name": one["name"],
                "role": "waste",
                "stored_t": _rounded(one["capacity_t"] * dice.uniform(0.2, 0.8)),
                "storage": one["store"],
                "disposed_t": _rounded(one["capacity_t"] * dice.uniform(3, 9)),
                "disposal": "委托有危险废物经营许可证的单位处置，电子转移联单（示范）" if hazardous else "综合利用或委托处置（示范）",
                "release": "several" if hazardous else "soil",
            }


def _rules(dice: random.Random) -> Iterator[Row]:
    for number, (kind, title, content) in enumerate(RULES, 1):
        year = dice.randint(2021, 2024)
        yield {
            "title": title,
            "kind": kind,
            "issued_on": _day(f"{year}-{dice.randint(1, 12):02d}", dice),
            "document_no": f"示环〔{year}〕{number}号",
            "keeper": "安全环保部",
            "content": content,
        }


def _measured(permit: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, Mapping[str, Any]]]:
    """Return outlet and pollutant → medium and limit, of what the permit limits."""
    return {
        (outlet["code"], one["name"]): (outlet["medium"], one["limit"])
        for outlet in permit["outlets"]
        for one in outlet["pollutants"]
        if one.get("limit") and one["name"] != "pH值"
    }


def _result(place: str, pollutant: str, limit: Mapping[str, Any], day: str, share: float) -> Row:
    return {
        "sampled_on": day,
        "place": place,
        "pollutant": pollutant,
        "value": _rounded(limit["value"] * share),
        "unit": limit["unit"],
        "limit_value": limit["value"],
        "standard": limit["standard"],
    }


def _own_results(permit: Mapping[str, Any], site: PlantSite, dice: random.Random) -> Iterator[Row]:
    limits = _measured(permit)
    for item in permit["self_monitoring"]:
        found = limits.get((item["outlet"], item["pollutant"]))
        if item["way"] != "手工监测" or found is None:
            continue
        for month in ROUNDS.get(item["frequency"], LAST):
            row = _result(item["outlet"], item["pollutant"], found[1], _day(month, dice), dice.uniform(0.15, 0.85))
            yield row | {"agency": AGENCY, "report_no": f"SF{month.replace('-', '')}-{site.number:03d}"}


def _official_results(permit: Mapping[str, Any], site: PlantSite, dice: random.Random) -> Iterator[Row]:
    main = {outlet["code"] for outlet in permit["outlets"] if outlet["class"] == "main"}
    for month in SUPERVISED:
        day = _day(month, dice)
        for (place, pollutant), (_, limit) in _measured(permit).items():
            if place not in main:
                continue
            over = dice.random() < 0.02
            row = _result(place, pollutant, limit, day, dice.uniform(1.05, 1.6) if over else dice.uniform(0.2, 0.9))
            note = {"note": "超标，已责令改正（示范）"} if over else {}
            yield row | {"agency": STATION, "report_no": f"JC{month.replace('-', '')}-{site.number:03d}"} | note


def records(site: PlantSite, permit: Mapping[str, Any], seed: int) -> dict[str, list[Row]]:
    """Return the rows of a file by part (`gis/file_parts.yaml`), ready for JSON; its history is a document of its own.

    Parameters
    ----------
    site : PlantSite
        Whose file.
    permit : mapping
        Its permit (`demo.permits.permit`): what it may use, make, and emit.
    seed : int
        Decides amounts, days and results.
    """
    dice = random.Random(f"{seed}:records:{site.number}")  # noqa: S311 — an invented file
    said = {
        "chemicals": _chemicals(permit, dice),
        "management_rules": _rules(dice),
        "self_monitoring": _own_results(permit, site, dice),
        "supervisory_monitoring": _official_results(permit, site, dice),
    }
    noted = {"chemicals", "management_rules"}
    return {
        part: [
            {name: value for name, value in row.items() if value not in (None, "")} | ({"source": "示范"} if part in noted else {})
            for row in rows
        ]
        for part, rows in said.items()
    }
