"""3D bodies in drawings, as CAD programs write them."""

import io

import ezdxf
import pytest
from ezdxf.acis import api as acis
from ezdxf.render.forms import cube

from drawings.bodies import read
from models3d.preflight import preflight


def drawn():
    document = ezdxf.new("R2000", units=4)
    space = document.modelspace()
    box = cube(center=False).scale(2000, 3000, 4000)
    box.render_mesh(space, dxfattribs={"layer": "网格"})
    box.render_polyface(space, dxfattribs={"layer": "多面", "color": 1})
    box.render_3dfaces(space, dxfattribs={"layer": "面"})
    solid = space.add_3dsolid(dxfattribs={"layer": "实体"})
    acis.export_dxf(solid, [acis.body_from_mesh(box)])
    bad = space.add_3dsolid(dxfattribs={"layer": "坏"})
    bad.sat = ["700 0 1 0", "nonsense"]
    block = document.blocks.new("罐")
    box.render_mesh(block)
    space.add_blockref("罐", (9000, 0), dxfattribs={"xscale": -1})
    space.add_line((0, 0), (1, 1))
    text = io.StringIO()
    document.write(text)
    return text.getvalue().encode()


def test_meshes_polyfaces_faces_and_flat_solids_are_bodies_in_metres():
    report = preflight(read(drawn(), "a.dxf"))
    found = {(one.body.kind, round(one.volume_m3, 6)) for one in report.taken}
    assert found == {("MESH", 24), ("POLYLINE", 24), ("3DFACE", 24), ("3DSOLID", 24)}
    assert report.counts == {"read": 6, "taken": 5, "refused": 1}
    assert [issue.code for issue in report.issues if issue.code == "E902"] == ["E902"]
    assert report.model.ignored == {"LINE（不是三维实体）": 1}
    painted = next(one.body for one in report.taken if one.body.kind == "POLYLINE")
    assert painted.colours.tolist()[0] == [255, 0, 0]


def test_what_is_no_drawing_has_no_bodies():
    model = read(b"nothing", "a.dxf")
    assert (model.read, [issue.code for issue in model.issues]) == (0, ["E101"])
    with pytest.raises(StopIteration):
        next(iter(model.bodies))
