"""The demo city's own process: `python -m api.city PORT` makes it, loads what is missing, then lets its data loggers speak."""

import signal
import sys

from api import log
from demo.living import ensure, keep
from gis.settings import Settings


def main(port: int) -> None:
    """Run until SIGTERM; the supervisor alone decides about Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = Settings()
    log.configure(settings.data_dir, "city")
    city = ensure(settings)
    keep(settings, port, city.seed)


if __name__ == "__main__":
    main(int(sys.argv[1]))
