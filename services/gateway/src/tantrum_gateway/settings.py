"""Everything that the gateway can be told from outside."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from tantrum_gateway import clients, redis_pools
from tantrum_gateway.limits.rules import LimitClass

_LIMITS: Final = tuple(f"limit_{one.name.lower()}" for one in LimitClass)

Address = Annotated[str, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):\d{1,5}$")]
"""`host:port`, with IPv6 addresses in brackets."""


Limit = Annotated[str, Field(pattern=r"^[1-9]\d{0,8}/[1-9]\d{0,5}$")]
"""`requests/seconds`: so many at once, and as many again in that time."""


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", frozen=True, use_attribute_docstrings=True
    )

    http_address: Address = "127.0.0.1:8080"
    """Where to serve HTTP; port 0 takes any free one, as the tests do."""

    catalog_address: Address = "127.0.0.1:50051"
    """The catalog service; the gateway balances over all that the name resolves to."""

    search_address: Address = "127.0.0.1:50052"
    """The search service, as `catalog_address`."""

    redis_url: SecretStr | None = None
    """
    Redis for the second cache level, such as `redis://host:6379/0`; without it there is none.

    `redis+sentinel://:password@host:26379,host2:26379/NAME/0` finds the master through
    Sentinels, now and after each failover.
    """

    site_url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://[^/\s?#]+$")
    """Where people find the site, without a slash behind it: for the sitemap and its like."""

    ads_txt: str = ""
    """Lines of `/ads.txt`: who may sell advertisements on the site; nobody without any."""

    metrics_port: int | None = Field(default=9100, ge=0, le=65535)
    """Port for Prometheus; 0 takes any free one, empty serves none."""

    metrics_host: str = "127.0.0.1"
    """Address for Prometheus to come to; in a cluster `0.0.0.0`."""

    request_timeout_seconds: float = Field(default=1.0, gt=0, le=60)
    """For one request, all that it calls included."""

    suggest_timeout_seconds: float = Field(default=0.3, gt=0, le=60)
    """For one request of suggestions, which are worth nothing when they come late."""

    service_credential: SecretStr | None = None
    """The secret that catalog knows its services by; without it there is no `/v1/admin`."""

    admin_timeout_seconds: float = Field(default=5.0, gt=0, le=60)
    """For one request below `/v1/admin`; hashing a password takes its time on purpose."""

    identity_ttl_seconds: float = Field(default=0.9, ge=0, le=60)
    """How long a session or an API token that was ended elsewhere may still be good here."""

    browser_ttl_seconds: int = Field(default=3_600, ge=0)
    """How long a browser may keep an answer (`max-age`)."""

    cdn_ttl_seconds: int = Field(default=21_600, ge=0)
    """How long a CDN may keep an answer (`s-maxage`)."""

    stale_while_revalidate_seconds: int = Field(default=60, ge=0)
    """How much longer a stale answer may be given, by the gateway too, while one is fetched."""

    stale_if_error_seconds: int = Field(default=86_400, ge=0)
    """
    How much longer a stale answer may be given, by the gateway too, if there is no other;
    and how long the gateway stays ready without the catalogue.
    """

    shows_ttl_seconds: float = Field(default=86_400, gt=0)
    """How long L1 and Redis keep shows and research, at most; a write drops them earlier."""

    categories_ttl_seconds: float = Field(default=3_600, gt=0)
    """As `shows_ttl_seconds`, for categories and the home page."""

    search_ttl_seconds: float = Field(default=1_800, gt=0)
    """As `shows_ttl_seconds`, for search and suggestions."""

    vocabularies_ttl_seconds: float = Field(default=43_200, gt=0)
    """As `shows_ttl_seconds`, for themes and platforms."""

    absence_ttl_seconds: float = Field(default=10, gt=0)
    """How long L1 keeps the proof that something does not exist."""

    watch_silence_seconds: float = Field(default=5.0, gt=0, le=300)
    """How long the catalogue's watch may be silent before it counts as lost: five bookmarks."""

    unwatched_ttl_seconds: float = Field(default=60, gt=0)
    """How old an answer in L1 may get without the watch, before the catalogue is asked again."""

    l1_size_bytes: int = Field(default=67_108_864, ge=0)
    """Bound of the first cache level, in this process; the least used answers go first."""

    cloudflare_zone_id: str | None = None
    """Zone of the CDN before the edge; with it, what a write touches is purged there."""

    cloudflare_api_token: SecretStr | None = None
    """Token that may purge that zone."""

    cloudflare_purge_by: Literal["tags", "urls"] = "tags"
    """By the `Cache-Tag` of answers, or by the addresses that were asked for here."""

    cloudflare_purges_per_minute: float = Field(default=5.0, gt=0, le=6_000)
    """Calls of each gateway in the long run; the default is what the smallest plan allows one."""

    cloudflare_api_url: str = "https://api.cloudflare.com/client/v4/"
    """Where Cloudflare's API is; the tests have their own."""

    public_url: str = ""
    """How browsers reach the site, such as `https://tv.example`; purging by URL needs it."""
    trusted_proxies: str = ""
    """Networks whose X-Forwarded-For and X-Forwarded-Proto are believed, a comma list."""

    cloudflare_networks: str = ""
    """Networks of Cloudflare, whose CF-Connecting-IP is believed; empty: nobody's is."""

    limit_read: Limit | None = "3000/60"
    """Rate limit of one client, requests/seconds; empty for none. This one: all that only reads."""

    limit_search: Limit | None = "600/60"
    """As `limit_read`, for search."""

    limit_suggest: Limit | None = "1200/60"
    """As `limit_read`, for suggestions, which come with each letter."""

    limit_graphql: Limit | None = "600/60"
    """As `limit_read`, for GraphQL."""

    limit_write: Limit | None = "300/60"
    """As `limit_read`, for all that writes."""

    limit_sign_in: Limit | None = "20/300"
    """As `limit_read`, for attempts to sign in."""

    limit_max_clients: int = Field(default=10_000, ge=1)
    """Clients whose limits are remembered, twice as many at most; 1 KiB each."""

    max_url_bytes: int = Field(default=8_192, ge=1_024)
    """Longest path and query; 414 above."""

    max_headers_bytes: int = Field(default=16_384, ge=8_192)
    """Size of all header fields of a request together; 431 above."""

    max_body_bytes: int = Field(default=262_144, ge=0)
    """Size of a body; 413 above."""

    max_upload_bytes: int = Field(default=4_194_304, ge=0)
    """As `max_body_bytes`, for pictures (`image/*`)."""

    header_timeout_seconds: float = Field(default=30.0, ge=0.1, le=600)
    """
    For the head of a request, and for a connection to be idle before it; then it is closed.

    Who asks every ten seconds must not find it closed, and who sends no headers be gone soon.
    """

    body_timeout_seconds: float = Field(default=10.0, gt=0, le=600)
    """For the body of a request; 408 after it."""

    cors_origins: str = ""
    """Origins whose pages may read the API, a comma list such as `https://example.org`, or `*`."""

    graphql_max_tokens: int = Field(default=2_000, ge=1)
    """Tokens in a GraphQL document, and comments."""

    graphql_max_aliases: int = Field(default=30, ge=0)
    """Aliases in a GraphQL document."""

    graphql_max_directives: int = Field(default=20, ge=0)
    """Uses of directives in a GraphQL document."""

    graphql_max_depth: int = Field(default=10, ge=1)
    """Levels of fields in a GraphQL query, introspection aside."""

    graphql_max_cost: int = Field(default=1_500, ge=1)
    """What a GraphQL query may cost: 1 an object, 20 a read, 100 a list of similar shows."""

    graphql_introspection: bool = True
    """Whether GraphQL tells its schema, which `/docs/schema.graphql` and GraphiQL show too."""

    graphql_suggestions: bool = False
    """Whether GraphQL's errors suggest names ("Did you mean …?"): for development."""

    graphql_persisted_size_bytes: int = Field(default=1_048_576, ge=0)
    """Bound of the persisted GraphQL documents; those used longest ago go first."""

    drain_seconds: float = Field(default=5.0, ge=0, le=600)
    """How long to serve on after SIGTERM, not ready, until load balancers have noticed."""

    grace_seconds: float = Field(default=5.0, ge=0, le=600)
    """How long requests under way then get; see the pod's `terminationGracePeriodSeconds`."""

    backlog: int = Field(default=8_192, ge=128, le=65_535)
    """Connections that the kernel may hold for us before we take them."""

    max_connections: int = Field(default=8_192, ge=1)
    """Connections open at once, idle ones included; more wait in the backlog."""

    otlp_endpoint: str | None = Field(default=None, pattern=r"^https?://\S+$")
    """Where traces go (OTLP over gRPC), such as `http://collector:4317`; without it nowhere."""

    trace_sample_ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of the requests that are traced, and have a line in the log."""

    slow_request_seconds: float = Field(default=0.5, gt=0)
    """Requests that take longer have a line in the log, as failed ones have."""

    log_format: Literal["json", "console"] = "json"

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def _purging_is_whole(self) -> Settings:
        if self.cloudflare_zone_id and not self.cloudflare_api_token:
            raise ValueError("cloudflare_zone_id needs cloudflare_api_token")
        if self.cloudflare_zone_id and self.cloudflare_purge_by == "urls" and not self.public_url:
            raise ValueError("cloudflare_purge_by=urls needs public_url")
        return self

    @field_validator(
        "redis_url",
        "metrics_port",
        "otlp_endpoint",
        "cloudflare_zone_id",
        "cloudflare_api_token",
        "service_credential",
        *_LIMITS,
        mode="before",
    )
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("redis_url")
    @classmethod
    def _is_of_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            redis_pools.made(value.get_secret_value(), timeout_seconds=1.0, max_connections=1)
        return value

    @field_validator("trusted_proxies", "cloudflare_networks")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        clients.networks(value)
        return value
