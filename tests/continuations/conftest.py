"""The stores that are held to the contract of :class:`jqengine.interfaces.IContinuationStore`."""

from tests.store.conftest import make_store, store

__all__ = ["make_store", "store"]
