"""Every metric, once: its name, kind, labels and one sentence. The reference page and the dashboards go by it."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Gather: TypeAlias = Literal["sum", "max", "min"]
"""How the values of several workers become one."""

_REQUEST_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
_FIRST_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_RUN_S: Final = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0)
_LAG_S: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Declared:
    """A metric. `buckets` are the upper bounds of a histogram, in its unit."""

    name: str
    kind: Kind
    what: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    gather: Gather = "sum"


_MODEL: Final = ("provider", "model")

REQUESTS: Final = Declared(
    "ultra_http_requests_total",
    "counter",
    "Requests that ended, by the pattern of their route; status is the class, left a client that did not wait.",
    ("route", "method", "status"),
)
REQUEST_SECONDS: Final = Declared(
    "ultra_http_request_duration_seconds",
    "histogram",
    "How long requests took, from the first byte of the head to the last of the answer; streams count whole.",
    ("route", "method"),
    _REQUEST_S,
)
IN_PROGRESS: Final = Declared("ultra_http_requests_in_progress", "gauge", "Requests that are being served now.")
CALLS: Final = Declared("ultra_upstream_calls_total", "counter", "Calls to providers that ended.", (*_MODEL, "outcome"))
CALL_SECONDS: Final = Declared(
    "ultra_upstream_call_duration_seconds",
    "histogram",
    "How long calls to providers took, the whole answer included.",
    (*_MODEL, "outcome"),
    _REQUEST_S,
)
CALL_FAILURES: Final = Declared(
    "ultra_upstream_failures_total", "counter", "Calls to providers that failed, by the kind of error.",
    (*_MODEL, "kind"),
)  # fmt: skip
FIRST_TOKEN_SECONDS: Final = Declared(
    "ultra_upstream_first_token_seconds",
    "histogram",
    "From asking a provider to the first token of its answer.",
    _MODEL,
    _FIRST_S,
)
RETRIES: Final = Declared(
    "ultra_upstream_retries_total",
    "counter",
    "Calls to providers that were not the first of their completion: a retry, or another candidate.",
    _MODEL,
)
TOKENS: Final = Declared(
    "ultra_tokens_total",
    "counter",
    "Tokens of calls to providers; cache_read and cache_write are parts of input, reasoning is part of output.",
    (*_MODEL, "kind"),
)
COST: Final = Declared("ultra_cost_usd_total", "counter", "Money spent on calls whose price is known, in USD.", _MODEL)
UNPRICED: Final = Declared(
    "ultra_unpriced_calls_total", "counter", "Calls to providers whose cost nobody knows.", _MODEL
)
BREAKER: Final = Declared(
    "ultra_breaker_state",
    "gauge",
    "In how many workers the breaker of a model is in this state; model * is the breaker of the whole provider.",
    (*_MODEL, "state"),
)
BREAKER_OPENINGS: Final = Declared("ultra_breaker_openings_total", "counter", "How often breakers opened.", _MODEL)
LIMIT_REFUSALS: Final = Declared(
    "ultra_limit_refusals_total", "counter", "Requests that a limit of Ultra refused, by the limit's name.", ("limit",)
)
LIMITS_DEGRADED: Final = Declared(
    "ultra_limits_degraded", "gauge", "How many workers count limits alone, because the shared counter is away."
)
DEGRADED_DECISIONS: Final = Declared(
    "ultra_limits_degraded_decisions_total", "counter", "Requests whose limits one worker alone has counted."
)
BUDGETS: Final = Declared(
    "ultra_budgets_reached_total",
    "counter",
    "Budgets of users and keys that came to 80 or 100 percent of their limit.",
    ("period", "percent"),
)
RUNS: Final = Declared("ultra_runs_total", "counter", "Runs that ended, by status.", ("pattern", "flow", "status"))
RUN_SECONDS: Final = Declared(
    "ultra_run_duration_seconds", "histogram", "How long runs took, interruptions included.", ("pattern",), _RUN_S
)
RUN_ASKED: Final = Declared("ultra_run_models_asked_total", "counter", "Models asked in runs that ended.", ("pattern",))
RUN_ANSWERED: Final = Declared(
    "ultra_run_models_answered_total", "counter", "Models that answered in runs that ended.", ("pattern",)
)
RUNS_WAITING: Final = Declared("ultra_runs_waiting", "gauge", "Runs that wait for a place.")
RUNS_RUNNING: Final = Declared("ultra_runs_running", "gauge", "Runs that are being conducted.")
JOURNAL_LAG: Final = Declared(
    "ultra_journal_lag_seconds",
    "histogram",
    "From writing an event of a run to handing it to whoever follows the run.",
    (),
    _LAG_S,
)
LOOP_LAG: Final = Declared(
    "ultra_event_loop_lag_seconds",
    "histogram",
    "How much later than asked a worker's event loop woke, four times a second.",
    (),
    _LAG_S,
)
LEDGER_WAITING: Final = Declared("ultra_ledger_rows_waiting", "gauge", "Rows of the ledger not yet in the database.")
LEDGER_LOST: Final = Declared("ultra_ledger_rows_lost_total", "counter", "Rows of the ledger that could not be kept.")
AUDIT_LOST: Final = Declared(
    "ultra_audit_entries_lost_total", "counter", "Entries of refusals that the audit could not take."
)
ALERTS_LOST: Final = Declared("ultra_alerts_lost_total", "counter", "Alerts that no channel could be told in time.")
SIGN_IN_FAILURES: Final = Declared(
    "ultra_sign_in_failures_total", "counter", "Attempts to sign in that failed, by cause.", ("cause",)
)
CREDENTIALS_REFUSED: Final = Declared(
    "ultra_credentials_refused_total",
    "counter",
    "Credentials that were not accepted, or not for what was asked, by the audit's word for it.",
    ("action",),
)
TEST_MODE: Final = Declared(
    "ultra_test_mode_attempts_total", "counter", "Requests with an X-Test-Mode header that is not honoured here."
)
CONDITION: Final = Declared(
    "ultra_condition_health",
    "gauge",
    "The health of each part of this server: 0 is pass, 1 is warn, 2 is fail; the worst of all workers.",
    ("name",),
    gather="max",
)
WORKERS: Final = Declared("ultra_workers", "gauge", "Worker processes that are alive.")
BUILD: Final = Declared(
    "ultra_build_info",
    "gauge",
    "Always 1; which version runs, on which Python, in which environment.",
    ("version", "python", "environment"),
    gather="max",
)

DECLARED: Final = (
    REQUESTS, REQUEST_SECONDS, IN_PROGRESS,
    CALLS, CALL_SECONDS, CALL_FAILURES, FIRST_TOKEN_SECONDS, RETRIES, TOKENS, COST, UNPRICED,
    BREAKER, BREAKER_OPENINGS, LIMIT_REFUSALS, LIMITS_DEGRADED, DEGRADED_DECISIONS, BUDGETS,
    RUNS, RUN_SECONDS, RUN_ASKED, RUN_ANSWERED, RUNS_WAITING, RUNS_RUNNING, JOURNAL_LAG,
    LOOP_LAG, LEDGER_WAITING, LEDGER_LOST, AUDIT_LOST, ALERTS_LOST,
    SIGN_IN_FAILURES, CREDENTIALS_REFUSED, TEST_MODE, CONDITION, WORKERS, BUILD,
)  # fmt: skip

PROCESS: Final = (
    Declared("process_cpu_seconds_total", "counter", "User and system time of all workers."),
    Declared("process_resident_memory_bytes", "gauge", "Memory that all workers hold, shared pages counted for each."),
    Declared("process_virtual_memory_bytes", "gauge", "Address space of all workers."),
    Declared("process_start_time_seconds", "gauge", "When the oldest worker began (Unix time).", gather="min"),
    Declared("process_open_fds", "gauge", "Open files of the worker that has most.", gather="max"),
    Declared("process_max_fds", "gauge", "How many files one worker may open.", gather="min"),
)
"""What prometheus-client's own collector says of a process, and how that is gathered; on Linux only."""

GATHER: Final = {each.name: each.gather for each in (*DECLARED, *PROCESS)}
