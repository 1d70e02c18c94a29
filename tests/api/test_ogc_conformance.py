"""`/conformance` lists a class only where tests prove it: the tests of each, by name."""

import re
from pathlib import Path

import pytest

from api.ogc.conformance import CLASSES, EDITING

TESTS = Path(__file__).parents[1]
FILES = (
    TESTS / "gis" / "test_filters.py",
    TESTS / "api" / "test_ogc.py",
    TESTS / "api" / "test_vector_tiles.py",
    TESTS / "api" / "test_ogc_editing.py",
)
PROOFS: dict[str, tuple[str, ...]] = {
    "ogcapi-common-1/1.0/conf/core": ("test_every_link_leads_to_what_it_says",),
    "ogcapi-common-2/1.0/conf/collections": ("test_collections_are_the_kinds_and_the_published_tables",),
    "ogcapi-features-1/1.0/conf/core": (
        "test_every_link_leads_to_what_it_says",
        "test_next_links_walk_all_features_once",
        "test_a_page_and_a_feature_are_the_same_feature",
        "test_a_box_across_the_antimeridian_and_one_above_ground",
        "test_faults_name_the_parameter",
        "test_the_state_of_an_instant",
    ),
    "ogcapi-features-1/1.0/conf/geojson": ("test_next_links_walk_all_features_once", "test_owslib"),
    "ogcapi-features-1/1.0/conf/html": ("test_people_get_pages_and_programs_json", "test_what_people_wrote_is_no_markup"),
    "ogcapi-features-1/1.0/conf/oas30": ("test_the_definition_is_openapi_3_0",),
    "ogcapi-features-2/1.0/conf/crs": (
        "test_axes_are_in_the_order_of_the_system",
        "test_a_box_in_every_system",
        "test_gdals_own_client_gets_what_sql_gets",
    ),
    "ogcapi-features-3/1.0/conf/queryables": ("test_schema_queryables_and_sortables_name_what_features_have",),
    "ogcapi-features-3/1.0/conf/filter": ("test_shapes_of_a_filter_are_in_its_system", "test_faults_name_the_parameter"),
    "ogcapi-features-3/1.0/conf/features-filter": (
        "test_alarms_cases_and_feeds_are_attributes",
        "test_gdals_own_client_gets_what_sql_gets",
    ),
    **dict.fromkeys(
        (
            f"ogcapi-features-5/1.0/conf/{name}"
            for name in ("schemas", "core-roles-features", "returnables-and-receivables", "queryables", "sortables")
        ),
        ("test_schema_queryables_and_sortables_name_what_features_have",),
    ),
    "ogcapi-features-4/1.0/conf/create-replace-delete": ("test_the_whole_life_of_a_feature", "test_faults_name_what_is_wrong"),
    "ogcapi-features-4/1.0/conf/update": ("test_the_whole_life_of_a_feature",),
    "ogcapi-features-4/1.0/conf/optimistic-locking-etags": ("test_no_update_is_lost",),
    "ogcapi-features-4/1.0/conf/features": ("test_the_whole_life_of_a_feature",),
    "ogcapi-tiles-1/1.0/conf/core": ("test_one_tile_holds_all_layers_as_they_are_stored", "test_faults_name_the_parameter"),
    "ogcapi-tiles-1/1.0/conf/tileset": ("test_the_tileset_describes_what_the_tiles_hold",),
    "ogcapi-tiles-1/1.0/conf/tilesets-list": ("test_the_tileset_describes_what_the_tiles_hold",),
    "ogcapi-tiles-1/1.0/conf/dataset-tilesets": ("test_the_tileset_describes_what_the_tiles_hold",),
    "ogcapi-tiles-1/1.0/conf/collections-selection": ("test_every_layer_of_the_registry_can_be_asked_for",),
    "ogcapi-tiles-1/1.0/conf/mvt": ("test_one_tile_holds_all_layers_as_they_are_stored",),
    "cql2/1.0/conf/cql2-text": ("test_every_class",),
    "cql2/1.0/conf/cql2-json": ("test_every_class", "test_faulty_json_is_refused"),
}
"""Each of the other classes of CQL2 has cases of its own in `test_filters.CASES`."""


@pytest.mark.parametrize("uri", [*CLASSES, *EDITING], ids=lambda uri: uri.split("/spec/")[1])
def test_each_class_is_proved(uri: str) -> None:
    name = uri.removeprefix("http://www.opengis.net/spec/")
    text = "".join(file.read_text(encoding="utf-8") for file in FILES)
    if name in PROOFS:
        for test in PROOFS[name]:
            assert re.search(rf"^def {test}\b", text, re.MULTILINE), test
    else:
        assert re.search(rf'^    "{name.rsplit("/", 1)[1]}": \[', text, re.MULTILINE)


def test_no_proof_is_of_nothing() -> None:
    assert {f"http://www.opengis.net/spec/{name}" for name in PROOFS} <= {*CLASSES, *EDITING}
