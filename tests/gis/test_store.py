import asyncio
import subprocess
import sys
import threading
from dataclasses import replace
from uuid import UUID

import psycopg
import pytest
from city import ENTERPRISE, City, found_city
from sqlalchemy import inspect

from gis.errors import Forbidden, Invalid, NewerData, NotFound
from gis.kinds import COMMON_LABELS, ENUMS, KINDS, Attribute
from gis.store import migrate, schema
from gis.store.cluster import Urls
from gis.store.connect import Actor, engine, snapshot, writing
from gis.store.enterprises import find_enterprise, store_enterprise
from gis.store.kind_tables import statements
from gis.store.tables import METADATA


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner)


def test_upgrading_again_changes_nothing(database: Urls) -> None:
    with psycopg.connect(database.owner) as connection:
        before = connection.execute(
            "SELECT oid, relname, xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
        ).fetchall()
    migrate.upgrade(database.owner)
    with psycopg.connect(database.owner) as connection:
        after = connection.execute(
            "SELECT oid, relname, xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY oid"
        ).fetchall()
    assert [row[:2] for row in before] == [row[:2] for row in after]


def test_a_database_of_a_newer_version_is_refused(database: Urls) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerData, match="9999"):
        migrate.upgrade(database.owner)


def test_python_and_the_database_agree_on_the_tables(database: Urls) -> None:
    inspector = inspect(engine(database.owner))
    for table in METADATA.tables.values():
        stored = {column["name"] for column in inspector.get_columns(table.name)}
        assert {column.name for column in table.columns} <= stored, table.name


def test_an_attribute_added_to_the_registry_reaches_table_history_view_and_glossary(database: Urls) -> None:
    added = Attribute("built_on", "建成日期", "date")
    kinds = {name: replace(kind, attributes=(*kind.attributes, added)) for name, kind in KINDS.items()}
    with psycopg.connect(database.owner) as connection:
        for statement in statements(kinds, ENUMS):
            connection.execute(statement)
        for kind in kinds.values():
            for relation in (kind.table, f"{kind.table}_history", f"{kind.name}_view"):
                connection.execute(f"SELECT built_on FROM {relation}")
            term = f"{kind.name}.built_on"
            assert connection.execute("SELECT label FROM glossary WHERE term = %s", [term]).fetchone() == ("建成日期",)


def test_every_column_and_kind_has_a_chinese_label(database: Urls) -> None:
    with psycopg.connect(database.owner) as connection:
        labels = dict(connection.execute("SELECT term, label FROM glossary").fetchall())
        comments = connection.execute(
            "SELECT col_description(attrelid, attnum) FROM pg_attribute WHERE attrelid = 'buildings'::regclass AND attname = 'storeys'"
        ).fetchone()
    assert comments == ("层数",)
    assert set(COMMON_LABELS) <= set(labels)
    assert {kind.name for kind in KINDS.values()} <= set(labels)


def test_a_direct_update_is_recorded_with_the_database_user_and_moves_the_top(city: City) -> None:
    ((before,),) = city.rows("SELECT z_max_m FROM buildings WHERE code = 'B05'")
    city.rows("UPDATE buildings SET height_m = height_m + 3 WHERE code = 'B05'")
    ((top, author, reason, origin),) = city.rows("SELECT z_max_m, author, reason, origin FROM buildings WHERE code = 'B05'")
    assert top == before + 3  # type: ignore[operator]
    assert (author, reason, origin) == ("quanjing", "direct SQL", "sql")
    ((old_top, old_author, ended, began),) = city.rows(
        "SELECT h.z_max_m, h.author, upper(h.recorded), lower(b.recorded) FROM buildings_history h JOIN buildings b USING (feature_id)"
    )
    assert (old_top, old_author) == (before, "drafter")
    assert ended == began


def test_moving_the_top_moves_the_height(city: City) -> None:
    city.rows("UPDATE buildings SET z_max_m = 30 WHERE code = 'B05'")
    assert city.rows("SELECT height_m, z_min_m, z_max_m FROM buildings WHERE code = 'B05'") == [(30, 0, 30)]


def test_an_update_that_changes_nothing_leaves_no_trace(city: City) -> None:
    before = city.rows("SELECT count(*) FROM change_log")
    city.rows("UPDATE buildings SET height_m = height_m, name = name")
    assert city.rows("SELECT count(*) FROM change_log") == before
    assert city.rows("SELECT count(*) FROM buildings_history") == [(0,)]


def test_several_updates_in_one_transaction_are_several_versions(city: City) -> None:
    with psycopg.connect(city.url) as connection:
        for height in (30, 31, 32):
            connection.execute("UPDATE buildings SET height_m = %s WHERE code = 'B05'", [height])
    versions = city.rows("SELECT height_m FROM buildings_history WHERE NOT isempty(recorded) ORDER BY recorded")
    assert [row[0] for row in versions][1:] == [30, 31]


def test_history_and_log_cannot_be_truncated_and_ids_cannot_change(city: City) -> None:
    for table in ("buildings", "buildings_history", "change_log", "alarms"):
        with pytest.raises(psycopg.errors.RaiseException, match="carries history"):
            city.rows(f"TRUNCATE {table} CASCADE")
    with pytest.raises(psycopg.errors.RaiseException, match="can't change"):
        city.rows("UPDATE buildings SET feature_id = gen_random_uuid() WHERE code = 'B05'")


def test_a_deleted_feature_stays_in_history(city: City) -> None:
    city.rows("DELETE FROM monitoring_points WHERE code = 'M04'")
    assert city.rows("SELECT code FROM monitoring_points_history") == [("M04",)]
    assert city.rows("SELECT op FROM change_log ORDER BY xid DESC, seq DESC LIMIT 1") == [("delete",)]


def test_a_feature_without_an_enterprise_is_a_feature(city: City) -> None:
    city.rows("INSERT INTO monitoring_points (name, geom, monitor_type) VALUES ('路边站', 'SRID=4490;POINT(107.5 31.2)', 'gas')")
    assert city.rows("SELECT name, open_alarms FROM monitoring_point_view WHERE enterprise_id IS NULL") == [("路边站", 0)]


def test_alarms_and_case_links_derive_the_state(city: City) -> None:
    outlet = city.feature_id("DW001")
    city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, '恒值', 3), (%s, '超标', 2)", outlet, outlet)
    city.rows("INSERT INTO case_links (case_id, feature_id, title) VALUES ('示1号', %s, '案')", outlet)
    assert city.rows("SELECT alarm_level, open_alarms, case_ids FROM outlet_view WHERE code = 'DW001'") == [(2, 2, ["示1号"])]
    city.rows("UPDATE alarms SET closed = now() WHERE level = 2")
    assert city.rows("SELECT alarm_level, open_alarms FROM outlet_view WHERE code = 'DW001'") == [(3, 1)]
    city.rows("DELETE FROM alarms")
    assert city.rows("SELECT alarm_level, open_alarms FROM outlet_view WHERE code = 'DW001'") == [(None, 0)]
    assert city.rows("SELECT count(*) FROM outlets_history") == [(0,)]


def test_concurrent_alarms_are_all_counted(city: City) -> None:
    outlet = city.feature_id("DW001")

    def write(writer: int) -> None:
        for number in range(20):
            city.rows("INSERT INTO alarms (feature_id, rule, level) VALUES (%s, %s, 4)", outlet, f"并发 {writer} {number}")

    threads = [threading.Thread(target=write, args=[writer]) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert city.rows("SELECT open_alarms FROM feature_state WHERE feature_id = %s", outlet) == [(80,)]


def test_a_scope_sees_its_own_branch_of_the_tree(city: City) -> None:
    def seen(scope: str) -> int:
        with psycopg.connect(city.url) as connection:
            connection.execute("SELECT set_config('quanjing.scope', %s, true)", [scope])
            row = connection.execute("SELECT count(*) FROM feature_view").fetchone()
            assert row is not None
            return int(row[0])

    everything = seen("*")
    assert everything > 30
    assert seen("5117") == seen("511703") == everything
    assert seen("511724") == seen("5117-GX") == 0


ASTRAY = "SELECT feature_id FROM feature_state s JOIN features f USING (feature_id) WHERE s.jurisdiction IS DISTINCT FROM f.jurisdiction"


def test_the_state_of_a_feature_is_where_the_feature_is(city: City) -> None:
    ((building, shape),) = city.rows("SELECT feature_id, geom FROM buildings ORDER BY code LIMIT 1")
    assert city.rows("SELECT DISTINCT jurisdiction FROM feature_state") == [("511703",)]
    city.rows("INSERT INTO enterprises (code, name, geom, jurisdiction) VALUES ('X', '另', 'SRID=4490;POINT(107.6 31.2)', '511724')")
    other = "(SELECT feature_id FROM enterprises WHERE code = 'X')"
    for edit in (
        "UPDATE enterprises SET jurisdiction = '511702' WHERE code <> 'X'",
        f"UPDATE buildings SET enterprise_id = {other} WHERE feature_id = %(one)s",
        "UPDATE buildings SET enterprise_id = NULL WHERE feature_id = %(one)s",
        "DELETE FROM buildings WHERE feature_id = %(one)s",
        f"INSERT INTO buildings (feature_id, enterprise_id, geom) VALUES (%(one)s, {other}, %(shape)s)",
        "DELETE FROM feature_state WHERE feature_id = %(one)s",
        "INSERT INTO feature_state (feature_id) VALUES (%(one)s)",
        "UPDATE enterprises SET jurisdiction = NULL",
    ):
        with psycopg.connect(city.url) as connection:
            connection.execute(edit, {"one": building, "shape": shape})
        assert city.rows(ASTRAY) == [], edit
    assert city.rows("SELECT DISTINCT jurisdiction FROM feature_state") == [(None,)]


TOLD = "SELECT op, jurisdiction FROM change_log WHERE layer = 'enterprises' AND op <> 'insert' ORDER BY xid DESC, seq LIMIT 2"


def test_a_moved_enterprise_takes_its_features_into_the_new_scope(city: City) -> None:
    city.rows("UPDATE enterprises SET jurisdiction = '511724'")
    assert city.rows("SELECT DISTINCT jurisdiction FROM features") == [("511724",)]
    # Those who see it no more hear of it as those do who see it now.
    assert city.rows(TOLD) == [("leave", "511703"), ("update", "511724")]


def test_readers_may_not_write(database: Urls) -> None:
    found_city(database.owner)
    with psycopg.connect(database.reader) as connection:
        assert connection.execute("SELECT count(*) > 0 FROM building_view").fetchone() == (True,)
        connection.execute("COMMIT; BEGIN READ WRITE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("UPDATE buildings SET name = ''")


def test_an_enterprise_is_found_by_credit_code_and_by_source_code(city: City) -> None:
    with writing(city.engine, Actor("test", "test")) as connection:
        by_source = find_enterprise(connection, "91511703MADEMA000P001P")
        assert by_source == find_enterprise(connection, "91511703MADEMA000P")
        assert isinstance(by_source[0], UUID)
        with pytest.raises(NotFound):
            find_enterprise(connection, "91511703MADEMA000P009P")


def test_an_enterprise_record_names_its_fault(city: City) -> None:
    with pytest.raises(Invalid, match="lon"), writing(city.engine, Actor("test", "test")) as connection:
        store_enterprise(connection, {"source_code": "x", "name": "y"})
    with pytest.raises(Invalid, match="colour"), writing(city.engine, Actor("test", "test")) as connection:
        store_enterprise(connection, {"source_code": "x", "name": "y", "lon": 1, "lat": 2, "colour": "red"})


def test_a_feature_id_never_changes_its_kind(city: City) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="another kind"):
        city.rows(
            "INSERT INTO buildings (feature_id, enterprise_id, name, geom, height_m) SELECT %s, enterprise_id, 'x', geom, 3 "
            "FROM buildings WHERE code = 'B05'",
            city.feature_id("DW001"),
        )


def test_a_deleted_feature_comes_back_with_its_new_owner(city: City) -> None:
    ((other,),) = city.rows(
        "INSERT INTO enterprises (code, name, geom) VALUES ('Y', '另一家', 'SRID=4490;POINT(107.6 31.2)') RETURNING feature_id"
    )
    building = city.feature_id("B05")
    city.rows("DELETE FROM feature_sources WHERE feature_id = %s", building)
    city.rows("DELETE FROM buildings WHERE feature_id = %s", building)
    city.rows(
        "INSERT INTO buildings (feature_id, enterprise_id, name, geom, height_m) SELECT %s, %s, 'x', geom, 3 FROM buildings LIMIT 1",
        building,
        other,
    )
    assert city.rows("SELECT enterprise_id FROM features WHERE feature_id = %s", building) == [(other,)]


def test_two_open_features_of_one_kind_never_share_a_code(city: City) -> None:
    with pytest.raises(psycopg.errors.ExclusionViolation):
        city.rows("UPDATE buildings SET code = 'B01' WHERE code = 'B02'")


def test_what_hangs_below_a_moved_jurisdiction_moves_with_it(city: City) -> None:
    city.rows(
        "INSERT INTO jurisdictions (code, parent, name, level) VALUES ('a', NULL, 'a', 'x'), ('b', 'a', 'b', 'x'), ('c', 'b', 'c', 'x')"
    )
    city.rows("UPDATE jurisdictions SET parent = '5117' WHERE code = 'b'")
    assert city.rows("SELECT path FROM jurisdictions WHERE code = 'c'") == [(["5117", "b", "c"],)]
    city.rows("UPDATE enterprises SET jurisdiction = 'c'")
    city.rows("UPDATE jurisdictions SET parent = 'a' WHERE code = 'b'")
    assert city.rows(TOLD) == [("leave", "5117"), ("update", "c")]


def test_a_closed_enterprise_is_opened_again_by_its_record(city: City) -> None:
    city.rows("UPDATE enterprises SET closed_at = now()")
    with writing(city.engine, Actor("test", "test")) as connection:
        assert store_enterprise(connection, ENTERPRISE) == city.enterprise_id
    assert city.rows("SELECT closed_at FROM enterprises") == [(None,)]


def test_an_empty_scope_sees_nothing(database: Urls) -> None:
    async def look() -> None:
        async with await psycopg.AsyncConnection.connect(database.owner) as connection, snapshot(connection, ""):
            raise AssertionError

    with pytest.raises(Forbidden):
        asyncio.run(look())


def test_a_database_of_this_version_is_known_without_what_upgrades(database: Urls) -> None:
    script = (
        "import sys\nfrom gis.store.schema import bring_up\nbring_up(sys.argv[1])\n"
        "print({'alembic', 'sqlalchemy', 'geoalchemy2', 'pgqueuer'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script, database.owner], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


@pytest.mark.parametrize(
    "spoil",
    [
        "UPDATE store_meta SET value = 'another' WHERE key = 'schema'",
        "DELETE FROM store_meta WHERE key = 'schema'",
    ],
)
def test_a_database_that_is_not_noted_to_be_of_this_version_is_brought_up(database: Urls, spoil: str) -> None:
    with psycopg.connect(database.owner) as connection:
        assert schema.stands(connection)
        connection.execute(spoil)
        assert not schema.stands(connection)
    schema.bring_up(database.owner)
    with psycopg.connect(database.owner) as connection:
        assert schema.stands(connection)


def test_a_revision_of_another_version_makes_the_note_void(database: Urls) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerData, match="9999"):
        schema.bring_up(database.owner)


def test_an_empty_database_is_brought_up(database: Urls) -> None:
    with psycopg.connect(database.owner) as connection:
        connection.execute("DROP TABLE store_meta CASCADE")
        assert not schema.stands(connection)
