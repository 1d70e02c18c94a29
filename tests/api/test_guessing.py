"""Who sees one county and guesses at others' features learns nothing: pages, single features, histories, changes, tags, counts, tiles."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import shapely
from city import City
from probes import FILTERS, PROBES, SCOPES, UUIDS, allowed_in, crowded
from psycopg import AsyncConnection
from serving import serving

from api.caller import LOCAL
from gis.store.cluster import Urls
from gis.store.collections import Moment, kind_collections
from gis.store.connect import single
from gis.store.items import Selection, View, filtered, page, within
from gis.store.kept import Kept
from gis.store.vector_tiles import covering

GUESSERS = ("511703", "511724")
KINDS = ("building", "enterprise", "outlet", "monitoring_point", "pipe")


@pytest.fixture(scope="module")
def city(module_database: Urls) -> City:
    return crowded(module_database.owner)


@pytest.fixture(scope="module")
def allowed(city: City) -> dict[str, set[UUID]]:
    return allowed_in(city)


@pytest.fixture(scope="module")
def known(city: City) -> tuple[datetime, datetime]:
    """When the store first and last learnt something."""
    ((first, last),) = city.rows("SELECT min(lower(recorded)), clock_timestamp() FROM buildings_history")
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    return first, last


@pytest.mark.timeout(3600)
def test_pages_at_random_leak_nothing_and_hide_nothing(
    city: City, module_database: Urls, allowed: dict[str, set[UUID]], known: tuple[datetime, datetime]
) -> None:
    chance = random.Random(20261201)  # noqa: S311
    counts: Kept[int] = Kept()

    async def shown(connection: AsyncConnection, selection: Selection) -> set[UUID]:
        found = await page(connection, selection, View(limit=1000, properties=()), counts)
        ids = {UUID(text.decode()) for text in UUIDS.findall(found.features)}
        assert found.matched == found.returned == len(ids)
        return ids

    async def scenario(url: str) -> int:
        seen = 0
        # A session keeps the scope of its last statement: both callers on one, as in a pool.
        async with await AsyncConnection.connect(url, autocommit=True) as connection:
            await single(connection)
            for _ in range(PROBES // 2):
                collection = kind_collections()[chance.choice(KINDS)]
                conditions = []
                if chance.random() < 0.6:
                    lon, lat = 107.44 + chance.random() * 0.08, 31.19 + chance.random() * 0.02
                    conditions.append(within(collection, shapely.box(lon, lat, lon + chance.random() * 0.05, lat + chance.random() * 0.02)))
                text = chance.choice(FILTERS)
                if text:
                    conditions.append(filtered(collection, text))
                at = known[0] + (known[1] - known[0]) * chance.random()
                moment = chance.choice((None, None, Moment(at, at), Moment(at, at + timedelta(seconds=1)), Moment(None, at)))
                scope = chance.choice(SCOPES[1:])
                own, every = [await shown(connection, Selection(collection, of, tuple(conditions), moment)) for of in (scope, "*")]
                assert own == every & allowed[scope], (collection.id, scope, text, moment)
                seen += len(own)
        return seen

    # The owner is bound by no policy: there the conditions of the statements stand alone.
    for url in (module_database.owner, module_database.reader):
        assert asyncio.run(scenario(url)) > PROBES // 2


@dataclass(frozen=True)
class Guesser:
    """A caller who sees one county, and what is not theirs."""

    client: httpx.Client
    scope: str
    secret: list[tuple[UUID, str, float, float]]
    """Features with kind and place."""
    allowed: set[UUID]

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Ask; whatever the answer, it names nothing secret but what was asked for."""
        answer = self.client.get(path, headers=headers)
        assert answer.status_code < 500, (path, answer.text)
        asked = {UUID(text.decode()) for text in UUIDS.findall(path.encode())}
        told = {UUID(text.decode()) for text in UUIDS.findall(answer.content)}
        assert not (told - asked) & self.hidden, (self.scope, path)
        return answer

    @property
    def hidden(self) -> set[UUID]:
        """The ids of what is not theirs."""
        return {one[0] for one in self.secret}


SECRET = """SELECT feature_id, kind, ST_X(ST_Centroid(geom)), ST_Y(ST_Centroid(geom)) FROM feature_view
    WHERE kind = ANY(%s) AND feature_id <> ALL(%s) ORDER BY feature_id"""


@pytest.fixture(scope="module")
def guessers(
    city: City, module_database: Urls, allowed: dict[str, set[UUID]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Guesser]]:
    with ExitStack() as stack:
        found = []
        # The owner is bound by no policy: there the conditions of the statements stand alone.
        for scope, url in zip(GUESSERS, (module_database.owner, module_database.reader), strict=True):
            folder = tmp_path_factory.mktemp(f"served-{scope}")
            address = stack.enter_context(serving(url, folder, replace(LOCAL, scope=scope)))
            client = stack.enter_context(httpx.Client(base_url=address, headers={"Accept": "application/json"}, timeout=60))
            rows = city.rows(SECRET, list(KINDS), list(allowed[scope]))
            assert len(rows) > 60
            found.append(Guesser(client, scope, rows, allowed[scope]))  # type: ignore[arg-type]
        yield found


def _of_one(guesser: Guesser, chance: random.Random, known: tuple[datetime, datetime]) -> None:
    """Ask for one feature that is another's, in every way; it is as one that there never was."""
    feature, kind, lon, lat = chance.choice(guesser.secret)
    at = (known[0] + (known[1] - known[0]) * chance.random()).isoformat().replace("+00:00", "Z")
    items = f"/collections/{kind}/items"
    nobody = uuid4()

    def alike(template: str, **headers: str) -> None:
        said, nothing = [guesser.get(template.format(one), **headers) for one in (feature, nobody)]
        assert said.status_code == nothing.status_code == 404, template
        assert said.text.replace(str(feature), "") == nothing.text.replace(str(nobody), "")
        assert "etag" not in said.headers

    def empty(path: str) -> None:
        answer = guesser.get(path).json()
        assert (answer["numberMatched"], answer["features"]) == (0, []), path

    z = chance.randint(10, 16)
    column, _, row, _ = covering((lon, lat, lon, lat), z, 0)
    tile = f"/tiles/{z}/{column}/{row}.mvt"
    ways: list[tuple[Any, ...]] = [
        (alike, items + "/{}"),
        (alike, items + "/{}?as-of=" + at),
        (alike, items + "/{}/history"),
        (alike, f"/api/features/{{}}?as-of={at}"),
        (alike, "/api/features/{}/history"),
        (empty, f"{items}?feature_id={feature}"),
        (empty, f"{items}?feature_id={feature}&as-of={at}"),
        (empty, f"{items}?filter=feature_id%20=%20'{feature}'"),
        (guesser.get, tile),
        (guesser.get, f"{tile}?collections={kind}&as-of={at}"),
        (guesser.get, f"{tile}?collections={kind}&filter=feature_id%20=%20'{feature}'"),
        (guesser.get, f"/api/queries/within?at={lon},{lat}&radius=200&kind={kind}"),
        (guesser.get, f"/api/queries/nearest?at={lon},{lat}&count=3&kind={kind}"),
        (guesser.get, f"/api/queries/measure?feature={feature}"),
        (guesser.get, f"{items}?bbox={lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}&limit=1000"),
    ]
    way, path = chance.choice(ways)
    way(path)
    # Neither "whatever there is" nor a guessed tag tells that there is something.
    alike(items + "/{}", **{"If-None-Match": chance.choice(("*", '"1700000000000000-0123456789abcdef01234567"'))})


@pytest.mark.timeout(3600)
def test_guesses_are_answered_as_if_there_were_nothing(guessers: list[Guesser], known: tuple[datetime, datetime]) -> None:
    chance = random.Random(20261202)  # noqa: S311
    for number in range(PROBES):
        _of_one(guessers[number % len(guessers)], chance, known)


def test_counts_and_the_log_tell_of_ones_own_alone(guessers: list[Guesser], city: City) -> None:
    for guesser in guessers:
        for kind in KINDS:
            rows = city.rows("SELECT feature_id FROM feature_view WHERE kind = %s", kind)
            own = {row[0] for row in rows} & guesser.allowed
            assert guesser.get(f"/collections/{kind}/items?limit=1").json()["numberMatched"] == len(own)
            for by in ("county", "enterprise", "month"):
                table = guesser.get(f"/api/queries/count?kind={kind}&by={by}").json()
                assert sum(row["count"] for row in table["rows"]) == len(own), (kind, by)
        cursor, told = "", set[UUID]()
        while True:
            answer = guesser.get(f"/changes?limit=100{cursor}").json()
            told |= {UUID(change["feature_id"]) for change in answer["changes"]}
            if not answer["more"]:
                break
            cursor = f"&since={answer['cursor']}"
        assert told <= guesser.allowed
        assert told


def test_a_tag_of_one_scope_is_worth_nothing_in_another(guessers: list[Guesser]) -> None:
    path = "/collections/building/items?limit=5"
    first, second = [guesser.get(path) for guesser in guessers]
    assert first.headers["etag"] != second.headers["etag"]
    assert guessers[1].get(path, **{"If-None-Match": first.headers["etag"]}).status_code == 200


def test_what_is_written_to_anothers_feature_is_not_found(
    city: City, module_database: Urls, guessers: list[Guesser], tmp_path: Any
) -> None:
    guesser = guessers[1]
    with (
        serving(module_database.owner, tmp_path, replace(LOCAL, scope=guesser.scope), editing=True) as address,
        httpx.Client(base_url=address, timeout=60) as client,
        psycopg.connect(module_database.owner) as connection,
    ):
        before = connection.execute("SELECT count(*) FROM change_log").fetchone()
        for feature, kind, *_ in guesser.secret[:20]:
            for headers in ({"If-Match": "*"}, {"If-Match": '"1"'}, {}):
                path = f"/collections/{kind}/items/{feature}"
                merge = headers | {"Content-Type": "application/merge-patch+json"}
                for answer in (client.delete(path, headers=headers), client.patch(path, headers=merge, json={"properties": {"name": "x"}})):
                    nothing = client.delete(f"/collections/{kind}/items/{uuid4()}", headers=headers)
                    assert answer.status_code == nothing.status_code, (headers, answer.text)
                    assert answer.status_code in (404, 428)
        assert connection.execute("SELECT count(*) FROM change_log").fetchone() == before
