"""What a request costs with other libraries, and with ours on the same route and the same token."""

from contextlib import ExitStack

from starlette.types import ASGIApp

from bearerguard.testing import LocalIssuer, Loopback
from benchmarks.fastapi_routes import bare_fastapi
from benchmarks.measure import interleave
from benchmarks.peers import PEERS, Peer
from benchmarks.setting import Setting, new_issuer
from benchmarks.table import Row
from benchmarks.tokens import real_token
from benchmarks.warm import bare_app, decorated_app, policy_app


def rows(setting: Setting) -> list[Row]:
    """For each peer: what it adds to its framework, and how many times that is what ours adds to Starlette."""
    with ExitStack() as stack:
        issuers = {"auth0": new_issuer("auth0", base_url="https://contoso.test")}
        for shape in ("entra_v2", "generic"):
            place = stack.enter_context(Loopback())
            issuers[shape] = new_issuer(shape, base_url=place.base_url)
            place.serve(issuers[shape])
        return [row for peer in PEERS for row in _beside(peer, issuers[peer.shape], setting)]


def _beside(peer: Peer, issuer: LocalIssuer, setting: Setting) -> list[Row]:
    token = real_token(issuer)
    warm = setting.server(issuer)
    setting.caller.run(warm.authenticate(token))
    cold = setting.server(issuer, token_cache_size=0)
    starlette = bare_app()
    bare = bare_fastapi() if peer.framework == "fastapi" else starlette
    apps: dict[str, ASGIApp] = {
        "peer": peer.build(issuer),
        "its bare": bare,
        "bare": starlette,
        "warm": decorated_app(warm),
        "cold": decorated_app(cold),
        "beside": policy_app(warm, bare),
    }
    subjects = {name: setting.caller.requests(app, token) for name, app in apps.items()}
    figures = interleave(subjects | {"V": setting.unit}, rounds=setting.rounds)
    over = {name: figures.times_added("peer", "its bare", name, "bare") for name in ("warm", "cold")}
    rows = [
        Row(f"{peer.name}: added per request", figures.added("peer", "its bare", "V"), "V"),
        Row("… over ours, token seen before", over["warm"], "times", at_least=40),
        Row("… over ours, token never seen", over["cold"], "times", at_least=3),
    ]
    if peer.framework == "fastapi":
        beside = figures.times_added("peer", "its bare", "beside", "its bare")
        rows.append(Row("… over ours (`PathPolicy`) on the same FastAPI route, token seen before", beside, "times"))
    return rows
