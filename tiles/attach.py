"""A model's file made the one that stands for a feature: read, checked, placed, stored."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from shapely import wkb

from gis.errors import Invalid
from gis.issues import Issue
from gis.models.detailed import packed
from gis.store import detailed
from gis.store.connect import Plain, Transaction
from models3d.detailed import MAX_TRIANGLES, areas_m2, at_lod, chosen, lods, prepared
from tiles.attaching import away, placed
from tiles.model_file import Frame, checked


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to stand where."""

    feature: str
    """An id, or `<enterprise code>/<code>`."""
    gcp: str | None = None
    crs: str | None = None
    lod: str | None = None
    objects: tuple[str, ...] = ()
    ground_m: float | None = None
    frame: Frame = field(default_factory=Frame)


@dataclass(frozen=True, slots=True)
class Done:
    """What was attached."""

    version: int
    placement: dict[str, Any]
    counts: dict[str, Any]
    issues: tuple[Issue, ...]


def attach_model(connection: "Transaction | Plain", file: Path, wish: Wish) -> Done:
    """Attach a model to a feature, inside a writing transaction.

    Raises
    ------
    Invalid
        Nothing in the file can be shown, it can't be placed, or it lies elsewhere; says what to mend.
    NotFound
        There is no such feature.
    """
    feature_id = detailed.feature_named(connection, wish.feature)
    _, shape, foot_m = detailed.feature_place(connection, feature_id)
    content = file.read_bytes()
    report = checked(content, file.name, wish.frame)
    if not report.taken:
        raise Invalid("file", "；".join(issue.message for issue in report.issues) or "没有可用的对象")
    bodies = [one.body for one in report.taken]
    if wish.lod and wish.lod not in lods(bodies):
        raise Invalid("--lod", f"没有 LoD {wish.lod}；有 {'、'.join(lods(bodies)) or '未说明的一种'}")
    bodies = at_lod(chosen(bodies, wish.objects), wish.lod)
    if not bodies:
        raise Invalid("--object", "文件里没有这些对象（或都不可用）；用 quanjing model check FILE --json 看编号")
    triangles = sum(len(body.triangles) for body in bodies)
    if triangles > MAX_TRIANGLES:
        raise Invalid("file", f"{triangles} 个三角形，最多 {MAX_TRIANGLES} 个；请简化，或用 --object 分给几个要素")
    found = placed(report.model, bodies, crs=wish.crs, gcp=wish.gcp, ground_m=wish.ground_m, foot_m=foot_m or 0.0)
    fault = away(found.place(np.concatenate([body.points for body in bodies])), wkb.loads(shape))
    if fault is not None:
        raise Invalid("--gcp", f"{fault.message}（{fault.code}）；{fault.hint}")
    model = prepared(bodies, found.place)
    ids = {body.body_id for body in bodies}
    issues = tuple(issue for issue in report.issues if issue.code != "E908" and issue.place.handle in {None, *ids}) + found.issues
    counts = {
        "objects": len(bodies),
        "triangles": len(model.triangles),
        "volume_m3": round(sum(one.volume_m3 or 0.0 for one in report.taken if any(one.body is body for body in bodies)), 3),
        "surfaces_m2": areas_m2(model),
    }
    said = {
        "file_name": file.name,
        "format": report.model.format,
        "sha256": hashlib.sha256(content).hexdigest(),
        "lod": wish.lod or next(iter(lods(bodies)), None),
        "placement": found.said,
        "counts": counts,
        "issues": [issue.as_json() for issue in issues],
    }
    version = detailed.attach(connection, feature_id, content, said, packed(model))
    return Done(version, found.said, counts, issues)
