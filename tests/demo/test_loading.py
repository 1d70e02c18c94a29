"""Loading a demo city: through the front door, again without a change, and on after a kill."""

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from demo.loading import load
from demo.making import Made, made
from demo.pulse import ACTOR, beat, seed_state
from gis.settings import Settings
from gis.store.cluster import Urls
from gis.store.connect import engine, writing
from gis.store.state import outlets

PAGES = Settings().web_dir
COUNTS = "SELECT kind, count(*) FROM feature_view GROUP BY kind ORDER BY kind"

MOVED = """
SELECT count(*) FILTER (WHERE f.kind = 'building'), count(*) FILTER (WHERE f.kind = 'structure'),
    count(*) FILTER (WHERE f.kind = 'manhole'), count(*) FILTER (WHERE f.kind = 'elevation_point'),
    (SELECT bool_or(d.issues @> '[{"code": "W604"}]') FROM drawings d WHERE d.enterprise_id = e.feature_id AND d.drawing_kind = 'A')
FROM feature_view f JOIN enterprises e ON f.enterprise_id = e.feature_id WHERE e.name LIKE '移植%' GROUP BY e.feature_id
"""


def counts(url: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(COUNTS).fetchall()


def test_a_city_is_loaded_once(database: Urls, city: Made) -> None:
    told: list[int] = []
    loaded = load(database.owner, city, PAGES, progress=lambda done, total, _: told.append(done * 100 // total))
    assert (loaded.enterprises, loaded.drawings) == (13, 50)
    assert told[-1] == 100
    first = counts(database.owner)
    found = dict(first)
    assert found["enterprise"] == 13
    assert found["county"] == 7
    assert found["river"] == 11
    with psycopg.connect(database.owner) as connection:
        # The transplanted survey: by its mapping and control points, marked, and without a permit.
        assert connection.execute(MOVED).fetchall() == [(13, 356, 75, 2172, True)]
        assert connection.execute("SELECT count(*), count(DISTINCT enterprise_id) FROM permits").fetchall() == [(12, 12)]
        assert connection.execute("SELECT count(DISTINCT enterprise_id), count(*) > 36 FROM site_history").fetchall() == [(13, True)]
        for table in ("chemicals", "management_rules", "monitoring_results"):
            assert connection.execute(f"SELECT count(DISTINCT enterprise_id) FROM {table}").fetchall() == [(12,)]
        ((left,),) = connection.execute("SELECT count(*) FROM change_log").fetchall()
        again = load(database.owner, city, PAGES)
        assert (again.enterprises, again.drawings) == (0, 0)
        assert connection.execute("SELECT count(*) FROM change_log").fetchall() == [(left,)]
        assert connection.execute("SELECT count(*) FROM permits").fetchall() == [(12,)]
    assert counts(database.owner) == first
    with writing(engine(database.owner), ACTOR) as transaction:
        seed_state(transaction, city.seed)
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("SELECT min(level), max(level) FROM alarms WHERE closed IS NULL").fetchall() == [(1, 4)]
        ((before,),) = connection.execute("SELECT count(*) FROM alarms").fetchall()
        # What the alarm says and what the card beside it shows are one figure.
        over = connection.execute("SELECT message, readings FROM alarms JOIN feature_state USING (feature_id) WHERE level <= 2").fetchall()
        assert over
        for message, shown in over:
            found = re.search(r"超 ([\d.]+) 倍", message)
            assert found
            assert found[1] in {f"{one['value'] / one['limit'] - 1:.2f}" for one in shown.values()}
    with writing(engine(database.owner), ACTOR) as transaction:
        seed_state(transaction, city.seed)
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("SELECT count(*) FROM alarms").fetchall() == [(before,)]
    with writing(engine(database.owner), ACTOR) as transaction:
        assert beat(transaction, outlets(transaction), random.Random(1)) > 0  # noqa: S311


PROGRAM = """
import sys
from pathlib import Path
from demo.loading import load
from demo.making import made
load(sys.argv[1], made(Path(sys.argv[2])), Path(sys.argv[3]), only=sys.argv[4:], progress=lambda done, total, name: print(done, flush=True))
"""


def test_after_a_kill_it_goes_on_to_the_same_counts(database: Urls, city: Made) -> None:
    some = city.enterprises[:6]
    command = [sys.executable, "-c", PROGRAM, database.owner, str(city.folder), str(PAGES), *some]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 2:
                break
        os.killpg(process.pid, signal.SIGKILL)
    # The server notices a broken connection when it next writes to it, and rolls back.
    with psycopg.connect(database.owner, autocommit=True) as connection:
        while connection.execute("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'").fetchall() != [(0,)]:
            time.sleep(0.05)
    loaded = load(database.owner, city, PAGES, only=some)
    assert 0 < loaded.enterprises < 6
    whole = dict(counts(database.owner))
    assert whole["enterprise"] == 6
    with psycopg.connect(database.owner) as connection:
        assert connection.execute("SELECT count(*) FROM drawings WHERE published").fetchall() == [(24,)]
        again = (
            "SELECT count(*) FROM (SELECT code FROM feature_view WHERE kind = 'outlet' GROUP BY enterprise_id, code HAVING count(*) > 1) v"
        )
        assert connection.execute(again).fetchall() == [(0,)]


def test_a_folder_without_its_manifest_is_no_city(tmp_path: Path) -> None:
    assert made(tmp_path) is None
