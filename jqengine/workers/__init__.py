"""Several processes on one machine: a parent that holds the sockets, and its workers."""
