"""Tilesets: an enterprise as 3D Tiles 1.1 (OGC 22-025r4), in memory.

Root: the massing of the whole, replaced by the cells of the grid with the exact solids; what is small in a cell (manholes, elevation
points) is a tile of its own below it, added when one is near. The root's transform is the local frame of the site, so all boxes below
it are in east, north, up metres.
"""

import hashlib
import json
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from gis.crs import enu_frame, lonlat_to_xy
from gis.errors import GeometryError
from gis.ground import Ground
from gis.kinds import KINDS
from gis.models.feature import Feature, Site
from models3d.footprints import footprints
from models3d.massing import Share, massing, share
from models3d.mesh import concatenate
from models3d.scene import extents, scene, shown
from models3d.solid import SolidMesh
from tiles.glb import Instances, Surface, compact, extent, unpack, write
from tiles.grid import plots, quarters, spots
from tiles.instances import alike, arranged
from tiles.lattice import COARSE_M, FINE_M
from tiles.metadata import CLASS, Row, row, schema, table
from tiles.parts import Reach, around, digests, modelled, reach, standing_on, touching
from tiles.recipe import recipe
from tiles.table import Columns, Rows, Told, decode, stacked, statistics, together, told

TilesetFiles = dict[str, bytes]
"""Path below the tileset's folder → content; `tileset.json` is the way in."""

MASSING = "massing.glb"
SCHEMA = "schema.json"
"""The metadata schema, once for the tileset and all its contents."""
LEAST_ERROR_M = 16.0
"""Least geometric error of a massing, so that a small plant still turns into its features before it fills the screen."""
SMALL_M = 1.5
"""Solids no larger across wait until one is near: thousands of them neither slow nor hide the picture of a whole plant."""
SMALL_ERROR_M = 2.0
"""Geometric error of a cell without its small solids: they come within about 150 m on a screen of 1080 lines."""
PADDING_M = 0.001
"""Of boxes, against the rounding of those who read them."""

SMALL = "_small"
"""End of the name of a cell's small solids."""
LARGEST = "largest_m"
"""Of a cell: across its largest solid that a massing does not show as itself; the root's geometric error is the largest of these."""

REACH = ("boxes", "points", "climbing", "bearing")
NOWHERE = reach(())

AT_ONCE = 1024
"""Features that are modelled together."""

Known = Callable[[str], bytes | None]
Tile = dict[str, Any]
Corners = NDArray[np.float64]
"""`(2, 3)` metres: least and greatest east, north, up."""


def padded(corners: Corners) -> Corners:
    """Return a box with its padding."""
    return np.array([corners[0] - PADDING_M, corners[1] + PADDING_M])


def union(boxes: Sequence[Corners]) -> Corners:
    """Return the least box around boxes of one frame."""
    return np.array([np.min([box[0] for box in boxes], axis=0), np.max([box[1] for box in boxes], axis=0)])


def volume(corners: Corners) -> dict[str, list[float]]:
    """Return an oriented box: centre, then the three half axes."""
    centre, half = corners.mean(axis=0), np.diff(corners, axis=0)[0] / 2
    return {"box": [*centre.tolist(), *np.diag(half).ravel().tolist()]}


def schema_uri(path: str) -> str:
    """Return where the schema lies, seen from a file of the tileset."""
    return "../" * path.count("/") + SCHEMA


def _surface(solids: Sequence[SolidMesh], ids: NDArray[np.int64]) -> Surface:
    """Return solids as one surface, with a row of the property table each."""
    mesh = concatenate([solid.mesh for solid in solids])
    colours = np.concatenate([solid.colours for solid in solids])
    return Surface(mesh.positions, mesh.normals, colours, np.repeat(ids, [len(solid.mesh.positions) for solid in solids]), mesh.triangles)


def _shape(solids: Sequence[SolidMesh], ids: NDArray[np.int64]) -> Instances:
    """Return solids of one look as instances of the first."""
    offsets = np.array([solid.mesh.positions[0] for solid in solids])
    first = solids[0]
    here = replace(first, mesh=replace(first.mesh, positions=first.mesh.positions - offsets[0]))
    return Instances(_surface([here], np.zeros(1, np.int64)), offsets, ids)


def glb(
    path: str,
    solids: Sequence[SolidMesh],
    rows: Rows,
    steps_m: Sequence[float] = FINE_M,
    looks: tuple[Sequence[NDArray[np.int64]], NDArray[np.int64]] | None = None,
) -> tuple[bytes, Corners]:
    """Return a content and the box around it; `looks` is what `alike` says of the solids, where that is known."""
    groups, rest = looks or alike(solids)
    instances = [_shape([solids[index] for index in group], group) for group in groups]
    surface = _surface([solids[index] for index in rest], rest) if len(rest) else None
    content = write(surface, schema(), CLASS, rows, schema_uri(path), instances=instances, steps_m=steps_m)
    return content, padded(extent(surface, instances, steps_m))


def _missing_m(solids: Sequence[SolidMesh], across_m: NDArray[np.float64]) -> float:
    """Return the size of the largest of solids that a massing does not show as itself."""
    own = np.array([KINDS[solid.feature.kind].form in ("solid", "marker") for solid in solids])
    return round(float(across_m[own].max(initial=0.0)), 3)


def _across_m(solids: Sequence[SolidMesh]) -> NDArray[np.float64]:
    """Return the diagonal of each solid's upright box, metres."""
    positions = np.concatenate([solid.mesh.positions for solid in solids])
    starts = np.cumsum([0, *(len(solid.mesh.positions) for solid in solids[:-1])])
    spans: NDArray[np.float64] = np.linalg.norm(np.maximum.reduceat(positions, starts) - np.minimum.reduceat(positions, starts), axis=1)
    return spans


def tile(corners: Corners, error_m: float, path: str, **rest: Any) -> Tile:
    """Return a tile with content, in its own frame."""
    return {"boundingVolume": volume(corners), "geometricError": error_m, "content": {"uri": path}, **rest}


@dataclass(frozen=True, slots=True)
class Written:
    """A file without its bytes."""

    size: int
    digest: bytes
    """SHA-256 of the content."""


def _written(content: bytes) -> Written:
    return Written(len(content), hashlib.sha256(content).digest())


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of the grid: its tile, its files, and of its rows, in their order, what statistics look at."""

    name: str
    tile: Tile
    files: Mapping[str, Written]
    told: Told
    contents: TilesetFiles
    """The files' bytes; none of a cell that stays as it is."""
    corners: Corners
    """Its box, as its tile says it: the same to the bit whether it was made or taken over."""


def _celled(name: str, tile_: Tile, contents: TilesetFiles, rows: Rows) -> _Cell:
    centre, axes = np.array(tile_["boundingVolume"]["box"][:3]), np.array(tile_["boundingVolume"]["box"][3:])
    half = np.diag(axes.reshape(3, 3))
    files = {path: _written(content) for path, content in contents.items()}
    return _Cell(name, tile_, files, told(schema(), CLASS, rows), contents, np.array([centre - half, centre + half]))


def _cell(name: str, solids: Sequence[SolidMesh], rows: Columns) -> _Cell:
    """Make a cell."""
    across_m = _across_m(solids)
    small = across_m <= SMALL_M
    layers = [(f"cells/{name}{suffix}.glb", np.flatnonzero(chosen)) for suffix, chosen in (("", ~small), (SMALL, small)) if chosen.any()]
    files, tiles, boxes, ordered = dict[str, bytes](), list[Tile](), list[Corners](), list[Columns]()
    for path, chosen in layers:
        placed, looks = arranged([solids[index] for index in chosen.tolist()])
        members = chosen[placed].tolist()
        own = rows.some(members)
        ordered.append(own)
        files[path], box = glb(path, [solids[index] for index in members], own, looks=looks)
        boxes.append(box)
        tiles.append(tile(boxes[-1], 0, path))
    extras = {"extras": {LARGEST: _missing_m(solids, across_m)}}
    if not small.any():
        return _celled(name, {**tiles[0], **extras}, files, ordered[0])
    # Of small solids alone the cell has no content of its own.
    above = {"content": tiles[0]["content"]} if len(tiles) == 2 else {}
    whole = {"boundingVolume": volume(union(boxes)), "geometricError": SMALL_ERROR_M, "refine": "ADD", **above, "children": tiles[-1:]}
    return _celled(name, {**whole, **extras}, files, stacked(ordered))


def _contents_of(child: Tile) -> list[str]:
    """Return the paths of a cell's contents, in their order."""
    own = [child["content"]["uri"]] if "content" in child else []
    return own + [path for below in child.get("children", []) for path in _contents_of(below)]


def _taken_over(name: str, child: Tile, known: Known) -> _Cell | None:
    """Return a cell as a former version has it; None where a file of it is gone."""
    files, rows = dict[str, bytes](), list[Row]()
    for path in _contents_of(child):
        content = known(path)
        if content is None:
            return None
        glb = unpack(content)
        table = glb.document["extensions"]["EXT_structural_metadata"]["propertyTables"][0]
        rows += decode(schema(), table, glb.view)
        files[path] = content
    return _celled(name, child, files, rows)


def _former(known: Known | None) -> Callable[[str], _Cell | None]:
    """Return who knows the cells of a former version by their names."""
    document = known("tileset.json") if known else None
    if known is None or document is None:
        return lambda _: None
    children = json.loads(document)["root"].get("children", [])
    there = {_contents_of(child)[0].removeprefix("cells/").removesuffix(".glb").removesuffix(SMALL): child for child in children}
    return lambda name: _taken_over(name, there[name], known) if name in there else None


@dataclass(frozen=True, slots=True, eq=False)
class _Plot:
    """A square of the grid."""

    features: tuple[Feature, ...]
    """Those that a scene shows, in the order of their ids."""
    reach: Reach
    cells: tuple[_Cell, ...]
    share: Share

    @property
    def light(self) -> "_Plot":
        """It without the bytes of its cells."""
        if not any(cell.contents for cell in self.cells):
            return self
        return replace(self, cells=tuple(replace(cell, contents={}) for cell in self.cells))


def _sound(features: Sequence[Feature]) -> bool:
    """Say whether all features have a place."""
    geometries = np.array([feature.geom for feature in features], object)
    return not (shapely.is_missing(geometries).any() or shapely.is_empty(geometries).any()) and bool(
        np.isfinite(shapely.get_coordinates(geometries)).all()
    )


def _plots(
    site: Site, ground: Ground, features: Sequence[Feature], former: Callable[[str], _Cell | None], wanted: Collection[str] | None = None
) -> dict[str, _Plot]:
    """Return the plots of a site, their cells taken over where nothing in them is another, else made.

    Parameters
    ----------
    site : whose origin, enterprise and detailed models count
    ground : Ground
    features : in the order of their ids; of some plots alone, with all on which what is there may stand
    former : who knows cells by their names
    wanted : the plots that are asked for, all where not given
    """
    if not _sound(features):
        # Whoever models it names the features that have none.
        scene(replace(site, features=tuple(features)), ground)
    z_m, there, far = extents(features), footprints(features, site.origin, ground), reach(features)
    below = standing_on(features, far)
    points = shapely.get_type_id(there.shapes) == shapely.GeometryType.POINT
    if not (points | (np.isfinite(z_m).all(axis=1) & (z_m[:, 0] < z_m[:, 1]))).all():
        scene(replace(site, features=tuple(features)), ground)
    places = lonlat_to_xy(there.inside)
    squares = {key: inside for key, inside in sorted(plots(places).items()) if wanted is None or key in wanted}
    members = {key: {name: inside[part] for name, part in sorted(quarters(key, places[inside]).items())} for key, inside in squares.items()}
    every = {name: rows for parts in members.values() for name, rows in parts.items()}
    made_by = f"{recipe()} {site.enterprise.feature_id} {site.origin}"
    names = {
        key: f"{key}-{digest}" for key, digest in digests(site, features, every, below, ground_m=there.ground_m, made_by=made_by).items()
    }
    found = {key: cell for key, name in names.items() if (cell := former(name))}
    missing = [key for key in every if key not in found]
    reasons: list[str] = []
    for batch in _batches(missing, every):
        chosen = modelled([every[key] for key in batch], below)
        try:
            modelled_there = scene(replace(site, features=tuple(features[row] for row in chosen)), ground, there.some(chosen)).solids
        except GeometryError as error:
            reasons.append(str(error))
            continue
        solids = dict(zip(chosen.tolist(), modelled_there, strict=True))
        for key in batch:
            own = [solids[index] for index in every[key].tolist()]
            found[key] = _cell(names[key], own, table(own, site.enterprise.feature_id))
    if reasons:
        raise GeometryError("; ".join(reasons))
    made = {}
    for key, inside in squares.items():
        own_features = tuple(features[index] for index in inside.tolist())
        given = share(own_features, there.some(inside), z_m[inside], places[inside])
        made[key] = _Plot(own_features, far.some(inside), tuple(found[name] for name in members[key]), given)
    return made


def _batches(keys: Sequence[str], members: Mapping[str, NDArray[np.int64]]) -> Iterator[list[str]]:
    """Yield cells in runs of some thousand features: so many meshes are in memory at once."""
    batch, count = list[str](), 0
    for key in keys:
        batch.append(key)
        count += len(members[key])
        if count >= AT_ONCE:
            yield batch
            batch, count = [], 0
    if batch:
        yield batch


@dataclass(frozen=True, slots=True, eq=False)
class _Massing:
    """The massing of a site as a file."""

    shares: tuple[Share, ...]
    row: Row
    corners: Corners
    written: Written
    content: bytes
    """Empty of one that stays as it is."""


def _massed(site: Site, ground: Ground, shares: tuple[Share, ...], before: _Massing | None) -> _Massing:
    """Return the massing of shares, that of the bake before where they are the same."""
    if before is not None and len(shares) == len(before.shares) and all(map(operator.is_, shares, before.shares)):
        return replace(before, content=b"")
    whole = massing(site.enterprise, shares, site.origin, ground)
    told_ = row(whole, site.enterprise.feature_id)
    content, corners = glb(MASSING, [whole], [told_], COARSE_M)
    return _Massing(shares, told_, corners, _written(content), content)


@dataclass(frozen=True, slots=True, eq=False)
class Bake:
    """A site as it was baked, from which the next bake goes on: what did not change is neither read, modelled nor written again."""

    site: Site
    """Without its features."""
    ground: Ground
    plots: Mapping[str, _Plot]
    homes: Mapping[UUID, str | None]
    """The plot of each feature; None of those that no scene shows."""
    written: Mapping[str, Written]
    """All files."""
    contents: TilesetFiles
    """The bytes of those that the bake before has not the same."""
    massing: _Massing
    told: Told
    """What statistics look at, of all cells."""
    version: str
    """The name of exactly these files."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.written.values())

    def features(self, feature_ids: Iterable[UUID]) -> list[Feature]:
        """Return those of some features that are shown."""
        wanted = {feature_id: home for feature_id in feature_ids if (home := self.homes.get(feature_id))}
        return [feature for home in sorted(set(wanted.values())) for feature in self.plots[home].features if feature.feature_id in wanted]

    def after(self, changes: Mapping[UUID, Feature | None], state_epoch: datetime) -> "Bake":
        """Return the bake of the site after changes, the same to the byte as one of the whole site at that instant.

        Parameters
        ----------
        changes : what each feature is now; None where it is none of the site's any more
        state_epoch : the instant

        Raises
        ------
        gis.errors.GeometryError
            Features on which no solid can stand; names all of them.
        """
        site = replace(self.site, state_epoch=state_epoch)
        new = shown([feature for feature in changes.values() if feature is not None])
        if not _sound(new):
            scene(replace(site, features=tuple(new)), self.ground)
        moved: dict[UUID, str | None] = {feature_id: None for feature_id, feature in changes.items() if feature is not None}
        for key, inside in plots(spots([feature.geom for feature in new])).items() if new else ():
            moved.update((new[index].feature_id, key) for index in inside.tolist())
        gone = [feature_id for feature_id, feature in changes.items() if feature is None and feature_id in self.homes]
        homes = self.homes
        # Of a large site the copy alone would take as long as a cell.
        if gone or any(homes.get(feature_id, "") != key for feature_id, key in moved.items()):
            homes = {**homes, **moved}
            for feature_id in gone:
                del homes[feature_id]
        old = self.features(changes)
        dirty = {home for source in (self.homes, homes) for one in changes if (home := source.get(one))} | self._leaning_on([*old, *new])
        kept = {key: [one for one in self.plots[key].features if one.feature_id not in changes] for key in dirty if key in self.plots}
        own = [*new, *(feature for features in kept.values() for feature in features)]
        features = sorted([*own, *self._under(own, dirty, changes)], key=lambda feature: feature.feature_id.int)
        cells_there = {cell.name: replace(cell, contents={}) for key in kept for cell in self.plots[key].cells}
        made = _plots(site, self.ground, features, cells_there.get, dirty) if features else {}
        # A share that makes the same blocks has made them already.
        made = {
            key: replace(plot, share=self.plots[key].share) if key in kept and plot.share.same(self.plots[key].share) else plot
            for key, plot in made.items()
        }
        rest = {key: plot for key, plot in self.plots.items() if key not in dirty}
        return _assembled(site, self.ground, dict(sorted({**rest, **made}.items())), homes, self)

    def _near(self, boxes: NDArray[np.float64]) -> tuple[list[_Plot], Reach, NDArray[np.int64]]:
        """Return the plots that reach as far as boxes, `(n, 4)` degrees, what lies in them in a row, and the plot of each of those."""
        there = list(self.plots.values())
        spread = np.array([plot.reach.around for plot in there]).reshape(-1, 4)
        chosen = [there[row] for row in np.flatnonzero(touching(around(boxes)[None], spread)).tolist()]
        whole = Reach(*(np.concatenate([getattr(plot.reach, name) for plot in chosen]) for name in REACH)) if chosen else NOWHERE
        return chosen, whole, np.repeat(np.arange(len(chosen)), [len(plot.features) for plot in chosen])

    def _leaning_on(self, features: Sequence[Feature]) -> set[str]:
        """Return the plots of all that may stand on one of some features."""
        there = reach(features)
        boxes = there.boxes[there.bearing]
        _, whole, _ = self._near(boxes)
        # What stands on a patch that lies on one of them, too.
        boxes = np.concatenate([boxes, whole.boxes[whole.climbing & touching(boxes, whole.boxes)]])
        plots_, whole, owner = self._near(boxes)
        leaning = [plots_[row].features[0] for row in np.unique(owner[whole.leaning & touching(boxes, whole.boxes)]).tolist()]
        return {home for feature in leaning if (home := self.homes[feature.feature_id])}

    def _under(self, features: Sequence[Feature], dirty: Collection[str], changes: Collection[UUID]) -> list[Feature]:
        """Return what lies in other plots than the dirty ones and may bear one of some features."""
        there, found = reach(features), dict[UUID, Feature]()
        boxes = there.boxes[there.leaning]
        # Twice, for a patch on which a marker stands lies on a roof.
        for _ in range(2):
            plots_, whole, _ = self._near(boxes)
            others = [feature for plot in plots_ for feature in plot.features]
            rows = np.flatnonzero(whole.bearing & touching(boxes, whole.boxes))
            rows = rows[[self.homes[others[row].feature_id] not in dirty for row in rows.tolist()]]
            found |= {others[row].feature_id: others[row] for row in rows.tolist()}
            boxes = whole.boxes[rows[whole.climbing[rows]]]
        return [feature for feature_id, feature in found.items() if feature_id not in changes]


def bake(site: Site, ground: Ground, known: Known | None = None) -> Bake:
    """Bake a site.

    The same site with the same `state_epoch` gives the same bytes, in whatever order its features come and whatever is known. Every
    feature is in exactly one cell; the massing tile carries the enterprise as its one feature.

    Parameters
    ----------
    site : Site
    ground : Ground
    known : callable, optional
        Path → content in a former version of the same enterprise. A cell's name tells all that it is made of, so one that is there under
        its name is taken over, and only the others are modelled.

    Raises
    ------
    gis.errors.GeometryError
        Features on which no solid can stand; names all of them.
    """
    features = sorted(shown(site.features), key=lambda feature: feature.feature_id.int)
    made = _plots(site, ground, features, _former(known)) if features else {}
    homes: dict[UUID, str | None] = {feature.feature_id: None for feature in site.features}
    for key, plot in made.items():
        homes |= dict.fromkeys((feature.feature_id for feature in plot.features), key)
    return _assembled(replace(site, features=()), ground, made, homes, None)


def _told(made: Mapping[str, _Plot], before: Bake | None) -> Told:
    """Return what the cells tell statistics, going on from the bake before."""
    if before is None:
        return together([cell.told for plot in made.values() for cell in plot.cells])
    gone, come = (
        together([cell.told for key, plot in these.items() if those.get(key) is not plot for cell in plot.cells])
        for these, those in ((before.plots, made), (made, before.plots))
    )
    return before.told.changed(gone, come)


def _assembled(site: Site, ground: Ground, made: Mapping[str, _Plot], homes: Mapping[UUID, str | None], before: Bake | None) -> Bake:
    """Put massing and tileset around plots, in the order of their names."""
    cells_there = [cell for plot in made.values() for cell in plot.cells]
    whole = _told(made, before)
    enterprise_id = site.enterprise.feature_id
    massed = _massed(site, ground, tuple(plot.share for plot in made.values()), before.massing if before else None)
    corners = union([massed.corners, *(cell.corners for cell in cells_there)])
    error_m = max(LEAST_ERROR_M, *(cell.tile["extras"][LARGEST] for cell in cells_there)) if cells_there else 0.0
    below = {"children": [cell.tile for cell in cells_there]} if cells_there else {}
    root = {"transform": enu_frame(site.origin).T.ravel().tolist(), **tile(corners, error_m, MASSING, refine="REPLACE", **below)}
    epoch = site.state_epoch.astimezone(UTC).isoformat().replace("+00:00", "Z")
    document = {
        "asset": {"version": "1.1", "extras": {"generator": "quanjing", "enterprise_id": str(enterprise_id), "state_epoch": epoch}},
        "schemaUri": SCHEMA,
        "statistics": statistics(schema(), CLASS, whole if cells_there else together([told(schema(), CLASS, [massed.row])])),
        "geometricError": round(max(float(np.linalg.norm(np.diff(corners, axis=0))), error_m), 3),
        "root": root,
    }
    own = {"tileset.json": orjson.dumps(document), SCHEMA: compact(schema())}
    written = {MASSING: massed.written, **{path: _written(content) for path, content in own.items()}}
    for cell in cells_there:
        written.update(cell.files)
    contents = {**own, MASSING: massed.content, **{path: content for cell in cells_there for path, content in cell.contents.items()}}
    if before is not None:
        contents = {path: content for path, content in contents.items() if before.written.get(path) != written[path]}
    former = before.plots if before else {}
    light = {key: plot if former.get(key) is plot else plot.light for key, plot in made.items()}
    return Bake(site, ground, light, homes, written, contents, replace(massed, content=b""), whole, _named(written))


def build(site: Site, ground: Ground, known: Known | None = None) -> TilesetFiles:
    """Bake a site and return all its files; see `bake`."""
    return bake(site, ground, known).contents


def _named(written: Mapping[str, Written]) -> str:
    digest = hashlib.sha256()
    for path, one in sorted(written.items()):
        name = path.encode()
        digest.update(len(name).to_bytes(8, "big") + name + one.digest)
    return digest.hexdigest()[:16]


def version(files: TilesetFiles) -> str:
    """Return the name of exactly these files: 16 hexadecimal digits of a SHA-256 over paths and digests of contents.

    >>> version({"a": b"x"}) == version({"a": b"x"}) != version({"a": b"y"})
    True
    """
    return _named({path: _written(content) for path, content in files.items()})
