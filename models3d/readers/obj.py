"""Wavefront OBJ: polygons with groups and vertex colours; materials of a file beside it stay out, as only one file is handed in."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from gis.errors import Invalid
from gis.models.body import Model, finding
from models3d.readers.building import Faces, levels

CURVES = ("curv", "curv2", "surf", "vp")


def _row(text: str, vertices: int) -> int:
    """Return the vertex that a corner `v/vt/vn` names; a negative number counts back from the last."""
    at = int(text.partition("/")[0])
    row = at - 1 if at > 0 else vertices + at
    if at == 0 or not 0 <= row < vertices:
        raise IndexError(f"顶点 {at} 不存在")
    return row


@dataclass(slots=True)
class _Text:
    """What was read of a file so far."""

    vertices: list[list[float]] = field(default_factory=list)
    paints: list[list[float] | None] = field(default_factory=list)
    faces: dict[str, list[list[int]]] = field(default_factory=dict)
    faults: dict[str, Counter[str]] = field(default_factory=dict)
    curves: int = 0
    object_: str = ""
    group: str = ""

    def vertex(self, rest: str) -> None:
        try:
            values = [float(one) for one in rest.split()]
        except ValueError:
            values = []
        self.vertices.append(values[:3] if len(values) >= 3 else [float("nan")] * 3)
        self.paints.append(values[3:6] if len(values) >= 6 else None)

    def face(self, rest: str) -> None:
        name = self.object_ or self.group or "1"
        try:
            self.faces.setdefault(name, []).append([_row(corner, len(self.vertices)) for corner in rest.split()])
        except (ValueError, IndexError) as error:
            self.faults.setdefault(name, Counter())[str(error)] += 1

    def line(self, text: str) -> None:
        word, _, rest = text.strip().partition(" ")
        match word:
            case "v":
                self.vertex(rest)
            case "o":
                self.object_ = rest.strip()
            case "g":
                self.group = rest.strip()
            case "f":
                self.face(rest)
            case _:
                self.curves += word in CURVES


def read(data: bytes) -> Model:
    """Return the model in an OBJ file; one body an object (`o`), else a group (`g`).

    Raises
    ------
    Invalid
        It has no vertices.
    """
    text = _Text()
    for line in data.decode("utf-8", "replace").replace("\\\n", " ").splitlines():
        text.line(line)
    if not text.vertices:
        raise Invalid("file", "不是 OBJ：没有顶点（v）")
    points = np.array(text.vertices)
    bodies = []
    for name, rings in text.faces.items():
        made = Faces()
        for ring in rings:
            painted = [paint for at in ring if (paint := text.paints[at])]
            made.add(points, [ring], colour=levels(np.mean(painted, axis=0).tolist()) if painted else None)
        if made.triangles or name not in text.faults:
            bodies.append(made.body(name, "object", points, name=name))
    issues = [finding("E902", f"{name}：{sum(said.values())} 个面读不出（{next(iter(said))}）", name) for name, said in text.faults.items()]
    ignored = {"曲线、曲面": text.curves} if text.curves else {}
    return Model("OBJ", tuple(bodies), len(text.faces.keys() | text.faults.keys()), tuple(issues), ignored=ignored)
