"""
The old application's HTTP API, so that its front end moves over unchanged.

Its routes are endpoints as all others, behind the same caches. What differs is
said here: names and types of the old columns (`shapes`, `codec`), what the old
parameters mean (`parameters`, `selection`, `ranking`), and errors of the shape
`{"message"}` (`tantrum_gateway.problems`). `docs/old-api.md` lists the routes.
"""
