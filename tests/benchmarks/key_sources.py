"""The hit path of the key source: which keys are current, asked for each request."""

from bearerguard.clock import SystemClock
from bearerguard.keys.jwk_set import JWKSet, read_key_set
from bearerguard.keys.key_set_fetch import FetchedKeys, Validators
from bearerguard.keys.remote_key_source import RemoteKeySource
from benchmarks.measure import calling, interleave
from benchmarks.setting import Setting
from benchmarks.table import Row

_MANY = 1_000


def rows(setting: Setting) -> list[Row]:
    """Beside a look-up in a dictionary, and with 1 and 1 000 sources."""
    one, many = (_sources(setting, count) for count in (1, _MANY))
    first, last = next(iter(one)), list(many)[-1]
    plain: dict[str, JWKSet | None] = {name: source.known() for name, source in many.items()}
    subjects = {
        "dict": calling(lambda: plain[last]),
        "one": calling(lambda: one[first].known()),  # noqa: PLW0108  the look-up counts
        "many": calling(lambda: many[last].known()),  # noqa: PLW0108
    }
    figures = interleave(subjects, rounds=2 * setting.rounds)
    return [
        Row("a look-up in a dictionary of 1000 issuers", figures.cost("dict"), "ns"),
        Row("the same look-up and `known()` of the source that is found", figures.cost("many"), "ns"),
        Row(f"{_MANY} sources over 1", figures.ratio("many", "one"), at_most=1.12),
    ]


def _sources(setting: Setting, count: int) -> dict[str, RemoteKeySource]:
    """Key sources by issuer, each with a key set that was fetched."""

    async def fetch(_validators: Validators | None) -> FetchedKeys:
        return FetchedKeys(read_key_set(setting.issuer.jwks()), 3600.0, Validators("", {}))

    async def fetched() -> dict[str, RemoteKeySource]:
        sources = {}
        for number in range(count):
            name = f"https://issuer-{number}.test"
            sources[name] = RemoteKeySource(name, fetch, clock=SystemClock())
            await sources[name].obtain()
        return sources

    return setting.caller.run(fetched())
