"""How many commits this process has heard of: what was true of the store is so still while the number is the same."""

from dataclasses import dataclass, field

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Epoch:
    """The count of commits heard of; while none can be heard (`live` is false), nothing is known to be unchanged."""

    live: bool = False
    number: int = 0

    def passed(self) -> None:
        """Note that something was committed."""
        self.number += 1

    def lost(self) -> None:
        """Note that commits are not heard any more."""
        self.live = False
        self.number += 1


@dataclass(frozen=True, slots=True)
class Known:
    """What a request was answered with."""

    epoch: int
    """Before the store was asked."""
    tag: bytes
    """Entity tag without quotes, and without what says how the answer was packed."""
    headers: Headers
    """Of an answer that says that nothing has changed."""


@dataclass(slots=True)
class Unchanged:
    """The entity tags of answers, as long as nothing was committed since they were made."""

    epoch: Epoch
    most: int = 5000
    known: dict[tuple[bytes, ...], Known] = field(default_factory=dict)

    def find(self, key: tuple[bytes, ...], given: bytes) -> Headers | None:
        """Return the headers of a 304 where the caller has what stands now (RFC 9110, 13.1.2), as far as that is known without asking."""
        found = self.known.get(key)
        if found is None or not self.epoch.live or found.epoch != self.epoch.number:
            return None
        return found.headers if found.tag in given or given == b"*" else None

    def keep(self, key: tuple[bytes, ...], known: Known) -> None:
        """Keep an answer's tag, unless something was committed since the store was asked."""
        if self.epoch.live and known.epoch == self.epoch.number:
            if len(self.known) >= self.most:
                self.known.clear()
            self.known[key] = known
