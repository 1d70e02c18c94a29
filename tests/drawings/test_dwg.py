"""DWG by way of a converter: found or asked for, kept in its limits, and a real one (make test-dwg)."""

import os
import shlex
import sys
from pathlib import Path

import pytest
from city import DRAWING

from drawings import dwg
from drawings.sandbox import read_plan
from gis.errors import Invalid, SettingsError
from gis.issues import blocking
from gis.limits import Limits

DWG = Path(__file__).parents[1] / "data" / "91511703MADEMA000P001P_A_v01.dwg"


def by(program: str) -> dwg.Converter:
    """Return a converter that is a Python program: `read` and `write` are the two files."""
    words = "import sys; read, write = sys.argv[1:]; "
    return dwg.converter(f"{sys.executable} -c {shlex.quote(words + program)} {{dwg}} {{dxf}}")


def test_a_dwg_is_known_by_its_first_bytes() -> None:
    assert dwg.is_dwg(DWG)
    assert not dwg.is_dwg(DRAWING)


def test_without_a_converter_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with dwg.as_dxf([DRAWING], None) as paths:
        assert paths == [DRAWING]
    with pytest.raises(dwg.NoConverter, match=r"npm install --prefix ~/dwg @mlightcad/libredwg-web"), dwg.as_dxf([DWG], None):
        pass
    for said in (str(tmp_path), "nowhere {dwg} {dxf}"):
        with pytest.raises(SettingsError, match="QUANJING_DWG_CONVERTER"):
            dwg.converter(said)
    oda = tmp_path / "ODAFileConverter"
    oda.write_text("#!/bin/sh\n")
    oda.chmod(0o755)
    assert dwg.converter(None).command[:3] == (str(oda), "{from}", "{to}")
    with pytest.raises(Invalid), dwg.as_dxf([DWG, DWG], str(oda)):
        pass


def test_a_converter_sees_a_copy_and_its_dxf_is_named_as_the_dwg(tmp_path: Path) -> None:
    copied = by("open(write, 'wb').write(open(read, 'rb').read()); open(read, 'wb').write(b'')")
    made = dwg.converted(DWG, tmp_path, copied)
    assert (made.name, made.read_bytes()) == ("91511703MADEMA000P001P_A_v01.dxf", DWG.read_bytes())


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("sys.exit('no such release')", "退出码 1（no such release）"),
        ("pass", "没有写出"),
        ("import time; time.sleep(600)", "超过 1 秒"),
        ("import time; held = b'x' * 400_000_000; time.sleep(600)", "内存超过 256 MB"),
    ],
)
def test_a_converter_keeps_to_its_limits(tmp_path: Path, program: str, said: str) -> None:
    limits = Limits(memory_bytes=256 * 1024**2, deadline_s=30.0 if "held" in program else 1.0 if "sleep" in program else 60.0)
    with pytest.raises(dwg.NoConverter) as refused:
        dwg.converted(DWG, tmp_path, by(program), limits)
    assert said in str(refused.value)


@pytest.mark.dwg
def test_a_real_converter() -> None:
    with dwg.as_dxf([DWG], os.environ["QUANJING_DWG_CONVERTER"]) as (path,):
        plan = read_plan(path, path.name)
    assert blocking(plan.issues) == []
    assert (plan.counts.entities, plan.counts.stored, plan.counts.refused) == (4, 3, 0)
    features = {feature.kind: feature for feature in plan.features}
    assert features.keys() == {"site_boundary", "building"}
    assert (features["building"].code, features["building"].name, features["building"].height_m) == ("B01", "酸解车间", 12.5)
