"""The picture of ``jobqueue preview --svg``, and what it is made of."""
