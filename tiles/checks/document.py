"""Checks of the document of a glTF 2.0: asset, materials, textures, meshes (ISO/IEC 12113:2022, 5)."""

import re

from tiles.checks.gltf import MODES, UNDERSTOOD, VERSION, Gltf, check_accessors, reached, taken_apart
from tiles.checks.look import Found, Look, Resolve, declared
from tiles.checks.scene import check_scene, check_weights

KINDS = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"\xabKTX 20\xbb": "image/ktx2"}
"""First bytes of an image → its media type."""
LISTS = (
    "accessors", "animations", "buffers", "bufferViews", "cameras", "images", "materials", "meshes", "nodes", "samplers", "scenes", "skins",
    "textures",
)  # fmt: skip
FILTERS = (9728, 9729, 9984, 9985, 9986, 9987)
WRAPS = (33071, 33648, 10497)


def _materials(gltf: Gltf) -> None:
    for material in gltf.look.items("materials"):
        material.extended()
        material.maybe("name", "string")
        material.known("alphaMode", "string", ("OPAQUE", "MASK", "BLEND"))
        material.maybe("alphaCutoff", "number", least=0)
        material.maybe("doubleSided", "boolean")
        _shares(material, "emissiveFactor", 3)
        for key in ("normalTexture", "occlusionTexture", "emissiveTexture"):
            _texture(gltf, texture := material.inner(key))
            if texture is not None:
                texture.maybe("scale", "number")
                texture.maybe("strength", "number", least=0, most=1)
        rough = material.inner("pbrMetallicRoughness")
        if rough is None:
            continue
        for key in ("metallicFactor", "roughnessFactor"):
            rough.maybe(key, "number", least=0, most=1)
        _shares(rough, "baseColorFactor", 4)
        for key in ("baseColorTexture", "metallicRoughnessTexture"):
            _texture(gltf, rough.inner(key))


def _shares(look: Look, key: str, count: int) -> None:
    if any(not 0 <= value <= 1 for value in look.numbers(key, count) or []):
        look.fault(key, "须在 0–1")


def _textures(gltf: Gltf) -> None:
    for texture in gltf.look.items("textures"):
        texture.maybe("name", "string")
        texture.index("sampler", gltf.list("samplers"))
        texture.index("source", gltf.list("images"))
    for image in gltf.look.items("images"):
        image.maybe("name", "string")
        view = image.index("bufferView", gltf.list("bufferViews"))
        uri = image.maybe("uri", "string")
        if ("bufferView" in image.value) == ("uri" in image.value):
            image.fault("uri", "uri 和 bufferView 须恰有一个")
        mime = image.need("mimeType", "string") if view is not None else image.maybe("mimeType", "string")
        data = gltf.view(view) if view is not None and not gltf.found.broken else reached(gltf, image, uri) if uri is not None else None
        kind = next((kind for begin, kind in KINDS.items() if data is not None and data.startswith(begin)), None)
        if mime is not None and kind is not None and mime != kind:
            image.fault("mimeType", f"{mime}，图像是 {kind}")
    for sampler in gltf.look.items("samplers"):
        sampler.known("magFilter", "integer", FILTERS[:2])
        sampler.known("minFilter", "integer", FILTERS)
        sampler.known("wrapS", "integer", WRAPS)
        sampler.known("wrapT", "integer", WRAPS)


def _texture(gltf: Gltf, look: Look | None) -> None:
    if look is not None:
        look.index("index", gltf.list("textures"), needed=True)
        look.maybe("texCoord", "integer", least=0)


def _meshes(gltf: Gltf) -> None:
    for mesh in gltf.look.items("meshes"):
        mesh.extended()
        mesh.maybe("name", "string")
        if "primitives" not in mesh.value:
            mesh.fault("primitives", "缺失")
        counts = {_primitive(gltf, primitive) for primitive in mesh.items("primitives")}
        if len(counts) > 1:
            mesh.fault("primitives", f"变形目标个数不一：{sorted(counts)}")
        check_weights(mesh, max(counts, default=0))


def _primitive(gltf: Gltf, primitive: Look) -> int:
    """Check a primitive; returns how many morph targets it has."""
    accessors = gltf.list("accessors")
    primitive.extended()
    primitive.known("mode", "integer", MODES)
    primitive.index("material", gltf.list("materials"))
    primitive.index("indices", accessors)
    attributes = primitive.inner("attributes", needed=True)
    if attributes is not None and not attributes.value:
        primitive.fault("attributes", "不得为空")
    targets = list(primitive.items("targets"))
    for look in [*([attributes] if attributes is not None else []), *targets]:
        for name in look.value:
            look.index(name, accessors)
    for target in targets:
        if not target.value:
            target.found.add(target.code, target.path, "不得为空")
    return len(targets)


def _asset(look: Look) -> None:
    asset = look.inner("asset", needed=True)
    if asset is None:
        return
    version = asset.need("version", "string")
    if version is not None and not re.fullmatch(r"2\.\d+", version):
        asset.fault("version", f"{version} 不是 2.x")
    elif version is not None and version != "2.0":
        asset.found.warn("T202", asset.at("version"), f"{version}，按 2.0 检查")
    asset.maybe("minVersion", "string", pattern=VERSION)
    for key in ("generator", "copyright"):
        asset.maybe(key, "string")


def opened(data: bytes, found: Found, resolve: Resolve) -> Gltf | None:
    """Read a glTF or GLB and check its structure; None where nothing more can be said of it."""
    parts = taken_apart(data, found)
    if parts is None or (parts[0] is None and found.broken):
        return None
    document, chunk = parts
    if not isinstance(document, dict):
        found.add("T202", "", "应为 object")
        return None
    look = Look(document, "", found, "T202")
    look.extended()
    _asset(look)
    for name in LISTS:
        look.maybe(name, "array", least_items=1)
    gltf = Gltf(document, look, found, declared(look), resolve)
    for name in sorted(set(look.strings("extensionsRequired")) - UNDERSTOOD):
        found.warn("T111", "extensionsRequired", f"{name} 未检查")
    check_accessors(gltf, chunk)
    for section in (_materials, _textures, _meshes, check_scene):
        section(gltf)
    gltf.sound = not found.broken
    return gltf
