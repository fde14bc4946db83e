"""All settings. Values that differ between installations come from `WEIR_*` variables only."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from config import env, identity, named

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Security ---------------------------------------------------------------------------------

DEBUG = env.flag("WEIR_DEBUG")
SECRET_KEY = env.secret("WEIR_SECRET_KEY")
# Keys for secrets at rest, apart from Django's own key: see governance/secrets.py.
SECRET_KEYS_FILE = named.key_file("WEIR_SECRET_KEYS_FILE", "")
# The only folders that a reference file:/… may name; Weir's own files never.
SECRET_FOLDERS = named.folders("WEIR_SECRET_FOLDERS", ("/run/secrets",))
OWN_SECRET_FILES = [
    file for file in (SECRET_KEYS_FILE, env.text("WEIR_SECRET_KEY_FILE", "")) if file
]
ALLOWED_HOSTS = named.hosts("WEIR_ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
BASE_URL = named.origin("WEIR_BASE_URL", "http://localhost:8000")
REGISTRY_URL = env.url("WEIR_REGISTRY_URL", "http://localhost:8081").rstrip("/")
CSRF_TRUSTED_ORIGINS = [BASE_URL]
# How many proxies of ours stand before the pages, each adding to X-Forwarded-For.
TRUSTED_PROXIES = env.number("WEIR_TRUSTED_PROXIES", 0, minimum=0, maximum=9)
_https = BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
CSRF_FAILURE_VIEW = "governance.views.errors.csrf_failed"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=7).total_seconds())
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# --- Applications -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "django_prometheus",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "allauth.account",
    "allauth.socialaccount",
    "governance",
    "registry",
    "topics",
    "config.demo",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "config.logs.RequestIdMiddleware",
    "config.health.ProbeMiddleware",
    "config.headers.ClientAddressMiddleware",
    "config.headers.ContentSecurityPolicyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "governance.middleware.StillVouchedForMiddleware",
    "governance.middleware.ActorMiddleware",
    "governance.middleware.SecondFactorMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "governance.views.context.page",
            ],
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ]
            if not DEBUG
            else [
                "django.template.loaders.filesystem.Loader",
                "django.template.loaders.app_directories.Loader",
            ],
            "builtins": ["governance.templatetags.weir"],
        },
    }
]

# --- Database, cache, jobs --------------------------------------------------------------------

DATABASE_URL = named.database("WEIR_DATABASE_URL")
_database = urlsplit(DATABASE_URL)
DATABASES = {
    "default": {
        "ENGINE": "django_prometheus.db.backends.postgresql",
        "NAME": unquote(_database.path.lstrip("/")),
        "USER": unquote(_database.username or ""),
        "PASSWORD": unquote(_database.password or ""),
        "HOST": _database.hostname or "",
        "PORT": str(_database.port or 5432),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # What stands behind the question mark, sslmode above all, is libpq's.
        "OPTIONS": {"connect_timeout": 5, **dict(parse_qsl(_database.query))},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = named.queue("WEIR_REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "weir",
    }
}

_second, _hour = timedelta(seconds=1), timedelta(hours=1)
SCAN_INTERVAL = env.duration("WEIR_SCAN_INTERVAL", "60s", minimum=_second, maximum=24 * _hour)
MEASURE_INTERVAL = env.duration("WEIR_MEASURE_INTERVAL", "2m", minimum=_second, maximum=24 * _hour)
LEASE_TTL = env.duration("WEIR_LEASE_TTL", "15s", minimum=3 * _second, maximum=_hour)
SWEEP_INTERVAL = env.duration("WEIR_SWEEP_INTERVAL", "5s", minimum=_second, maximum=_hour)
REQUEST_LIFETIME = env.duration(
    "WEIR_REQUEST_LIFETIME", "30d", minimum=_hour, maximum=24 * 366 * _hour
)

REMINDER_AFTER = env.duration("WEIR_REMINDER_AFTER", "3d", minimum=_hour, maximum=24 * 366 * _hour)

CELERY = {
    "broker_url": REDIS_URL,
    "broker_connection_retry_on_startup": True,
    # Publishing waits on no lost broker: the row is the truth and the sweep finds it.
    "broker_transport_options": {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 2,
        "unacked_restore_throttle": 1,
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
    },
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "task_ignore_result": True,
    "task_publish_retry": False,
    "task_default_queue": "default",
    "task_routes": {
        "topics.*": {"queue": "clusters"},
        "governance.advance": {"queue": "clusters"},
        # Worked off by a process of their own: a mail server that is away delays nothing else.
        "governance.deliver": {"queue": "notices"},
    },
    "task_soft_time_limit": 600,
    "task_time_limit": 660,
    "worker_prefetch_multiplier": 1,
    "worker_max_tasks_per_child": 1000,
    "worker_hijack_root_logger": False,
    "worker_send_task_events": False,
    "timezone": "UTC",
    # Beat only enqueues; two beats do no harm, since each task finds its own work.
    "beat_schedule": {
        "seal": {"task": "governance.seal", "schedule": 1.0, "options": {"expires": 5}},
        "sweep": {
            "task": "governance.sweep",
            "schedule": SWEEP_INTERVAL.total_seconds(),
            "options": {"expires": 10},
        },
        "expire": {"task": "governance.expire", "schedule": 60.0, "options": {"expires": 60}},
        "end_grants": {
            "task": "topics.end_grants",
            "schedule": SWEEP_INTERVAL.total_seconds(),
            "options": {"expires": 10, "queue": "default"},
        },
        "end_retentions": {
            "task": "topics.end_retentions",
            "schedule": SWEEP_INTERVAL.total_seconds(),
            "options": {"expires": 10, "queue": "default"},
        },
        "simulations": {
            "task": "governance.find_simulations",
            "schedule": 30.0,
            "options": {"expires": 30},
        },
        "deliveries": {
            "task": "governance.deliveries",
            "schedule": 15.0,
            "options": {"expires": 15},
        },
        "digests": {"task": "governance.digests", "schedule": 60.0, "options": {"expires": 60}},
        "endings": {
            "task": "governance.tell_endings",
            "schedule": 3600.0,
            "options": {"expires": 600},
        },
        "reminders": {"task": "governance.remind", "schedule": 60.0, "options": {"expires": 60}},
        "tidy": {"task": "governance.tidy", "schedule": 3600.0, "options": {"expires": 600}},
        "prune": {"task": "registry.prune", "schedule": 600.0, "options": {"expires": 300}},
        "scan": {
            "task": "topics.scan_all",
            "schedule": SCAN_INTERVAL.total_seconds(),
            "options": {"expires": SCAN_INTERVAL.total_seconds()},
        },
        "measure": {
            "task": "topics.measure_all",
            "schedule": MEASURE_INTERVAL.total_seconds(),
            "options": {"expires": MEASURE_INTERVAL.total_seconds()},
        },
    },
}

# --- Mail and webhooks ------------------------------------------------------------------------

# Without a server there is no mail, and pages say so. The URL carries the password.
MAIL = named.mail_server("WEIR_EMAIL_URL")
MAIL_FROM = named.mail_sender("WEIR_EMAIL_FROM", f"weir@{urlsplit(BASE_URL).hostname}")
WEBHOOK_PRIVATE_HOSTS = named.hosts("WEIR_WEBHOOK_PRIVATE_HOSTS", ())

# --- Registry ---------------------------------------------------------------------------------

REGISTRY_ANONYMOUS = env.choice("WEIR_REGISTRY_ANONYMOUS", "none", ("none", "read", "full"))
REGISTRY_MODE_CHANGES = env.flag("WEIR_REGISTRY_MODE_CHANGES", True)
REGISTRY_GATE = env.choice("WEIR_REGISTRY_GATE", "open", ("open", "checked", "by_request"))
REGISTRY_RIGHTS = env.choice("WEIR_REGISTRY_RIGHTS", "open", ("open", "owned", "closed"))
REGISTRY_ASK_AGAIN = env.duration("WEIR_REGISTRY_ASK_AGAIN", "1d", minimum=timedelta(seconds=1))
# Requests a second of one principal, and at once after a pause; a rate of 0 is no limit.
REGISTRY_RATE = env.number("WEIR_REGISTRY_RATE", 0, minimum=0, maximum=1_000_000)
REGISTRY_BURST = env.number("WEIR_REGISTRY_BURST", 2 * REGISTRY_RATE, minimum=0, maximum=2_000_000)
REGISTRY_CACHE_BYTES = env.number("WEIR_REGISTRY_CACHE_MIB", 64, minimum=1, maximum=4096) * 2**20

# --- Sign-in ----------------------------------------------------------------------------------

AUTH_USER_MODEL = "governance.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "governance.identity.backends.LocalBackend",
    "governance.identity.backends.DirectoryBackend",
    "governance.identity.backends.ProviderBackend",
]
OIDC = identity.oidc()
LDAP = identity.ldap()
# How old a provider's word may be, and for how long it counts when the provider is away.
IDENTITY_RECHECK = env.duration("WEIR_IDENTITY_RECHECK", "0s", maximum=_hour)
IDENTITY_GRACE = env.duration("WEIR_IDENTITY_GRACE", "15m", maximum=24 * _hour)
LOCAL_SIGN_IN = env.choice("WEIR_LOCAL_SIGN_IN", "all", ("all", "break-glass"))
MFA_REQUIRED = env.choice("WEIR_MFA_REQUIRED", "none", ("none", "platform", "all"))
# allauth does the steps of OpenID Connect; accounts, pages and who may come in are Weir's own.
SOCIALACCOUNT_ADAPTER = "governance.views.oidc.Steps"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
ACCOUNT_EMAIL_VERIFICATION = "none"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# --- Language, time, static files -------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("WEIR_STATIC_ROOT", str(BASE_DIR / ".weir" / "static")))
# Without a collected copy files are served from where they lie, as in development and in tests.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

# --- API --------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.api.authentication.TokenAuthentication",
        "governance.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "governance.api.paging.CursorPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "governance.api.problems.exception_handler",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Weir",
    "DESCRIPTION": "Ask for changes to topics and schemas, decide on them, follow them.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {"GrantStateEnum": "topics.kinds.grant.model.GrantState"},
}

# --- Demo: where `manage.py demo` finds the cluster it registers --------------------------------

DEMO_KAFKA = {
    "bootstrap": named.servers("WEIR_DEMO_KAFKA_BOOTSTRAP", ""),
    "clients": named.servers("WEIR_DEMO_KAFKA_CLIENTS", ""),
    "user": env.text("WEIR_DEMO_KAFKA_USER", ""),
    "password": env.secret("WEIR_DEMO_KAFKA_PASSWORD", ""),
}

# --- Logs -------------------------------------------------------------------------------------

LOG_FORMAT = env.choice("WEIR_LOG_FORMAT", "text", ("text", "json"))
LOGGING_CONFIG = "config.logs.configure"
LOG_LEVEL = env.choice("WEIR_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = {"format": LOG_FORMAT, "level": LOG_LEVEL}

# --- Metrics: read by the client library itself; wrong, it would fail at its first count ---------

METRICS_FOLDER = named.folder("PROMETHEUS_MULTIPROC_DIR", "")
if not METRICS_FOLDER:
    # Set to nothing it would count as set there.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
