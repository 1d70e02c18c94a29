import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from gis.crs import (
    CGCS2000,
    Source,
    bd09_to_gcj02,
    gcj02_to_bd09,
    gcj02_to_lonlat,
    is_geographic,
    is_null_shift,
    lonlat_to_gcj02,
    lonlat_to_xy,
    source_of,
    to_lonlat,
    transformer,
    xy_to_lonlat,
)
from gis.errors import CoordinateError

HERE = np.array([[107.5, 31.2]])
DEGREE_M = 111_320.0
DAZHOU = st.lists(st.tuples(st.floats(106.6, 108.6), st.floats(30.6, 32.4)), min_size=1, max_size=20).map(np.array)


def test_the_projection_of_dazhou() -> None:
    # Measured with PROJ 9.5.1 and PostGIS 3.3.2.
    np.testing.assert_allclose(lonlat_to_xy(HERE), [[452_347.539, 3_453_256.272]], atol=1e-3)
    np.testing.assert_allclose(xy_to_lonlat(lonlat_to_xy(HERE)), HERE, atol=1e-11)


def test_gcj02_lies_500_m_to_the_south_east() -> None:
    shifted = lonlat_to_gcj02(HERE)
    np.testing.assert_allclose(shifted, [[107.504554, 31.197758]], atol=1e-6)
    bearing, _, distance = Geod(ellps="GRS80").inv(*HERE[0], *shifted[0])
    assert (round(distance, 1), round(bearing, 1)) == (500.2, 119.8)


def test_bd09_lies_1136_m_away() -> None:
    _, _, distance = Geod(ellps="GRS80").inv(*HERE[0], *gcj02_to_bd09(lonlat_to_gcj02(HERE))[0])
    assert distance == pytest.approx(1136.3, abs=0.1)


@given(DAZHOU)
def test_shifts_are_undone_to_a_micrometre(lonlat: np.ndarray) -> None:
    gcj = lonlat_to_gcj02(lonlat)
    assert np.abs(gcj02_to_lonlat(gcj) - lonlat).max() * DEGREE_M <= 1e-6
    assert np.abs(bd09_to_gcj02(gcj02_to_bd09(gcj)) - gcj).max() * DEGREE_M <= 1e-6


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("EPSG:4545", Source(4545)),
        (" epsg:4490 ", Source(CGCS2000)),
        ("gcj02", Source(CGCS2000, "gcj02")),
        ("GCJ-02", Source(CGCS2000, "gcj02")),
        ("BD-09", Source(CGCS2000, "bd09")),
        ("gcj02+EPSG:4545", Source(4545, "gcj02")),
    ],
)
def test_words_for_a_crs(text: str, source: Source) -> None:
    assert source_of(text) == source
    assert source_of(str(source)) == source


@pytest.mark.parametrize(
    "text", ["", "+", "4545", "EPSG:", "EPSG:99999", "EPSG:5773", "gcj02EPSG:4545", "gcj02+", "WGS84", "EPSG:4545\x00"]
)
def test_words_that_are_no_crs(text: str) -> None:
    with pytest.raises(CoordinateError):
        source_of(text)


def to_source(source: Source) -> np.ndarray:
    """Return HERE in a CRS, by PROJ alone."""
    base = 4326 if is_null_shift(source) else CGCS2000
    return np.column_stack(transformer(base, source.epsg).transform([HERE[0, 0]], [HERE[0, 1]]))


@pytest.mark.parametrize("epsg", [4545, 4524, 4544, 4523, 4490, 4326, 3857, 32648])
def test_every_crs_of_one_datum_leads_to_one_place(epsg: int) -> None:
    np.testing.assert_allclose(to_lonlat(to_source(Source(epsg)), Source(epsg)), HERE, atol=1e-10)


@pytest.mark.parametrize("epsg", [4490, 4545, 3857])
def test_what_was_projected_from_shifted_degrees(epsg: int) -> None:
    base = 4326 if epsg == 3857 else CGCS2000
    shifted = lonlat_to_gcj02(HERE)
    drawn = np.column_stack(transformer(base, epsg).transform(shifted[:, 0].tolist(), shifted[:, 1].tolist()))
    np.testing.assert_allclose(to_lonlat(drawn, Source(epsg, "gcj02")), HERE, atol=1e-10)


def test_a_foreign_datum_with_known_parameters() -> None:
    # Big Ben, from the Ordnance Survey's National Grid.
    lon, lat = to_lonlat(np.array([[530_268.0, 179_640.0]]), Source(27700))[0]
    assert math.hypot((lon + 0.12463) * 69_300, (lat - 51.50070) * 111_200) < 15


@pytest.mark.parametrize("epsg", [4610, 2361, 4214, 2433])
def test_old_chinese_datums_are_refused(epsg: int) -> None:
    points = HERE if is_geographic(epsg) else np.array([[452_347.5, 3_453_256.3]])
    with pytest.raises(CoordinateError):
        to_lonlat(points, Source(epsg))


def test_a_ballpark_shift_is_refused() -> None:
    with pytest.raises(CoordinateError):
        transformer(4490, 4326)
