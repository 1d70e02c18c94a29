"""The error tree: what is ours to mend, or the operator's; faults in users' data are `gis.issues.Issue` lists.

QuanjingError
├── SettingsError          a setting is missing or contradicts another
├── DatabaseError
│   ├── BinariesMissing    no PostgreSQL with PostGIS is installed
│   ├── ClusterError       the private cluster would not start, stop or answer
│   └── NewerData          the data folder or database was written by a newer quanjing
├── DataFolderBusy         another supervisor holds the data folder
├── NotFound               no such enterprise, feature, version, file
├── Forbidden              the caller lacks a permission, or the thing lies outside the caller's scope
├── Invalid                a parameter of a call is wrong; names the parameter
│   └── TooLarge           what a parameter brings is more than is taken
├── Conflict               the thing is not in the state that the call needs
│   ├── Outdated           it has changed since the caller read it
│   ├── Unconditional      the caller does not say which state it means
│   └── Swept              what the caller goes on from is no longer kept
├── NotAllowed             the thing can be read, not written, here
├── CoordinateError        a transformation is refused: unknown CRS, ballpark shift, out of area
├── GeometryError          a solid or shape can't be built from what is stored
├── StyleError             a symbol, line or fill file is wrong
└── TilesetError           a tileset can't be written or read
"""

from collections.abc import Sequence


class QuanjingError(Exception):
    """Root of all errors quanjing raises on purpose."""


class SettingsError(QuanjingError):
    """A setting is missing, malformed, or contradicts another."""


class DatabaseError(QuanjingError):
    """The database can't be used as it is."""


class BinariesMissing(DatabaseError):
    """No PostgreSQL server binaries with PostGIS are installed."""


class ClusterError(DatabaseError):
    """The private cluster would not start, stop or answer."""


class NewerData(DatabaseError):
    """The data folder or database was written by a newer quanjing."""


class DataFolderBusy(QuanjingError):
    """Another supervisor holds the data folder."""


class NotFound(QuanjingError):
    """What was asked for does not exist, or is not visible to the caller."""


class Forbidden(QuanjingError):
    """The caller lacks a permission."""


class Invalid(QuanjingError):
    """A parameter is wrong.

    Parameters
    ----------
    parameter : str
        Its name as the caller wrote it.
    detail : str
        What is wrong and how to mend it.
    """

    def __init__(self, parameter: str, detail: str) -> None:
        super().__init__(f"{parameter}: {detail}")
        self.parameter = parameter
        self.detail = detail

    def __reduce__(self) -> tuple[type["Invalid"], tuple[str, str]]:
        # It comes out of child processes as what it is.
        return type(self), (self.parameter, self.detail)


class TooLarge(Invalid):
    """What a parameter brings is more than is taken."""


class Conflict(QuanjingError):
    """The thing is not in the state that the call needs."""


class Outdated(Conflict):
    """The thing has changed since the caller read it."""


class Unconditional(Conflict):
    """The caller does not say which state of the thing it means to change."""


class Swept(Conflict):
    """What the caller goes on from is no longer kept: it reads all anew."""


class NotAllowed(QuanjingError):
    """What is asked for can't be done with that thing.

    Parameters
    ----------
    detail : str
    methods : sequence of str
        What can be.
    """

    def __init__(self, detail: str, methods: Sequence[str]) -> None:
        super().__init__(detail)
        self.methods = tuple(methods)


class CoordinateError(QuanjingError):
    """A coordinate transformation is refused."""


class GeometryError(QuanjingError):
    """A shape or solid can't be built from what is stored."""


class StyleError(QuanjingError):
    """A file of `styles` is wrong; a line a fault."""


class TilesetError(QuanjingError):
    """A tileset can't be written or read."""
