"""The codecs of EXT_meshopt_compression, as its README (Khronos, ratified) specifies the bitstream, in numpy.

Encoders are whole-array: no loop over vertices or triangles. Of the many streams that decode to the same data they choose one, always
the same. Decoders read any valid stream, filters included, and refuse a broken one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gis.errors import TilesetError

Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]

ATTRIBUTES, TRIANGLES, INDICES = 0xA0, 0xE1, 0xD1
"""Header byte of each mode."""
GROUP = 16
BLOCK_BYTES, BLOCK_ELEMENTS = 8192, 256
TAIL = 32
LAGS = 4
"""How many triangles back an edge is looked for: their edges are among the 15 that a code can name."""


def _zigzag(delta: Ints) -> Ints:
    return np.where(delta < 0, -2 * delta - 1, 2 * delta)


def _zigzag_bytes(deltas: NDArray[np.int8]) -> Bytes:
    turned: Bytes = (deltas.view(np.uint8) * np.uint8(2)) ^ np.negative((deltas < 0).view(np.uint8))
    return turned


def _varints(values: Ints) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return values as LEB128 in rows of five bytes, and which of those count."""
    shifts = 7 * np.arange(5)
    pieces = values[..., None] >> shifts
    more = (values[..., None] >> (shifts + 7)) > 0
    kept = np.concatenate([np.ones((*values.shape, 1), bool), more[..., :-1]], axis=-1)
    return ((pieces & 0x7F) | (more << 7)).astype(np.uint8), kept


def block_elements(stride: int) -> int:
    """Return how many elements a block of the attribute stream holds."""
    return min(BLOCK_BYTES // stride & ~(GROUP - 1), BLOCK_ELEMENTS)


def _scattered(starts: Ints, counts: Ints) -> Ints:
    """Return the places of runs: `counts[i]` of them from `starts[i]` on."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - ends + counts, counts)


def _packed(out: Bytes, codes: Bytes, starts: Ints, bits: int) -> None:
    """Write groups, `(16, g)`, with so many bits a code; those that take more follow as bytes."""
    most, each = (1 << bits) - 1, 8 // bits
    short, size = np.minimum(codes, most), GROUP // each
    packed = np.empty((codes.shape[1], size), np.uint8)
    for place in range(size):
        # Multiplied and added, which takes a third of the time of shifts.
        byte = short[place * each]
        for code in short[place * each + 1 : (place + 1) * each]:
            byte = byte * np.uint8(1 << bits) + code
        packed[:, place] = byte
    out[starts[:, None] + np.arange(size)] = packed
    large = codes >= most
    counts = large.sum(axis=0)
    longer = np.flatnonzero(counts)
    if len(longer):
        rows = np.ascontiguousarray(codes[:, longer].T)
        out[_scattered(starts[longer] + size, counts[longer])] = rows[rows >= most]


def _stream(codes: Bytes, counts: Ints, per_block: int) -> tuple[Bytes, Ints]:
    """Return the blocks of zigzagged deltas, `(stride, n)`: for each block and byte of the element a header, then the groups.

    Beside it, `(blocks, stride)`, where each of those begins. Of each row only `counts`, `(stride,)`, deltas count; the others are 0.
    """
    stride, count = codes.shape
    groups = -(-counts // GROUP)
    blocks = int(-(-groups.max() // per_block))
    # Half of the bytes of a vertex are the same in all: of those there are headers only.
    busy = np.flatnonzero(codes.any(axis=1))
    padded = np.zeros((len(busy), blocks * per_block * GROUP), np.uint8)
    padded[:, :count] = codes[busy]
    # Columns in the order of the stream, the codes of a group below one another: sums over them are of whole rows.
    ordered = padded.reshape(len(busy), blocks, per_block, GROUP).transpose(3, 1, 0, 2).reshape(GROUP, -1)
    ordered = np.ascontiguousarray(ordered)
    size2, size4 = 4 + (ordered >= 3).sum(axis=0, dtype=np.uint8), 8 + (ordered >= 15).sum(axis=0, dtype=np.uint8)
    sizes = np.minimum(np.minimum(size2, size4), GROUP)
    mode = np.uint8(3) - (sizes == size4)
    mode[sizes == size2] = 1
    nothing = ordered.max(axis=0) == 0
    mode[nothing] = sizes[nothing] = 0
    here = np.clip(groups - np.arange(blocks)[:, None] * per_block, 0, per_block)
    headers = (-(-here // 4)).ravel()
    rows, quads = np.zeros((blocks, stride, per_block), np.int64), np.zeros((blocks, stride, -(-per_block // 4) * 4), np.uint8)
    rows[:, busy] = sizes.reshape(blocks, len(busy), per_block)
    quads[:, busy, :per_block] = mode.reshape(blocks, len(busy), per_block)
    lengths = headers + rows.sum(axis=2).ravel()
    begins = np.cumsum(lengths) - lengths
    within = np.cumsum(rows[:, busy], axis=2) - rows[:, busy]
    starts = ((begins + headers).reshape(blocks, stride)[:, busy, None] + within).ravel()
    out = np.zeros(lengths.sum(), np.uint8)
    header = quads[..., 0::4] + quads[..., 1::4] * np.uint8(4) + quads[..., 2::4] * np.uint8(16) + quads[..., 3::4] * np.uint8(64)
    header = header.reshape(blocks * stride, -1)
    out[_scattered(begins, headers)] = header[np.arange(header.shape[1]) < headers[:, None]]
    for kind, bits in ((1, 2), (2, 4)):
        chosen = np.flatnonzero(mode == kind)
        _packed(out, ordered[:, chosen], starts[chosen], bits)
    whole = np.flatnonzero(mode == 3)
    out[starts[whole][:, None] + np.arange(GROUP)] = ordered[:, whole].T
    return out, begins.reshape(blocks, stride)


def _deltas(elements: Bytes) -> Bytes:
    """Return the zigzagged deltas of elements, `(n, stride)` to `(stride, n)`."""
    planes = np.ascontiguousarray(elements.T)
    return _zigzag_bytes(np.diff(planes, axis=1, prepend=planes[:, :1]).view(np.int8))


def encode_several(arrays: Sequence[Bytes]) -> list[bytes]:
    """Return arrays, `(n, stride)` bytes each with strides that are multiples of 4 and at most 32, as ATTRIBUTES.

    Each is what `encode_attributes` makes of it; together they take hardly longer than the one that has most elements.
    """
    strides = [one.shape[1] for one in arrays]
    codes = np.zeros((sum(strides), max(map(len, arrays))), np.uint8)
    ends = np.cumsum(strides)
    for one, stride, end in zip(arrays, strides, ends.tolist(), strict=True):
        codes[end - stride : end, : len(one)] = _deltas(one)
    body, begins = _stream(codes, np.repeat(list(map(len, arrays)), strides), BLOCK_ELEMENTS // GROUP)
    data, rows = body.tobytes(), np.append(begins.ravel(), len(body))
    blocks, found = np.arange(len(begins)) * len(codes), []
    for one, stride, end in zip(arrays, strides, ends.tolist(), strict=True):
        bounds = zip(rows[blocks + end - stride].tolist(), rows[blocks + end].tolist(), strict=True)
        tail = bytes(max(TAIL - stride, 0)) + one[0].tobytes()
        found.append(b"".join([bytes([ATTRIBUTES]), *(data[begin:stop] for begin, stop in bounds), tail]))
    return found


def encode_attributes(elements: Bytes) -> bytes:
    """Return elements, `(n, stride)` bytes with a stride that is a multiple of 4 and at most 256, as a stream of mode ATTRIBUTES."""
    count, stride = elements.shape
    body, _ = _stream(_deltas(elements), np.full(stride, count), block_elements(stride) // GROUP)
    return b"".join([bytes([ATTRIBUTES]), body.tobytes(), bytes(max(TAIL - stride, 0)), elements[0].tobytes()])


@dataclass(frozen=True, slots=True, eq=False)
class Order:
    """Triangles in the order of corners and vertices in which their stream is short."""

    triangles: Ints
    """`(m, 3)` rows of the vertices in their new order; corners may be turned, never mirrored."""
    vertices: Ints
    """`(n,)` the former row of each vertex; those that no triangle uses come last."""
    shared: Ints
    """`(m,)` place in the edge FIFO of the edge that a triangle shares, -1 where it shares none."""


def _shared(triangles: Ints, turned: Ints) -> tuple[Ints, Ints]:
    """Return where in the edge FIFO the edge is that each triangle shares, else -1, and its first corner: `turned` if it shares none."""
    count = len(triangles)
    corners = np.ascontiguousarray(triangles.T)
    size = int(triangles.max(initial=0)) + 1
    edges = [corners[i] * size + corners[(i + 1) % 3] for i in range(3)]
    turned_edges = [corners[(i + 1) % 3] * size + corners[i] for i in range(3)]
    lag, own, other = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
    for back in range(1, min(LAGS, count - 1) + 1):
        open_ = np.flatnonzero(lag[back:] == 0) + back
        # Edge i of a triangle runs the other way along edge j of one before it; of several the first counts, so that is written last.
        theirs = [turned[open_ - back] for turned in turned_edges]
        for i in (2, 1, 0):
            mine = edges[i][open_]
            for j in (2, 1, 0):
                rows = open_[mine == theirs[j]]
                lag[rows], own[rows], other[rows] = back, i, j
    source = np.arange(count) - lag
    # A triangle does not put the edge by which it came into the FIFO.
    coded = (lag > 0) & ((lag[source] == 0) | (other != own[source]))
    first = np.where(coded, own, turned)
    pushed = np.concatenate([[0], np.cumsum(np.where(coded, 2, 3))])
    between = pushed[np.arange(count)] - pushed[source + 1]
    return np.where(coded, between + 2 - (other - first[source]) % 3, -1), first


def _first_uses(flat: Ints, count: int) -> NDArray[np.bool_]:
    """Say at which places of a sequence of numbers below `count` one comes for the first time."""
    places = np.arange(len(flat))
    first = np.empty(count, np.int64)
    # Written from behind, so that the first stays.
    first[flat[::-1]] = places[::-1]
    return np.asarray(first[flat] == places)


def order(triangles: NDArray[Any], count: int) -> Order:
    """Order vertices by their first use and turn triangles so that an edge shared with one before comes first.

    Parameters
    ----------
    triangles : (m, 3) integer
    count : number of vertices
    """
    given = triangles.astype(np.int64)
    fresh = _first_uses(given.ravel(), count)
    holder = np.empty(count, np.int64)
    holder[given.ravel()[fresh]] = np.flatnonzero(fresh) // 3
    new = holder[given] == np.arange(len(given))[:, None]
    # Else a new vertex first: a code whose first is old and whose others are new would mean a restart.
    shared, first = _shared(given, new.argmax(axis=1))
    turned = given.ravel()[3 * np.arange(len(given))[:, None] + (first[:, None] + np.arange(3)) % 3]
    seen = turned.ravel()[_first_uses(turned.ravel(), count)]
    used = np.zeros(count, bool)
    used[seen] = True
    vertices = np.concatenate([seen, np.flatnonzero(~used)])
    place = np.empty(count, np.int64)
    place[vertices] = np.arange(count)
    return Order(place[turned], vertices, shared)


def encode_triangles(ordered: Order) -> bytes:
    """Return the triangles of an order as a stream of mode TRIANGLES."""
    triangles, shared = ordered.triangles, ordered.shared
    flat = triangles.ravel()
    highest = np.concatenate([[-1], np.maximum.accumulate(flat)[:-1]])
    new = (flat > highest).reshape(-1, 3)
    edge = shared >= 0
    explicit = ~new
    explicit[edge, :2] = False
    fresh = ~edge & new.all(axis=1)
    codes = np.where(edge, (shared << 4) | np.where(new[:, 2], 0, 15), np.where(fresh, 0xF0, np.where(new[:, 0], 0xFE, 0xFF)))
    # Of few triangles there is more to say than the code.
    free = ~edge & ~fresh
    longer = np.flatnonzero(free | explicit.any(axis=1))
    # The values that are written out follow one another over all triangles.
    values = np.zeros((len(longer), 3), np.int64)
    written = explicit[longer]
    values[written] = _zigzag(np.diff(triangles[longer][written], prepend=0))
    numbers, kept = _varints(values)
    kept &= written[..., None]
    which = np.where(new[longer], 0, 15)
    rows = np.concatenate([((which[:, 1] << 4) | which[:, 2]).astype(np.uint8)[:, None], *numbers.transpose(1, 0, 2)], axis=1)
    chosen = np.concatenate([free[longer][:, None], *kept.transpose(1, 0, 2)], axis=1)
    return b"".join([bytes([TRIANGLES]), codes.astype(np.uint8).tobytes(), rows[chosen].tobytes(), bytes(16)])


def encode_indices(values: Ints) -> bytes:
    """Return a sequence of numbers as a stream of mode INDICES, all from the first baseline."""
    numbers, kept = _varints(_zigzag(np.diff(values, prepend=0)) << 1)
    return bytes([INDICES]) + numbers[kept].tobytes() + bytes(4)


class _Cursor:
    """A place in a stream; reading past its end is an error of the stream."""

    def __init__(self, data: bytes, place: int, end: int) -> None:
        self.data, self.place, self.end = data, place, end

    def take(self, size: int) -> bytes:
        if self.place + size > self.end:
            raise TilesetError("the compressed stream ends too early")
        self.place += size
        return self.data[self.place - size : self.place]

    def varint(self) -> int:
        value = 0
        for shift in range(0, 35, 7):
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & 0xFFFFFFFF
        raise TilesetError("a number of the compressed stream is too long")


def _start(data: bytes, header: int, tail: int) -> _Cursor:
    if len(data) < 1 + tail or data[0] != header:
        raise TilesetError("the compressed stream has another header than its mode, or is too short")
    return _Cursor(data, 1, len(data) - tail)


def _group(cursor: _Cursor, mode: int) -> bytes:
    if mode == 0:
        return bytes(GROUP)
    if mode == 3:
        return cursor.take(GROUP)
    bits = 2 * mode
    sentinel, values = (1 << bits) - 1, []
    for byte in cursor.take(GROUP * bits // 8):
        values += [(byte >> shift) & sentinel for shift in range(8 - bits, -1, -bits)]
    large = iter(cursor.take(values.count(sentinel)))
    return bytes(next(large) if value == sentinel else value for value in values)


def decode_attributes(data: bytes, count: int, stride: int) -> Bytes:
    """Return the elements of a stream of mode ATTRIBUTES, `(count, stride)` bytes."""
    if count < 1 or not 0 < stride <= 256 or stride % 4:
        raise TilesetError(f"{count} elements of {stride} bytes can't be compressed")
    cursor = _start(data, ATTRIBUTES, max(TAIL, stride))
    size, codes = block_elements(stride), []
    for begin in range(0, count, size):
        elements = min(size, count - begin)
        groups = -(-elements // GROUP)
        columns = []
        for _ in range(stride):
            header = cursor.take(-(-groups // 4))
            columns.append(b"".join(_group(cursor, header[index // 4] >> 2 * (index % 4) & 3) for index in range(groups)))
        codes.append(np.frombuffer(b"".join(columns), np.uint8).reshape(stride, -1)[:, :elements].T)
    if cursor.place != cursor.end:
        raise TilesetError("the compressed stream is longer than its elements")
    zigzag = np.concatenate(codes)
    deltas = (zigzag >> 1) ^ (0 - (zigzag & 1)).astype(np.uint8)
    first = np.frombuffer(data[-stride:], np.uint8)
    elements_: Bytes = (np.cumsum(deltas, axis=0, dtype=np.uint8) + first).astype(np.uint8)
    return elements_


class _Triangles:
    """The state of a decoder of triangles."""

    def __init__(self, cursor: _Cursor) -> None:
        self.data = cursor
        self.edges: list[tuple[int, int]] = [(0, 0)] * GROUP
        self.recent: list[int] = [0] * GROUP
        self.next = self.last = 0

    def fresh(self) -> int:
        self.next += 1
        return self.next - 1

    def explicit(self) -> int:
        value = self.data.varint()
        self.last = (self.last + (~(value >> 1) if value & 1 else value >> 1)) & 0xFFFFFFFF
        return self.last

    def corner(self, nibble: int) -> int:
        return self.fresh() if nibble == 0 else self.explicit() if nibble == 15 else self.recent[-nibble]

    def by_edge(self, code: int) -> tuple[int, int, int]:
        (a, b), kind = self.edges[-1 - (code >> 4)], code & 15
        if kind in (13, 14):
            self.last = (self.last + (1 if kind == 14 else -1)) & 0xFFFFFFFF
        c = self.last if kind in (13, 14) else self.recent[-1 - kind] if 0 < kind < 13 else self.corner(kind)
        self.edges += [(c, b), (a, c)]
        if not 0 < kind < 13:
            self.recent.append(c)
        return a, b, c

    def free(self, code: int, aux: bytes) -> tuple[int, int, int]:
        which = aux[code & 15] if code < 0xFE else self.data.take(1)[0]
        if code >= 0xFE and which == 0:
            self.next = 0
        a = self.explicit() if code == 0xFF else self.fresh()
        nibbles = (which >> 4, which & 15)
        b, c = self.corner(nibbles[0]), self.corner(nibbles[1])
        self.edges += [(b, a), (c, b), (a, c)]
        self.recent += [a, *(value for value, nibble in zip((b, c), nibbles, strict=True) if nibble in (0, 15))]
        return a, b, c


def decode_triangles(data: bytes, count: int) -> Ints:
    """Return the indices of a stream of mode TRIANGLES, `(count,)`; the count is a multiple of 3."""
    if count < 0 or count % 3:
        raise TilesetError(f"{count} indices are no triangles")
    cursor = _start(data, TRIANGLES, 16)
    codes, aux = cursor.take(count // 3), data[-16:]
    state = _Triangles(cursor)
    found = [state.by_edge(code) if code < 0xF0 else state.free(code, aux) for code in codes]
    if cursor.place != cursor.end:
        raise TilesetError("the compressed stream is longer than its triangles")
    return np.array(found, np.int64).reshape(-1)


def decode_indices(data: bytes, count: int) -> Ints:
    """Return the numbers of a stream of mode INDICES, `(count,)`."""
    cursor = _start(data, INDICES, 4)
    last, found = [0, 0], []
    for _ in range(count):
        value = cursor.varint()
        delta = ~(value >> 2) if value & 2 else value >> 2
        last[value & 1] = (last[value & 1] + delta) & 0xFFFFFFFF
        found.append(last[value & 1])
    if cursor.place != cursor.end:
        raise TilesetError("the compressed stream is longer than its numbers")
    return np.array(found, np.int64)


def _octahedral(elements: Bytes, stride: int) -> Bytes:
    dtype = "<i1" if stride == 4 else "<i2"
    given = elements.view(dtype).reshape(-1, 4)
    parts = given.astype(float)
    one = np.where(parts[:, 2] == 0, 1, parts[:, 2])
    x, y = parts[:, 0] / one, parts[:, 1] / one
    z = 1 - np.abs(x) - np.abs(y)
    t = np.minimum(z, 0)
    x, y = x - np.copysign(t, x), y - np.copysign(t, y)
    vectors = np.stack([x, y, z], axis=1)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    unit = np.round(vectors * (127 if stride == 4 else 32767))
    return np.column_stack([unit, parts[:, 3]]).astype(dtype).view(np.uint8).reshape(elements.shape)


def octahedral(vectors: NDArray[np.float64]) -> Bytes:
    """Return unit vectors, `(n, 3)`, as elements of four bytes that the filter OCTAHEDRAL turns into signed normalised bytes."""
    x, y, z = np.array(vectors.T, np.float64, order="C")
    size = np.abs(x) + np.abs(y) + np.abs(z)
    x, y = x / size, y / size
    below = np.flatnonzero(z < 0)
    x[below], y[below] = np.copysign(1 - np.abs(y[below]), x[below]), np.copysign(1 - np.abs(x[below]), y[below])
    elements = np.zeros((len(vectors), 4), np.int8)
    elements[:, 0], elements[:, 1], elements[:, 2] = np.round(x * 127), np.round(y * 127), 127
    return elements.view(np.uint8)


def exponential(whole: Ints) -> Bytes:
    """Return whole numbers of at most 23 bits, `(n, k)`, as elements that the filter EXPONENTIAL turns into exactly these as floats.

    As bytes, neighbours differ less so than as floats: a third of the stream.
    """
    return np.ascontiguousarray((whole & 0xFFFFFF).astype("<u4")).view(np.uint8).reshape(len(whole), -1)


def _quaternion(elements: Bytes) -> Bytes:
    given = elements.view("<i2").reshape(-1, 4).astype(np.int64)
    one, largest = given[:, 3] | 3, given[:, 3] & 3
    xyz = given[:, :3] / one[:, None] / np.sqrt(2)
    w = np.sqrt(np.maximum(1 - (xyz**2).sum(axis=1), 0))
    four = np.column_stack([w, xyz])
    turned = np.empty(four.shape)
    np.put_along_axis(turned, (largest[:, None] + np.arange(4)) % 4, four, axis=1)
    return np.round(turned * 32767).astype("<i2").view(np.uint8).reshape(elements.shape)


def _exponential(elements: Bytes) -> Bytes:
    given = elements.view("<i4")
    mantissa = (given << 8) >> 8
    with np.errstate(over="ignore"):
        numbers: NDArray[np.float32] = np.ldexp(mantissa.astype(np.float64), given >> 24).astype("<f4")
    return numbers.view(np.uint8).reshape(elements.shape)


def decode(data: bytes, count: int, stride: int, mode: str, filter_: str = "NONE") -> bytes:
    """Return what a compressed buffer view holds.

    Parameters
    ----------
    data : its bytes
    count, stride : elements and bytes of each
    mode, filter_ : as the extension names them

    Raises
    ------
    TilesetError
        The stream is broken, or its description is none.
    """
    if mode == "ATTRIBUTES":
        elements = np.ascontiguousarray(decode_attributes(data, count, stride))
        match filter_:
            case "NONE":
                return elements.tobytes()
            case "OCTAHEDRAL" if stride in (4, 8):
                return _octahedral(elements, stride).tobytes()
            case "QUATERNION" if stride == 8:
                return _quaternion(elements).tobytes()
            case "EXPONENTIAL":
                return _exponential(elements).tobytes()
    elif mode in ("TRIANGLES", "INDICES") and filter_ == "NONE" and stride in (2, 4):
        values = decode_triangles(data, count) if mode == "TRIANGLES" else decode_indices(data, count)
        return values.astype(f"<u{stride}").tobytes()
    raise TilesetError(f"no compression of mode {mode}, filter {filter_} and stride {stride}")
