"""Every setting of Ultra, once: its type, bounds, default in each environment and one sentence."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ultra.config.declaration import Each, Environment, Section, Setting
from ultra.config.secret import SecretRef
from ultra.config.values import (
    BaseUrl,
    Contact,
    CorsOrigins,
    DatabaseUrl,
    Host,
    Money,
    Networks,
    Origin,
    Port,
    RedisUrl,
    Seconds,
)

_WHERE = Each("the mock server", "the mock server", "the vendor's own address")


class Serving(Section):
    """Serving."""

    environment: Annotated[
        Environment,
        Setting("Which of the three environments this is.", "development", conventional=True),
    ]
    host: Annotated[Host, Setting("Address to listen on.", "127.0.0.1")]
    port: Annotated[Port, Setting("Port to listen on; 0 takes a free one.", 8080)]
    workers: Annotated[int, Field(ge=1, le=64), Setting("Number of server processes.", 1)]
    max_body_bytes: Annotated[
        int,
        Field(ge=1024, le=1 << 30),
        Setting(
            "Largest body of a completion or run, in bytes; other routes take 1 MiB, and 64 KiB from nobody.", 32 << 20
        ),
    ]
    max_concurrency: Annotated[
        int,
        Field(ge=10, le=100_000),
        Setting("Most requests that one process serves at once; more are answered with 503.", 1000),
    ]
    shutdown_grace_s: Annotated[
        Seconds, Setting("How long running streams and runs may finish after SIGTERM, in seconds.", Each(5, 2, 25))
    ]
    shutdown_notice_s: Annotated[
        float,
        Field(ge=0, le=600),
        Setting(
            "How long after SIGTERM work is still taken while readiness already says no, so that load balancers notice,"
            " in seconds.",
            0,
        ),
    ]
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Setting("The least severe log lines that are written.", "info")
    ]
    log_format: Annotated[
        Literal["console", "json"],
        Setting("Log lines for people (`console`) or for programs (`json`).", Each("console", "console", "json")),
    ]


class Monitoring(Section):
    """Monitoring."""

    metrics_port: Annotated[
        Annotated[int, Field(ge=1, le=65_535)] | None,
        Setting("Port where Prometheus gets /metrics without a credential; without one it is on the main port alone."),
    ]
    metrics_host: Annotated[Host, Setting("Address of ULTRA_METRICS_PORT.", "127.0.0.1")]
    otel_endpoint: Annotated[
        BaseUrl | None,
        Setting(
            "Where traces are sent, as OTLP over HTTP, such as http://127.0.0.1:4318; needs the extra `otel`.",
        ),
    ]
    otel_headers: Annotated[
        SecretRef, Setting("Headers that traces are sent with, as `name=value` separated by commas.", secret=True)
    ]
    otel_sample_ratio: Annotated[
        float, Field(ge=0, le=1), Setting("Which part of the requests and runs is traced, from 0 to 1.", 1.0)
    ]


class Files(Section):
    """Files and storage."""

    data_dir: Annotated[Path, Setting("Folder for the database file and generated files.", "var")]
    database_url: Annotated[
        DatabaseUrl,
        Setting(
            "Database: `sqlite:///path` or `postgresql://user:password@host/name`.",
            computed=Each(
                "ultra.db in ULTRA_DATA_DIR", "a fresh SQLite file per process", "ultra.db in ULTRA_DATA_DIR"
            ),
            conventional=True,
        ),
    ]
    auto_migrate: Annotated[
        bool,
        Setting(
            "Let a start upgrade a database that holds something; where not, `ultra db upgrade` does. An empty one is"
            " always set up.",
            Each(development=True, testing=True, production=False),
        ),
    ]
    config: Annotated[
        Path | None,
        Setting(
            "Path of `ultra.toml`: aliases, panels, compatible providers, prices.",
            computed="ultra.toml, if it is there",
        ),
    ]
    secrets_dir: Annotated[
        Path | None, Setting("Folder with one file for each secret or setting, as containers mount them.")
    ]
    ca_file: Annotated[
        Path | None, Setting("PEM file of certificate authorities to trust upstream beside the usual ones.")
    ]
    lens_dir: Annotated[Path | None, Setting("Folder with lenses of your own, as Markdown files.")]


class Providers(Section):
    """Providers."""

    openai_api_key: Annotated[SecretRef, Setting("Key for OpenAI.", secret=True, conventional=True)]
    anthropic_api_key: Annotated[SecretRef, Setting("Key for Anthropic.", secret=True, conventional=True)]
    gemini_api_key: Annotated[SecretRef, Setting("Key for Gemini.", secret=True, conventional=True)]
    openai_base_url: Annotated[
        BaseUrl | None,
        Setting("Where OpenAI's wire is asked; naming it asks a real server in every environment.", computed=_WHERE),
    ]
    anthropic_base_url: Annotated[
        BaseUrl | None,
        Setting("Where Anthropic's wire is asked; naming it asks a real server in every environment.", computed=_WHERE),
    ]
    gemini_base_url: Annotated[
        BaseUrl | None,
        Setting("Where Gemini's wire is asked; naming it asks a real server in every environment.", computed=_WHERE),
    ]
    anthropic_version: Annotated[
        Literal["2023-06-01", "2026-10-21"], Setting("Version of Anthropic's API that Ultra speaks.", "2026-10-21")
    ]
    gemini_api_version: Annotated[
        Literal["v1", "v1beta"], Setting("Version of Gemini's API that Ultra speaks.", "v1beta")
    ]


class Mocks(Section):
    """Mock servers."""

    mock_servers: Annotated[
        bool,
        Setting(
            "Start mock servers on loopback and use them for every provider without a base URL.",
            Each(True, True, False),
        ),
    ]
    mock_port: Annotated[Port, Setting("Port of the mock servers; 0 takes a free one.", 0)]
    mock_tokens_per_second: Annotated[
        float,
        Field(ge=0, le=1_000_000),
        Setting("How fast mock answers stream; 0 is as fast as possible.", Each(160, 0, 160)),
    ]
    mock_seed: Annotated[
        str, Field(max_length=100), Setting("Seed of the mock answers: the same seed answers the same.", "ultra")
    ]


class Upstream(Section):
    """Calls to providers."""

    connect_timeout_s: Annotated[Seconds, Setting("Longest wait for a connection to a provider, in seconds.", 5)]
    first_byte_timeout_s: Annotated[Seconds, Setting("Longest wait for the first byte of an answer, in seconds.", 60)]
    idle_timeout_s: Annotated[Seconds, Setting("Longest silence in the middle of an answer, in seconds.", 30)]
    request_timeout_s: Annotated[
        Seconds, Setting("Longest time for one completion, retries included, in seconds.", 300)
    ]
    retry_attempts: Annotated[
        int,
        Field(ge=1, le=10),
        Setting("How often one model is asked before the next candidate, the first time included.", 3),
    ]
    retry_base_s: Annotated[Seconds, Setting("First pause between attempts where nobody says how long; doubles.", 0.5)]
    retry_max_s: Annotated[Seconds, Setting("Longest pause between attempts; a longer wait is an error.", 8)]
    breaker_failures: Annotated[
        int, Field(ge=1, le=1000), Setting("Failures in a row after which a model is left alone.", 5)
    ]
    breaker_open_s: Annotated[Seconds, Setting("How long a failing model is left alone before one probe.", 15)]
    inventory_refresh_s: Annotated[Seconds, Setting("How often the live model lists are read again, in seconds.", 900)]


class Runs(Section):
    """Runs."""

    run_deadline_s: Annotated[Seconds, Setting("Deadline of a run that names none, in seconds.", 60)]
    run_max_deadline_s: Annotated[Seconds, Setting("Longest deadline a run may ask for, in seconds.", 900)]
    run_budget_usd: Annotated[Money, Setting("Budget of a run that names none, in USD.", "0.50")]
    run_panel_size: Annotated[int, Field(ge=1, le=16), Setting("How many models a run asks when none are named.", 4)]
    run_concurrency: Annotated[int, Field(ge=1, le=1000), Setting("How many runs one process works on at once.", 8)]
    run_lease_s: Annotated[
        Seconds, Setting("How long a run belongs to a process that says nothing; then another one resumes it.", 12)
    ]
    retention_days: Annotated[
        int,
        Field(ge=0, le=36_500),
        Setting("How many days ended runs and the list of calls are kept; 0 keeps them for ever.", Each(30, 30, 90)),
    ]


_Amount = Annotated[int, Field(ge=0, le=1_000_000_000)]


class Limits(Section):
    """Limits."""

    limit_requests_per_minute: Annotated[
        _Amount, Setting("Requests of one user a minute, over all sessions, tokens and keys; 0 is no limit.", 1200)
    ]
    limit_cost_per_minute: Annotated[
        _Amount,
        Setting(
            "Effort of one user's requests a minute: 1 to read, 5 to write, 10 for a completion, 100 for a run; 0 is"
            " no limit.",
            12_000,
        ),
    ]
    limit_tokens_per_minute: Annotated[
        _Amount, Setting("Tokens of one user a minute, prompt and answer together; 0 is no limit.", 2_000_000)
    ]
    limit_concurrency: Annotated[_Amount, Setting("Completions and runs of one user at once; 0 is no limit.", 64)]
    limit_address_per_minute: Annotated[
        _Amount, Setting("Requests from one address a minute, whoever calls; 0 is no limit.", 3000)
    ]
    limit_anonymous_per_minute: Annotated[
        _Amount,
        Setting("Requests from one address a minute with no credential or a bad one; 0 is no limit.", 60),
    ]


class Accounts(Section):
    """Accounts and shared state."""

    public_origin: Annotated[
        Origin | None, Setting("Address that browsers and clients use, such as https://ultra.example.")
    ]
    security_contact: Annotated[
        Contact | None,
        Setting(
            "Where weaknesses are reported, as mailto: or https: address; security@ of the public origin if unset."
        ),
    ]
    trusted_proxies: Annotated[
        Networks, Setting("Networks whose forwarding headers are believed, separated by commas.", ())
    ]
    cors_origins: Annotated[
        CorsOrigins,
        Setting("Origins whose pages may call Ultra from a browser, separated by commas; `*` is every one.", ()),
    ]
    cors_credentials: Annotated[
        bool, Setting("Let the pages of ULTRA_CORS_ORIGINS send cookies; not possible for `*`.", default=False)
    ]
    api_docs: Annotated[
        bool,
        Setting(
            "Serve the description of the API; in production only to who may read it (`docs:read`).",
            Each(development=True, testing=True, production=False),
        ),
    ]
    redis_url: Annotated[
        RedisUrl | None,
        Setting("Valkey or Redis for limits and state shared by workers.", conventional=True),
    ]
    signing_keys: Annotated[
        SecretRef,
        Setting(
            "Keys that sign access tokens, as `kid:secret` separated by commas; the first signs.",
            secret=True,
        ),
    ]
    csrf_key: Annotated[SecretRef, Setting("Key of the tokens that protect forms.", secret=True)]
    key_pepper: Annotated[SecretRef, Setting("Pepper of stored API keys.", secret=True)]
    test_mode_secret: Annotated[SecretRef, Setting("Secret of the X-Test-Mode header, in testing only.", secret=True)]


class Alerting(Section):
    """Alerts."""

    alert_urls: Annotated[
        SecretRef,
        Setting("Whom alerts are told, as apprise addresses separated by blanks.", secret=True),
    ]


class Settings(Serving, Monitoring, Files, Providers, Mocks, Upstream, Runs, Limits, Accounts, Alerting):
    """Every setting, read once and frozen; made by `load`."""
