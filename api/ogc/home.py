"""The root: the panorama for people, the landing page of the map server for programs, or where `f` asks for it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers import encoded
from api.ogc import documents, pages
from api.ogc.items import answer, base_of
from api.ogc.parameters import form_of, read


async def _landing(request: Request) -> Response:
    parameters = read(request.scope["query_string"], ("f",))
    form = form_of(parameters, request.headers.get("accept", ""))
    document = documents.landing(base_of(request), form)
    if form == "html":
        return await answer(
            request, pages.page(documents.TITLE, [("/", "三维一张图")], pages.landing(document), "/?f=json"), documents.HTML, {}
        )
    return await answer(request, encoded(document), documents.JSON, {})


class Home:
    """ASGI application around the built pages."""

    def __init__(self, built: ASGIApp) -> None:
        self.built = built

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            request = Request(scope)
            people = "text/html" in request.headers.get("accept", "") and "f" not in request.query_params
            if request.url.path == "/" and not people:
                response = await _landing(request)
                await response(scope, receive, send)
                return
        await self.built(scope, receive, send)
