"""Run by `make test-feeds`: the claims under a fuzzer that looks at coverage (atheris, libFuzzer); arguments are libFuzzer's."""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["feeds"]):
    from hj212_claims import PARTS, Claims, seeds

    from feeds.hj212.packet import framed

claims = Claims()


def hold(data: bytes) -> None:
    """Take bytes as they are, or as a segment with length and checksum that are right: the fuzzer can't guess a checksum."""
    claims.hold(framed(data[1:]) if data[:1] < b"\x80" else data[1:])


def _escaped(part: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in part)


with tempfile.TemporaryDirectory() as folder:
    begin, words = Path(folder, "corpus"), Path(folder, "words")
    begin.mkdir()
    for number, seed in enumerate(seeds()):
        Path(begin, f"{number}-whole").write_bytes(b"\xff" + seed)
        Path(begin, f"{number}-segment").write_bytes(b"\0" + seed[6:-6])
    words.write_text("".join(f'"{_escaped(part)}"\n' for part in PARTS), encoding="ascii")
    atheris.Setup([*sys.argv, f"-dict={words}", str(begin)], hold)
    atheris.Fuzz()
