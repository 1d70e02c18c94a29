"""The demo city's own process: `python -m api.city` makes it, loads what is missing, then keeps its pulse."""

import signal

from api import log
from demo.living import ensure, keep
from gis.settings import Settings


def main() -> None:
    """Run until SIGTERM; the supervisor alone decides about Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    log.configure(settings.data_dir, "city")
    ensure(settings)
    keep(settings)


if __name__ == "__main__":
    main()
