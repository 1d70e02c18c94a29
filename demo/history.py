"""The short history of a site: founding, approvals, upgrades, permits, and what the authority had to say."""

import random
from typing import Any

from demo.plant import Plant
from demo.sites import PlantSite

RENAMED = "2018-12-30"
"""Until then it was the bureau of environmental protection (环境保护局)."""
UPGRADES = {
    "steel": "完成烧结机头烟气超低排放改造",
    "power_plant": "完成机组超低排放改造并通过验收",
    "cement": "完成窑尾 SCR 脱硝改造",
    "sewage_works": "完成一级A提标改造",
    "pig_farm": "建成粪污资源化利用设施",
    "brick": "完成窑炉烟气脱硫和在线监测安装",
}
"""What an industry was made to do of late."""


def bureau(date: str, county: str) -> str:
    """Return what the authority was called on a day."""
    if date < RENAMED:
        return "达县环境保护局" if county == "达川区" and date < "2013-07-18" else "达州市环境保护局"
    return "达州市生态环境局"


def _day(year: int, dice: random.Random) -> str:
    return f"{year}-{dice.randint(1, 12):02d}-{dice.randint(1, 28):02d}"


def history(site: PlantSite, plant: Plant, seed: int) -> list[dict[str, Any]]:
    """Return the events of a site in the order of their days, ready for JSON.

    Parameters
    ----------
    site : PlantSite
        Whose history.
    plant : Plant
        Tells what was built.
    seed : int
        Decides the days.
    """
    dice = random.Random(f"{seed}:history:{site.number}")  # noqa: S311 — an invented history
    start = dice.randint(2003, 2016)
    rows: list[tuple[str, str, str]] = [(_day(start, dice), "founded", f"{site.name}成立")]
    approval = _day(start + 1, dice)
    rows.append((approval, "approval", f"环评批复（{bureau(approval, site.county_name)} 示环审〔{approval[:4]}〕{dice.randint(2, 98)}号）"))
    units = sum(thing.block == "QJ_MF" for thing in plant.things)
    rows.append((_day(start + 2, dice), "accepted", f"建成投产并通过竣工环保验收，{units} 个产污单元"))
    rows.append((_day(dice.randint(2019, 2020), dice), "permit", f"首次核发排污许可证（{site.industry.level}）"))
    if site.industry.key == "steel":
        note = "由城区老厂址整体搬迁至现址，老厂址停产并列入土壤污染状况调查"
        rows.append((_day(start + 2, dice), "other", note))
    if dice.random() < 0.6:
        rows.append((_day(dice.randint(2020, 2023), dice), "upgrade", UPGRADES.get(site.industry.key, "完成废气收集和治理设施升级")))
    if any(thing.block in ("QJ_CEMS", "QJ_WATER_ONLINE") for thing in plant.things):
        rows.append((_day(dice.randint(2019, 2022), dice), "monitoring", "主要排放口自动监测设备与生态环境部门联网"))
    if dice.random() < 0.22:
        day = _day(dice.randint(2016, 2024), dice)
        matter = dice.choice(("未按规定保存原始监测记录", "危险废物贮存场所标识不规范", "雨污分流不彻底", "未正常运行污染防治设施"))
        rows.append((day, "penalty", f"{bureau(day, site.county_name)}责令改正并处罚款：{matter}，已整改"))
    if dice.random() < 0.25:
        rows.append(
            (_day(dice.randint(2019, 2025), dice), "complaint", f"群众信访反映{dice.choice(('异味', '噪声', '扬尘'))}，现场核查后已答复")
        )
    return [{"date": day, "kind": kind, "text": text, "source": "示范"} for day, kind, text in sorted(rows)]
