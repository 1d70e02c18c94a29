"""The HTTP server: uvicorn, whose streams end when the house does."""

import socket

import uvicorn

from api.vector_tiles import VectorTiles


class Server(uvicorn.Server):
    """Server of an application that sends its streams away before it waits for open requests.

    Parameters
    ----------
    config : uvicorn.Config
    app : VectorTiles
        Its streams end of themselves by nothing else: waited for, they would be cancelled when the patience ends.
    """

    def __init__(self, config: uvicorn.Config, app: VectorTiles) -> None:
        super().__init__(config)
        self.app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Send the streams away, then wait for what else runs."""
        self.app.state.house.hub.close()
        self.app.state.house.watch.close()
        await super().shutdown(sockets)
