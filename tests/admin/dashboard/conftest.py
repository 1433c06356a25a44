"""A dashboard for each test."""

from __future__ import annotations

import pytest

from tests.admin.dashboard.site import sites

site = pytest.fixture(sites)
