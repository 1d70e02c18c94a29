from collections.abc import Callable

import ezdxf
import pytest
from dxf_bytes import text_bytes
from ezdxf.document import Drawing
from ezdxf.entities import Hatch

from drawings.attachments import hatch_issues, pattern_lines, xref_issues
from drawings.read import document_of


def test_what_did_not_come_with_the_drawing_is_named() -> None:
    made = ezdxf.new("R2018")
    made.add_xref_def("..\\总图\\管网.dwg", "管网")
    made.modelspace().add_blockref("管网", (0, 0))
    made.add_image_def("航拍.jpg", (100, 100))
    made.add_underlay_def("图纸.pdf", "pdf", "1")
    read, issues = document_of(text_bytes(made))
    assert read is not None
    assert [issue.code for issue in issues] == ["W110"] * 3
    assert [issue.message.partition("：")[2] for issue in issues] == ["..\\总图\\管网.dwg", "航拍.jpg", "图纸.pdf"]
    assert issues[0].place.field == "管网"
    assert xref_issues(ezdxf.new("R12")) == []


def polygon(hatch: Hatch) -> None:
    hatch.paths.add_polyline_path([(0, 0), (300, 0), (300, 400), (0, 400)])


def circle(hatch: Hatch) -> None:
    hatch.paths.add_edge_path().add_arc((0, 0), 250 / 2**0.5, 0, 360)


@pytest.mark.parametrize("shape", [polygon, circle])
def test_density_of_patterns(shape: Callable[[Hatch], None]) -> None:
    made: Drawing = ezdxf.new("R2018")
    for spacing in (1.0, 0.01, 0.001):
        hatch = made.modelspace().add_hatch()
        hatch.set_pattern_fill("LINES", definition=[[30.0, (0, 0), (-spacing / 2, spacing * 3**0.5 / 2), []]])
        shape(hatch)
    lines = [pattern_lines(hatch) for hatch in made.modelspace().query("HATCH")]
    assert lines == pytest.approx([500, 50_000, 500_000], rel=1e-6)
    (issue,) = hatch_issues(made)
    assert issue.code == "E306"
    assert "约 5e+05 条" in issue.message
    assert issue.place.handle == made.modelspace()[-1].dxf.handle


def test_hatches_that_have_no_pattern() -> None:
    made = ezdxf.new("R2018")
    polygon(made.modelspace().add_hatch())
    made.modelspace().add_hatch().set_pattern_fill("ANSI31", scale=1e-9)
    assert hatch_issues(made) == []


def test_a_hundred_dense_hatches_are_counted() -> None:
    made = ezdxf.new("R2018")
    for _ in range(100):
        hatch = made.modelspace().add_hatch()
        hatch.set_pattern_fill("ANSI31", scale=1e-9)
        polygon(hatch)
    issues = hatch_issues(made)
    assert len(issues) == 21
    assert "另有 80 个" in issues[-1].message
