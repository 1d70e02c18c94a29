"""A real job worker for tests: a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def working(url: str, data_dir: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the job worker on a database; ends it with SIGTERM, and waits."""
    environment = {**os.environ, "DATABASE_URL": url, "QUANJING_DATA_DIR": str(data_dir)}
    with subprocess.Popen([sys.executable, "-m", "api.worker"], env=environment) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                # Leaving the block would wait for it for ever.
                process.kill()
                raise
