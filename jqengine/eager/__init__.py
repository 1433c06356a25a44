"""Eager mode: an application's own tests run the jobs it makes, at once and on a played clock.

from jqengine.eager import eager

with eager(app) as engine:
    app.test_client().post("/orders")
    assert [ran.status for ran in engine.run_due()] == [200]
"""

from __future__ import annotations

from jqengine.eager.engine import Eager, eager
from jqengine.eager.ran import Ran

__all__ = ["Eager", "Ran", "eager"]
