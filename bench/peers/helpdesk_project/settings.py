"""The least that a Django project with django-helpdesk needs. Read by Django, not by us: the
folder and the database come with the environment."""

import os

FOLDER = os.environ["BENCH_FOLDER"]

SECRET_KEY = "bench"
USE_TZ = True
SITE_ID = 1
ROOT_URLCONF = "urls"
STATIC_URL = "/static/"
MEDIA_ROOT = f"{FOLDER}/media"
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = f"{FOLDER}/out"
DEFAULT_FROM_EMAIL = "soporte@acme.test"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HELPDESK_TEAMS_MODE_ENABLED = False
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": "127.0.0.1",
        "PORT": os.environ["BENCH_PORT"],
        "NAME": os.environ["BENCH_DATABASE"],
        "USER": "postgres",
    }
}
_OF_DJANGO = "auth contenttypes sessions sites humanize messages staticfiles admin"
INSTALLED_APPS = [
    *(f"django.contrib.{name}" for name in _OF_DJANGO.split()),
    "rest_framework",
    "django_cleanup.apps.CleanupConfig",
    "helpdesk",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
_CONTEXT = (
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
)
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": list(_CONTEXT)},
    }
]
