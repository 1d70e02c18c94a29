"""What the title block of a sheet says, from the facts that it is drawn from."""

from collections.abc import Iterable
from datetime import UTC, datetime

from drawings.sheets.titleblock import UNSIGNED, Stamp
from gis.clock import BEIJING
from gis.models.feature import Feature
from gis.models.sheet import KINDS, TITLES, Issue, Kind, SheetFacts

CRS_TEXT = "CGCS2000 / 3° 高斯-克吕格，中央经线 108°E（EPSG:4545）；1985 国家高程基准"
UNDRAWN = "（未绘制）"
FLAT_TEXT = "示意图，无坐标"


def day_in_beijing(at: datetime) -> str:
    """Return the day of an instant, YYYY-MM-DD."""
    return at.astimezone(BEIJING).date().isoformat()


def signature(name: str | None, at: datetime | None) -> str:
    """Return who signed and when."""
    return f"{name} {day_in_beijing(at)}" if name and at else UNSIGNED


def revision(issue: Issue) -> str:
    """Return which version a sheet shows."""
    return f"第 {issue.version} 版 {'送审稿' if issue.draft else day_in_beijing(issue.published_at)}"


def newest(features: Iterable[Feature]) -> datetime:
    """Return when the newest of some features was recorded."""
    return max((feature.recorded_from for feature in features if feature.recorded_from), default=datetime(1970, 1, 1, tzinfo=UTC))


def permit_text(facts: SheetFacts) -> str:
    """Return which permit the sheet goes by."""
    if facts.permit is None:
        return "未登记排污许可证"
    return f"{facts.permit['valid_from']} 至 {facts.permit['valid_to']}（登记第 {facts.permit_version} 版）"


def stamp(facts: SheetFacts, kind: Kind, scale: int | None, base_url: str) -> Stamp:
    """Return the title block of a sheet.

    Parameters
    ----------
    facts : SheetFacts
        What the sheets of the enterprise show.
    kind : str
        Of the sheet.
    scale : int or None
        Denominator; None for a schematic one.
    base_url : str
        Address of the panorama, to which the code leads.
    """
    issue = facts.issued.get(kind)
    bare = UNDRAWN if kind == "B" and issue is None else ""
    # Monitors and receptors may stand on the site plan; a process never does.
    issue = issue or (None if bare else facts.issued.get("A"))
    code = facts.enterprise.code or ""
    return Stamp(
        title=TITLES[kind],
        enterprise=facts.enterprise.name,
        source_code=code or "（未登记）",
        drawn=bare or (issue.drawn_by if issue else facts.enterprise.attributes.get("author") or "（未知）"),
        checked=signature(issue.reviewer, issue.reviewed_at) if issue else UNSIGNED,
        approved=signature(issue.publisher, issue.published_at) if issue else UNSIGNED,
        day=day_of(facts, kind) + (f"，{issue.resurvey_on} 复测" if issue and issue.resurvey_on else ""),
        scale=f"1:{scale}" if scale else "不按比例",
        crs=CRS_TEXT if scale else FLAT_TEXT,
        permit=permit_text(facts),
        revision=bare or (revision(issue) if issue else "未发布"),
        number=f"{code}-{kind}（第 {KINDS.index(kind) + 1} 张，共 {len(KINDS)} 张）",
        address=f"{base_url.rstrip('/')}/#sel={facts.enterprise.feature_id}",
    )


def day_of(facts: SheetFacts, kind: Kind = "A") -> str:
    """Return the day (Beijing) of the newest thing that a sheet of an enterprise shows, YYYY-MM-DD."""
    if kind == "B" and "B" in facts.issued:
        return day_in_beijing(facts.issued["B"].published_at)
    return day_in_beijing(newest((facts.enterprise, *facts.features)))
