"""The one site that is not invented: a real survey of a chemical works elsewhere, moved here by control points and marked so (移植)."""

import lzma
from pathlib import Path
from typing import Any

from shapely.geometry import Point

from demo.codes import credit_code, source_code
from demo.geography import WORKS, City
from demo.industry import industries
from demo.plant import Plant
from demo.sites import PlantSite

DATA = Path(__file__).parents[1] / "data"
SURVEY = DATA / "surveys" / "01_plant_survey_ru_r2010.dxf.xz"
MAPPING = DATA / "examples" / "01.mapping.yaml"
POINTS = DATA / "examples" / "01.gcp.csv"

NUMBER = 9_998
"""Beyond any number of invented enterprises: its codes are the same in every city."""
COUNTY = "511703"
NAME = "移植测绘化工厂（示范）"
MIDDLE = (449_380.0, 3_447_020.0)
"""Among its buildings after the move (EPSG:4545, metres)."""


def transplant(of: City) -> tuple[PlantSite, Plant]:
    """Return the site, and a plant of which nothing is invented: its drawing A is the survey."""
    spot = Point(MIDDLE)
    river, away = of.river_near(spot)
    credit = credit_code(COUNTY, NUMBER)
    site = PlantSite(
        number=NUMBER,
        county=COUNTY,
        county_name=next(county.name for county in of.counties if county.adcode == COUNTY),
        industry=industries()["fertiliser"],
        variant=0,
        east=MIDDLE[0],
        north=MIDDLE[1],
        turn_deg=0.0,
        base_1985_m=of.ground_m(spot),
        name=NAME,
        credit_code=credit,
        source_code=source_code(credit),
        address="四川省达州市达川区（移植：外地一座化工厂的实测图，不是本地企业）",
        legal_person="",
        contact="",
        phone="",
        river=river.name,
        river_m=round(away, 1),
    )
    west, south, east, north = (side - middle for side, middle in zip(WORKS.bounds, (*MIDDLE, *MIDDLE), strict=True))
    corners = ((west, south), (east, south), (east, north), (west, north))
    return site, Plant(site.industry.key, 0, tuple((u, v, 0.0) for u, v in corners), ())


def survey_files(site: PlantSite) -> dict[str, bytes]:
    """Return the survey as drawing A with its mapping and control points, file name → bytes."""
    stem = f"{site.source_code}_A_v01"
    return {
        f"{stem}.dxf": lzma.decompress(SURVEY.read_bytes()),
        f"{stem}.mapping.yaml": MAPPING.read_bytes(),
        f"{stem}.gcp.csv": POINTS.read_bytes(),
    }


def origin() -> list[dict[str, Any]]:
    """Return where the survey comes from, as the one event of the site's history."""
    return [
        {
            "date": "2026-11-23",
            "kind": "other",
            "text": "移植：厂房、基础、管线、检查井、道路和高程点取自外地一座化工厂的实测图",
            "note": "平移到此，未旋转、未缩放；高程为原测绘值（约 23–30 m）。没有许可证、排放口和监测点，因为原图没有。",
            "source": "Comanda-A/DXF-PostGIS-Converter，MIT 许可",
        }
    ]
