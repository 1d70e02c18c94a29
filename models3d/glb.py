"""A part of the kit as a file for other programs: GLB, y up, one mesh a material, in the colours of the tokens."""

from collections.abc import Sequence

import numpy as np
import trimesh

from models3d.kit.piece import Part, Piece
from models3d.mesh import concatenate
from styles.tokens import ROUGHNESS, Rgb, linear, part_colour, scene_colour

Y_UP = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, -1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
"""Turns z up into glTF's y up."""


def _material(name: str, colour: Rgb) -> trimesh.visual.material.PBRMaterial:
    return trimesh.visual.material.PBRMaterial(name=name, baseColorFactor=linear(colour), metallicFactor=0.0, roughnessFactor=ROUGHNESS)


def glb(name: str, pieces: Sequence[Piece], colour: Rgb) -> bytes:
    """Return solids as GLB.

    Parameters
    ----------
    name : str
        Of the part; its meshes are `<name>.<material>`.
    pieces : sequence of Piece
    colour : tuple of int
        Of what is painted as the feature's kind.
    """
    scene = trimesh.Scene(base_frame=name)
    for material in dict.fromkeys(piece.material for piece in pieces):
        mesh = concatenate([piece.mesh for piece in pieces if piece.material == material])
        paint = _material(material, colour if material == "body" else part_colour(material))
        visual = trimesh.visual.TextureVisuals(material=paint)
        solid = trimesh.Trimesh(mesh.positions, mesh.triangles, vertex_normals=mesh.normals, visual=visual, process=False)
        scene.add_geometry(solid, geom_name=f"{name}.{material}", transform=Y_UP)
    exported: bytes = scene.export(file_type="glb", include_normals=True)
    return exported


def part_glb(name: str, part: Part, detail: int) -> bytes:
    """Return a part at a level of detail as GLB, in the colour of a structure."""
    return glb(name, part.pieces(detail), scene_colour("structure"))  # type: ignore[arg-type]
