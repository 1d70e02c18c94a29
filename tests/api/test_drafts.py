"""Drafts: uploaded, read in the worker, corrected, imported; by an API whose database role may write nothing else."""

import asyncio
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from city import DRAWING, City, found_city
from serving import serving
from working import working

from api.caller import LOCAL
from api.routes import drafts as routes
from gis.store import drafts
from gis.store.cluster import Urls

DWG = Path(__file__).parents[1] / "data" / "91511703MADEMA000P001P_A_v01.dwg"
DXF = {"Content-Type": "application/dxf"}


@pytest.fixture
def city(database: Urls) -> City:
    return found_city(database.owner, drawing=None)


@pytest.fixture
def address(city: City, database: Urls, tmp_path: Path) -> Iterator[str]:
    with serving(database.reader, tmp_path) as address:
        yield address


@pytest.fixture
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture
def worker(city: City, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with working(city.url, tmp_path) as process:
        yield process


@dataclass(frozen=True, slots=True)
class Uploaded:
    client: httpx.Client
    draft_id: str

    @property
    def path(self) -> str:
        return f"/api/drafts/{self.draft_id}"

    def until(self, *states: str, revision: int = 1) -> dict[str, object]:
        """Follow the stream until the draft is in one of these states."""
        with self.client.stream("GET", f"{self.path}/events") as response:
            for line in response.iter_lines():
                if not line.startswith("data: "):
                    continue
                draft = json.loads(line.removeprefix("data: "))
                if draft["state"] in states and draft["revision"] >= revision:
                    return dict(draft)
        raise AssertionError("the stream ended")

    def result(self) -> dict[str, object]:
        return dict(self.client.get(f"{self.path}/result").json())


def upload(client: httpx.Client, data: bytes = b"", name: str = DRAWING.name, **query: str) -> Uploaded:
    answer = client.post("/api/drafts", params={"file_name": name, **query}, content=data or DRAWING.read_bytes(), headers=DXF)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/api/drafts/{answer.json()['draft_id']}"
    return Uploaded(client, answer.json()["draft_id"])


def test_an_upload_is_kept_whole_in_parts(client: httpx.Client, city: City) -> None:
    data = os.urandom(3_500_000)
    kept = upload(client, data)
    draft = client.get(kept.path).json()
    assert (draft["state"], draft["bytes"], draft["sha256"]) == ("reading", len(data), hashlib.sha256(data).hexdigest())
    rows = city.rows("SELECT content FROM drawing_draft_chunks WHERE draft_id = %s ORDER BY seq", UUID(kept.draft_id))
    assert len(rows) > 1
    assert b"".join(bytes(row[0]) for row in rows) == data  # type: ignore[arg-type]
    assert len(city.rows("SELECT 1 FROM pgqueuer WHERE entrypoint = 'work_on_draft'")) == 1


def test_what_is_too_large_is_refused_early_and_kept_nowhere(client: httpx.Client, city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MAX_BYTES", 2_000_000)

    def unannounced() -> Iterator[bytes]:
        for _ in range(1000):
            yield b"0" * 65536

    for content in (b"0" * 2_000_001, unannounced()):
        answer = client.post("/api/drafts", params={"file_name": "a.dxf"}, content=content, headers=DXF)
        assert (answer.status_code, answer.json()["parameter"]) == (413, "file")
    assert city.rows("SELECT 1 FROM drawing_drafts") == []


@pytest.mark.parametrize(
    ("query", "headers", "status", "parameter"),
    [
        ({}, DXF, 400, "file_name"),
        ({"file_name": "../a.dxf"}, DXF, 400, "file_name"),
        ({"file_name": "a.dxf", "enterprise": "nonsense"}, DXF, 400, "enterprise"),
        ({"file_name": "a.dxf", "enterprise": str(uuid4())}, DXF, 400, "enterprise"),
        ({"file_name": "a.dxf", "drawing_kind": "X"}, DXF, 400, "drawing_kind"),
        ({"file_name": "a.dxf"}, {"Content-Type": "text/plain"}, 400, "Content-Type"),
        ({"file_name": "a.dxf"}, DXF | {"Origin": "https://evil.example"}, 403, None),
        ({"file_name": "a.dxf"}, DXF | {"Origin": "null"}, 403, None),
        ({"file_name": "a.dxf"}, DXF | {"Sec-Fetch-Site": "cross-site"}, 403, None),
        ({"file_name": "a.dxf"}, DXF | {"Sec-Fetch-Site": "same-site"}, 403, None),
    ],
)
def test_faults_are_problem_documents(
    *, client: httpx.Client, city: City, query: dict[str, str], headers: dict[str, str], status: int, parameter: str | None
) -> None:
    answer = client.post("/api/drafts", params=query, content=b"0\nSECTION", headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json().get("parameter") == parameter
    assert city.rows("SELECT 1 FROM drawing_drafts") == []


def test_an_empty_file_is_no_draft(client: httpx.Client, city: City) -> None:
    answer = client.post("/api/drafts", params={"file_name": "a.dxf"}, content=b"", headers=DXF)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "file")
    assert city.rows("SELECT 1 FROM drawing_drafts") == []


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ('{"drawing_kind": "Z"}', "drawing_kind"),
        ('{"enterprise": "x"}', "enterprise"),
        ('{"mapping": 7}', "mapping"),
        ('{"mapping": "a\\u0000b"}', "mapping"),
        ('{"colour": "red"}', "colour"),
        ("{", "body"),
    ],
)
def test_options_name_what_is_wrong(client: httpx.Client, body: str, parameter: str) -> None:
    kept = upload(client)
    answer = client.put(f"{kept.path}/options", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["parameter"]) == (400, parameter)


def test_a_draft_is_its_authors(city: City, client: httpx.Client, database: Urls, tmp_path: Path) -> None:
    kept = upload(client)
    with serving(database.reader, tmp_path, replace(LOCAL, name="someone else")) as address:
        for path in ("", "/result", "/events", "/mapping.yaml"):
            assert httpx.get(f"{address}{kept.path}{path}").status_code == 404
        assert httpx.delete(f"{address}{kept.path}").status_code == 404
        assert httpx.post(f"{address}{kept.path}/import").status_code == 404
    with serving(database.reader, tmp_path, replace(LOCAL, permissions=LOCAL.permissions - {"drawings:import"})) as address:
        assert httpx.get(f"{address}{kept.path}").status_code == 403


def test_the_apis_role_writes_drafts_and_nothing_else(database: Urls, city: City) -> None:
    insert = "INSERT INTO drawing_drafts (author, scope, file_name) VALUES ('a', '*', 'a.dxf')"
    forbidden = [
        "UPDATE buildings SET name = 'x'",
        "DELETE FROM features",
        f"INSERT INTO feature_state (feature_id) VALUES ('{city.enterprise_id}')",
        f"INSERT INTO enterprises (code, name) VALUES ('{city.enterprise_id}', 'x')",
        "UPDATE drawing_drafts SET result = 'x'",
        "UPDATE drawing_drafts SET outcome = '{}'",
        "UPDATE drawing_drafts SET author = 'x'",
        "UPDATE drawing_draft_chunks SET content = 'x'",
        "DELETE FROM pgqueuer",
    ]
    with psycopg.connect(database.reader, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute(insert)
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(insert)
        for statement in forbidden:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_the_example_goes_from_file_to_features(client: httpx.Client, city: City, worker: object) -> None:
    kept = upload(client)
    draft = kept.until("ready", "failed")
    assert (draft["state"], draft["failure"]) == ("ready", None)
    # By its name the file says whose it is, and which drawing.
    assert (draft["enterprise_id"], draft["drawing_kind"]) == (str(city.enterprise_id), "A")
    counts = draft["summary"]["counts"]  # type: ignore[index]
    assert counts["stored"] + counts["ignored"] + counts["refused"] == counts["entities"] > 0
    preview = kept.result()
    assert preview["report"]["counts"] == counts  # type: ignore[index]
    assert sum(group["count"] for group in preview["groups"]) == counts["entities"]  # type: ignore[union-attr]
    assert city.rows("SELECT 1 FROM buildings") == []
    assert client.post(f"{kept.path}/import").status_code == 202
    done = kept.until("imported", "failed", "ready")
    assert (done["state"], done["outcome"]["published"]) == ("imported", True)  # type: ignore[index]
    assert done["outcome"]["actions"]["insert"] > 0  # type: ignore[index]
    assert city.rows("SELECT DISTINCT author, origin FROM buildings") == [("local", "drafting")]
    assert client.post(f"{kept.path}/import").status_code == 409
    # The same file again changes nothing.
    again = upload(client)
    again.until("ready")
    assert client.post(f"{again.path}/import").status_code == 202
    assert set(again.until("imported")["outcome"]["actions"]) == {"unchanged"}  # type: ignore[index]


def test_faults_forbid_importing_until_they_are_mended(client: httpx.Client, city: City, worker: object) -> None:
    kept = upload(client, DRAWING.read_bytes().replace(b"QJ-A-BLDG", b"STRANGE-ONE"))
    draft = kept.until("ready")
    assert draft["summary"]["blocking"] > 0  # type: ignore[index]
    answer = client.post(f"{kept.path}/import")
    assert answer.status_code == 409
    assert "制图错误" in answer.json()["detail"]
    rules = "{layer: STRANGE-ONE, type: [LWPOLYLINE, CIRCLE]}, kind: building, height: 6}"
    text = f"mapping: 1\ncrs: EPSG:4545\nrules:\n- {{when: {rules}\n- {{when: {{}}, ignore: 底图}}\n"
    options = {"enterprise": str(city.enterprise_id), "drawing_kind": "A", "mapping": text}
    assert client.put(f"{kept.path}/options", json=options).json()["revision"] == 2
    draft = kept.until("ready", revision=2)
    assert (draft["summary"]["blocking"], draft["read_revision"]) == (0, 2)  # type: ignore[index]
    assert client.get(f"{kept.path}/mapping.yaml").text == text
    assert client.post(f"{kept.path}/import").status_code == 202
    assert kept.until("imported")["outcome"]["published"] is True  # type: ignore[index]
    assert city.rows("SELECT DISTINCT height_m FROM buildings") == [(6.0,)]


def test_cancelling_stops_and_reading_goes_on_when_asked(client: httpx.Client, city: City, tmp_path: Path) -> None:
    kept = upload(client)
    assert client.delete(kept.path).json()["state"] == "cancelled"
    with working(city.url, tmp_path):
        other = upload(client)
        other.until("ready")
        assert client.get(kept.path).json()["state"] == "cancelled"
        assert client.get(f"{kept.path}/result").status_code == 404
        options = {"enterprise": str(city.enterprise_id)}
        assert client.put(f"{kept.path}/options", json=options).json()["state"] == "reading"
        kept.until("ready")


def test_a_killed_worker_is_followed_by_one_that_goes_on(client: httpx.Client, city: City, tmp_path: Path) -> None:
    kept = upload(client)
    with working(city.url, tmp_path) as process:
        while not client.get(kept.path).json()["progress"] and client.get(kept.path).json()["state"] == "reading":
            time.sleep(0.02)
        process.kill()
    city.rows("UPDATE drawing_drafts SET state = 'reading', read_revision = 0")
    with working(city.url, tmp_path):
        assert kept.until("ready", "failed")["state"] == "ready"


def test_the_page_is_found_by_its_name(client: httpx.Client) -> None:
    answer = client.get("/drafting")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert client.get("/nothing").status_code == 404


def test_old_drafts_and_stalled_uploads_are_swept(city: City) -> None:
    for name, state, age in (("old", "ready", "8 days"), ("stalled", "uploading", "2 hours"), ("kept", "ready", "6 days")):
        city.rows(
            "INSERT INTO drawing_drafts (author, scope, file_name, state, updated_at) VALUES ('a', '*', %s, %s, now() - %s::interval)",
            name,
            state,
            age,
        )

    async def sweep() -> int:
        async with await psycopg.AsyncConnection.connect(city.url, autocommit=True) as connection:
            return await drafts.sweep(connection)

    assert asyncio.run(sweep()) == 2
    assert city.rows("SELECT file_name FROM drawing_drafts") == [("kept",)]


def test_a_dwg_is_read_by_a_converter_or_says_how_to_get_one(
    client: httpx.Client, city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QUANJING_DWG_CONVERTER", raising=False)
    with working(city.url, tmp_path):
        kept = upload(client, DWG.read_bytes(), DWG.name.lower())
        assert "npm install" in str(kept.until("failed")["failure"])
    program = f"import shutil, sys; shutil.copyfile({str(DRAWING)!r}, sys.argv[2])"
    monkeypatch.setenv("QUANJING_DWG_CONVERTER", f"{shlex.quote(sys.executable)} -c {shlex.quote(program)} {{dwg}} {{dxf}}")
    with working(city.url, tmp_path):
        assert client.put(f"{kept.path}/options", json={}).status_code == 200
        assert kept.until("ready", revision=2)["enterprise_id"] == str(city.enterprise_id)
        assert client.post(f"{kept.path}/import").status_code == 202
        kept.until("imported", revision=2)
    # What is kept is the DXF that was read.
    assert city.rows("SELECT file_name, sha256 FROM drawings") == [(DRAWING.name.lower(), hashlib.sha256(DRAWING.read_bytes()).hexdigest())]


def test_a_drawing_handed_in_for_review_is_published_by_another(client: httpx.Client, city: City, worker: object) -> None:
    path = f"/api/enterprises/{city.enterprise_id}/drawings"
    draft = upload(client)
    draft.until("ready")
    handed = {"review": True, "drawn_by": "张三", "resurvey_on": "2028-05-01"}
    assert client.post(f"{draft.path}/import", json=handed).status_code == 202
    outcome = draft.until("imported")["outcome"]
    assert isinstance(outcome, dict)
    assert (outcome["published"], outcome["version"], outcome["state"]) == (False, 1, "draft")

    def version() -> dict[str, Any]:
        found: dict[str, Any] = client.get(path).json()["drawings"][0]["versions"][0]
        return found

    def decided(**said: str) -> dict[str, Any]:
        asked = client.post(f"{path}/A/1/acts", json=said)
        assert asked.status_code == 202, asked.text
        while any(act["done_at"] is None for act in version()["acts"]):
            time.sleep(0.05)
        return version()

    assert (version()["drawn_by"], version()["blocking"], version()["resurvey_on"]) == ("张三", 0, "2028-05-01")
    assert client.post(f"{path}/A/1/acts", json={"act": "check", "signed": "张三"}).status_code == 409
    assert client.post(f"{path}/A/1/acts", json={"act": "refuse", "signed": "李四"}).json()["parameter"] == "reason"
    told = client.get(f"{path}/A/difference", params={"to": 1}).json()
    assert (told["from"], set(told["counts"])) == (None, {"added", "removed", "moved", "changed"})
    assert told["counts"]["added"] == len(told["changes"]) > 50
    for picture in ("1/proof.svg", "difference.svg?to=1"):
        assert client.get(f"{path}/A/{picture}").content.startswith(b"<?xml")
    assert decided(act="check", signed="李四")["state"] == "checked"
    assert client.get(f"{path}/A/1/proof.pdf").content.startswith(b"%PDF")
    assert city.rows("SELECT count(*) FROM buildings") == [(0,)]
    done = decided(act="publish", signed="王五")
    assert (done["state"], done["reviewer"], done["publisher"], [act["failure"] for act in done["acts"]]) == (
        "published",
        "李四",
        "王五",
        [None] * 2,
    )
    assert city.rows("SELECT count(*) FROM buildings") == [(14,)]
    assert client.get(f"{path}/A/1/file").content == DRAWING.read_bytes()
    assert client.get(f"{path}/A/1/issues").json() == {"issues": []}
    assert client.get(f"{path}/A/2/file").status_code == 404
    assert client.get(f"{path}/A/1/proof.pdf").status_code == 404
