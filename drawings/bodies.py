"""3D bodies in a DXF file, as a model: faces of layers, polyface meshes, meshes, and ACIS solids with flat faces."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ezdxf.acis.dxf import load_dxf
from ezdxf.acis.mesh import mesh_from_body
from ezdxf.colors import aci2rgb, int2rgb
from ezdxf.entities.acis import Body as Acis
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.dxfgfx import DXFGraphic
from ezdxf.entities.insert import Insert
from ezdxf.entities.mesh import Mesh
from ezdxf.entities.polyline import Polyface, Polymesh
from ezdxf.entities.solid import Face3d
from ezdxf.render.mesh import MeshBuilder

from drawings.ledger import handle_of, layer_of
from drawings.read import document_of
from drawings.units import METRE, declared
from gis.issues import Issue
from gis.models.body import Body, Model, finding

SOLIDS = ("3DSOLID", "BODY", "REGION", "SURFACE", "EXTRUDEDSURFACE", "LOFTEDSURFACE", "REVOLVEDSURFACE", "SWEPTSURFACE")
MAX_DEPTH = 16
"""Blocks within blocks."""


def _entities(entities: Any, depth: int = 0) -> Iterator[DXFEntity]:
    """Yield what is drawn, blocks exploded."""
    for entity in entities:
        if isinstance(entity, Insert) and depth < MAX_DEPTH:
            for one in entity.multi_insert() if entity.mcount > 1 else (entity,):
                yield from _entities(one.virtual_entities(), depth + 1)
        else:
            yield entity


def _colour(entity: DXFGraphic) -> tuple[int, int, int] | None:
    """Return the colour that an entity or its layer has."""
    if entity.dxf.hasattr("true_color"):
        red, green, blue = int2rgb(entity.dxf.true_color)
        return red, green, blue
    index = entity.dxf.get("color", 256)
    if index == 256 and entity.doc is not None and entity.dxf.get("layer", "0") in entity.doc.layers:
        index = abs(entity.doc.layers.get(entity.dxf.get("layer", "0")).dxf.get("color", 7))
    if not 1 <= index <= 255:
        return None
    red, green, blue = aci2rgb(index)
    return red, green, blue


@dataclass(frozen=True, slots=True)
class _Said:
    """What is known of a body beside its mesh."""

    body_id: str
    kind: str
    name: str
    colour: tuple[int, int, int] | None
    unit: float
    solid: bool = False


def _corners(mesh: MeshBuilder) -> Iterator[tuple[int, ...]]:
    """Yield triangles as rows of the vertices."""
    for corners in mesh.faces:
        face = corners[:3] if len(corners) == 4 and corners[3] == corners[2] else corners
        if len(face) == 3:
            yield tuple(face)
        elif len(face) > 3:
            flat = MeshBuilder()
            flat.vertices, flat.faces = mesh.vertices, [face]
            yield from _tessellated(flat)


def _body(said: _Said, mesh: MeshBuilder) -> Body:
    """Return a mesh as a body in metres."""
    points = np.array([vertex.xyz for vertex in mesh.vertices], float).reshape(-1, 3) * said.unit
    corners = np.array([one for one in _corners(mesh) if len(one) == 3], np.int64).reshape(-1, 3)
    colours = None if said.colour is None else np.tile(np.array(said.colour, np.uint8), (len(corners), 1))
    return Body(said.body_id, said.kind, points, corners, name=said.name, solid=said.solid, colours=colours)


def _tessellated(mesh: MeshBuilder) -> Iterator[tuple[int, ...]]:
    """Yield triangles of one face in rows of its own vertices."""
    (face,) = mesh.faces
    places = {tuple(mesh.vertices[at].xyz): at for at in face}
    for corners in mesh.tessellation(max_vertex_count=3):
        yield tuple(places[tuple(corner.xyz)] for corner in corners)


def _acis(entity: Acis) -> MeshBuilder:
    """Return the flat faces of an ACIS body.

    Raises
    ------
    ValueError
        It has none, or some of its faces are curved: a part of a body is no body.
    """
    whole = MeshBuilder()
    for body in load_dxf(entity):
        faces = sum(1 for lump in body.lumps() for shell in lump.shells() for _ in shell.faces())
        meshes = mesh_from_body(body)
        if not meshes or sum(len(mesh.faces) for mesh in meshes) < faces:
            raise ValueError("有曲面；请在 CAD 中用 MESHSMOOTH 或 3DSOUT 转成网格后另存")
        for mesh in meshes:
            whole.add_mesh(mesh=mesh)
    if not whole.faces:
        raise ValueError("没有能读的面")
    return whole


def _meshed(entity: DXFEntity) -> MeshBuilder | None:
    """Return the mesh of an entity that is a body by itself, None where it is none."""
    if isinstance(entity, Polyface | Polymesh):
        return MeshBuilder.from_polyface(entity)
    if isinstance(entity, Mesh):
        return MeshBuilder.from_mesh(entity)
    return _acis(entity) if isinstance(entity, Acis) and entity.dxftype() in SOLIDS else None


def _of_faces(layer: str, faces: Sequence[Face3d], unit: float) -> Body:
    mesh = MeshBuilder()
    for face in faces:
        corners = [face.dxf.vtx0, face.dxf.vtx1, face.dxf.vtx2, face.dxf.vtx3]
        mesh.add_face(corners if corners[3] != corners[2] else corners[:3])
    return _body(_Said(layer, "3DFACE", layer, _colour(faces[0]), unit), mesh)


def read(data: bytes, file_name: str = "") -> Model:
    """Return the 3D bodies in a DXF file: one a mesh or solid, one for all 3D faces of a layer."""
    document, found = document_of(data, file_name)
    if document is None:
        return Model("DXF", (), 0, tuple(found))
    unit = declared(document).metres or METRE
    bodies: list[Body] = []
    issues: list[Issue] = []
    loose: defaultdict[str, list[Face3d]] = defaultdict(list)
    ignored: Counter[str] = Counter()
    for entity in _entities(document.modelspace()):
        kind, layer = entity.dxftype(), layer_of(entity)
        if isinstance(entity, Face3d):
            loose[layer].append(entity)
            continue
        try:
            mesh = _meshed(entity)
            if mesh is None or not isinstance(entity, DXFGraphic):
                ignored[f"{kind}（不是三维实体）"] += 1
            else:
                said = _Said(handle_of(entity), kind, f"{layer} {kind}", _colour(entity), unit, solid=kind == "3DSOLID")
                bodies.append(_body(said, mesh))
        except Exception as error:  # noqa: BLE001 — whatever is wrong with one entity, the others are read
            said_ = f"{layer} {kind}：几何读不出（{type(error).__name__}：{error}）"
            issues.append(finding("E902", said_, handle_of(entity)))
    bodies += [_of_faces(layer, faces, unit) for layer, faces in loose.items()]
    return Model(f"DXF {document.dxfversion}", tuple(bodies), len(bodies) + len(issues), tuple(issues), ignored=dict(ignored))
