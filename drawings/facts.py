"""What a rule can ask of an entity: layer, type, block, closedness, colour, text."""

from functools import cached_property
from typing import Any

from ezdxf.colors import DXF_DEFAULT_COLORS, int2rgb
from ezdxf.document import Drawing
from ezdxf.entities.dxfentity import DXFEntity
from ezdxf.entities.insert import Insert
from ezdxf.entities.mtext import MText
from ezdxf.entities.text import Text
from ezdxf.tools.text import plain_text

from drawings.curves import anchor, anchor_z, is_closed, middle_of_round
from drawings.ledger import layer_of, printable

BYBLOCK, BYLAYER = 0, 256


def words(raw: str) -> str:
    """Return the plain text of what a TEXT or ATTRIB has written; undecodable bytes in it are left as they are."""
    # Most texts hold none of what ezdxf resolves letter by letter: %% codes, ^ codes, line ends.
    return raw if raw.isprintable() and "%%" not in raw and "^" not in raw else plain_text(raw)


def words_of(text: Text) -> str:
    """Return the plain text of a TEXT or ATTRIB."""
    return words(str(vars(text.dxf).get("text", "")))


def text_of(entity: DXFEntity) -> str | None:
    """Return the plain text of a TEXT, MTEXT or ATTRIB, None of anything else."""
    if isinstance(entity, Text):
        return printable(words_of(entity)).strip()
    if isinstance(entity, MText):
        # The fast way of ezdxf leaves a space that does not break, `\~`, as it is written.
        return printable(str(entity.plain_text(fast="\\~" not in entity.text))).strip()
    return None


def block_of(entity: DXFEntity) -> str | None:
    """Return the name of the block that a reference inserts, None of anything else."""
    return printable(str(entity.dxf.get("name", ""))) if isinstance(entity, Insert) else None


def colour_of(entity: DXFEntity, document: Drawing | None) -> str:
    """Return the colour that an entity is drawn in, `#rrggbb`: its own, or its layer's."""
    dxf = entity.dxf
    true_colour = dxf.get("true_color") if dxf.is_supported("true_color") else None
    aci = abs(int(dxf.get("color", BYLAYER))) if dxf.is_supported("color") else BYLAYER
    if true_colour is None and aci in (BYLAYER, BYBLOCK) and document is not None:
        name = str(dxf.get("layer", "0"))
        if document.layers.has_entry(name):
            layer = document.layers.get(name)
            if layer.rgb is not None:
                return "#{:02x}{:02x}{:02x}".format(*layer.rgb)
            aci = abs(layer.color)
    rgb = int2rgb(true_colour) if true_colour is not None else int2rgb(DXF_DEFAULT_COLORS[aci if 0 < aci < BYLAYER else 7])
    return "#{:02x}{:02x}{:02x}".format(*rgb)


class Facts:
    """The facts of one entity, each worked out when first asked for."""

    def __init__(self, entity: DXFEntity, document: Drawing | None, gap: float) -> None:
        self.entity = entity
        self.document = document
        self.gap = gap
        self.layer = layer_of(entity)
        self.type = entity.dxftype()

    @cached_property
    def block(self) -> str | None:
        """The block, of a reference."""
        return block_of(self.entity)

    @cached_property
    def closed(self) -> bool | None:
        """Whether the curve closes."""
        return is_closed(self.entity, self.gap)

    @cached_property
    def round(self) -> bool:
        """Whether it is a circle in chords."""
        return middle_of_round(self.entity) is not None

    @cached_property
    def colour(self) -> str:
        """`#rrggbb`."""
        return colour_of(self.entity, self.document)

    @cached_property
    def text(self) -> str | None:
        """The text, of a text."""
        return text_of(self.entity)

    @cached_property
    def at(self) -> tuple[float, float] | None:
        """Its insertion point or first point, drawing coordinates."""
        return anchor(self.entity)

    @cached_property
    def z(self) -> float | None:
        """The height of its first point, drawing units."""
        return anchor_z(self.entity)

    @cached_property
    def aci(self) -> int:
        """The colour index as written: 256 by layer, 0 by block."""
        dxf: Any = self.entity.dxf
        return abs(int(dxf.get("color", BYLAYER))) if dxf.is_supported("color") else BYLAYER
